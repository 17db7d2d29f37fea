"""The A/B as a flag of flagd, with its `fractional` operation; pure."""

from itertools import pairwise

from policies.canonical import Json
from policies.errors import WrongUsage
from stages.online.assignment.experiment import Arm, Experiment, Place, ranges
from stages.online.assignment.hashing import flagd_position

SCHEMA = "https://flagd.dev/schema/v0/flags.json"
TOTAL = 100_000
"""Sum of the weights: shares are exact to 0.001 %."""
OUTSIDE = "outside"
"""Variant of units that take no part: it serves the champion, and is no exposure."""


def flag_json(experiment: Experiment) -> Json:
    """A file of flag definitions with one flag.

    A context without a targeting key gets the default variant: hashed, all such would share one
    bucket, and so one arm.

    Raises:
        WrongUsage: The A/B needs a memory, which flagd has not; or an arm is called as the variant
            of units outside.
    """
    weights: list[Json] = [[_name(arm), weight] for arm, weight in _weights(experiment)]
    split: list[Json] = [{"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}, *weights]
    champion = experiment.arms[0]
    variants: dict[str, Json] = {arm.name: arm.serves for arm in experiment.arms}
    flag: Json = {
        "state": "ENABLED",
        "variants": {**variants, OUTSIDE: champion.serves},
        "defaultVariant": OUTSIDE,
        "targeting": {"if": [{"var": "targetingKey"}, {"fractional": split}, None]},
    }
    return {"$schema": SCHEMA, "flags": {experiment.key: flag}}


def flagd_place(experiment: Experiment, unit: str) -> Place:
    """The arm of a unit as flagd computes it.

    Raises:
        WrongUsage: As `flag_json`.
        ValueError: The unit is empty.
    """
    if not unit:
        raise ValueError("a unit has a name")
    at, low = flagd_position(unit, experiment.key, TOTAL), 0
    for arm, weight in _weights(experiment):
        if at < low + weight:
            return Place(
                unit=unit,
                bucket=at / TOTAL,
                arm=arm,
                low=low / TOTAL,
                high=(low + weight) / TOTAL,
            )
        low += weight
    raise AssertionError(f"{at} lies beyond the weights, which sum to {low}")


def _weights(experiment: Experiment) -> tuple[tuple[Arm | None, int], ...]:
    """Whole-number weights in the order of [0, 1); between the arms those who take no part."""
    _refuse(experiment)
    parts = ranges(experiment.steps[0].shares, experiment.coverage)
    edges = [round(edge * TOTAL) for part in parts for edge in part] + [TOTAL]
    owners = [owner for arm in experiment.arms for owner in (arm, None)]
    sizes = [high - low for low, high in pairwise(edges)]
    return tuple((arm, size) for arm, size in zip(owners, sizes, strict=True) if size)


def _refuse(experiment: Experiment) -> None:
    if experiment.needs_memory:
        raise WrongUsage(
            "flagd cannot keep units in their arms while the ramp changes the shares",
            why="it remembers no unit: who was shown the champion at one share would meet the "
            "challenger at the next",
            fix="let one `champion_share` hold throughout and grow `--coverage`, or write the "
            "rule for GrowthBook, with sticky bucketing",
        )
    if any(arm.name == OUTSIDE for arm in experiment.arms):
        raise WrongUsage(
            f"an arm cannot be called `{OUTSIDE}`",
            why="so is the variant of units that take no part",
            fix="give the arm another name in `variants` of the plan",
        )


def _name(arm: Arm | None) -> str:
    return OUTSIDE if arm is None else arm.name
