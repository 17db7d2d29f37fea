"""The A/B as a feature of GrowthBook, as its SDKs read it; pure."""

from policies.canonical import Json
from stages.online.assignment.experiment import Experiment

HASH_VERSION = 2


def feature_json(experiment: Experiment, *, day: float) -> Json:
    """A feature with one experiment rule, by the feature's key.

    Units outside the coverage get the default value, which is the champion's, and are not exposed.
    Where a ramp changes the shares, the SDK's sticky bucketing must be on: `bucketVersion` stays
    the same, so that a unit keeps the arm of its first exposure.

    Args:
        experiment: The A/B.
        day: Days since its first exposure.
    """
    step = experiment.step_on(day)
    rule: dict[str, Json] = {
        "key": experiment.key,
        "seed": experiment.key,
        "hashAttribute": experiment.unit,
        "hashVersion": HASH_VERSION,
        "coverage": experiment.coverage,
        "weights": list(step.shares),
        "variations": [arm.serves for arm in experiment.arms],
        "meta": [{"key": arm.name, "name": arm.serves} for arm in experiment.arms],
        "phase": str(experiment.steps.index(step)),
        "bucketVersion": 0,
        "minBucketVersion": 0,
    }
    champion = experiment.arms[0]
    return {experiment.key: {"defaultValue": champion.serves, "rules": [rule]}}
