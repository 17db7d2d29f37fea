"""Rules for flag services, read as those services read them, agree with our own assignment."""

import json
from collections.abc import Mapping

import jsonschema
import pytest

from policies.canonical import Json
from policies.errors import WrongUsage
from stages.online.assignment.experiment import Experiment, place, ranges
from stages.online.assignment.flagd import OUTSIDE, flag_json, flagd_place
from stages.online.assignment.growthbook import feature_json
from stages.online.assignment.hashing import growthbook_bucket, murmur3_32
from stages.online.assignment.roster import roster
from tests.stages.online.assignment.ab import CHALLENGER, CHAMPION, ab

UNITS = [f"user-{i}" for i in range(3_000)]
WEIGHTED = {
    "type": "array",
    "items": [{"type": "string"}, {"type": "integer", "minimum": 1, "maximum": 2**31 - 1}],
    "minItems": 2,
    "maxItems": 2,
}
FLAGD = {
    "type": "object",
    "required": ["flags"],
    "properties": {
        "flags": {
            "additionalProperties": {
                "required": ["state", "variants", "defaultVariant", "targeting"],
                "properties": {
                    "state": {"enum": ["ENABLED", "DISABLED"]},
                    "variants": {"minProperties": 1, "additionalProperties": {"type": "string"}},
                    "defaultVariant": {"type": "string"},
                    "targeting": {
                        "properties": {
                            "if": {
                                "items": [
                                    {"const": {"var": "targetingKey"}},
                                    {
                                        "properties": {
                                            "fractional": {
                                                "minItems": 3,
                                                "items": [
                                                    {"required": ["cat"]},
                                                    WEIGHTED,
                                                    WEIGHTED,
                                                ],
                                                "additionalItems": WEIGHTED,
                                            }
                                        },
                                        "required": ["fractional"],
                                    },
                                    {"type": "null"},
                                ]
                            }
                        },
                        "required": ["if"],
                        "additionalProperties": False,
                    },
                },
            }
        }
    },
}
"""The part of flagd's schema that our flags use, in our words."""


def inner(document: Json, *path: str) -> Mapping[str, Json]:
    found = document
    for name in path:
        assert isinstance(found, dict)
        found = found[name]
    assert isinstance(found, dict)
    return found


def rule_of(experiment: Experiment, day: float = 0.0) -> Mapping[str, Json]:
    rules = inner(feature_json(experiment, day=day), experiment.key)["rules"]
    assert isinstance(rules, list)
    (rule,) = rules
    assert isinstance(rule, dict)
    return rule


def as_growthbook_reads(rule: Mapping[str, Json], unit: str) -> str | None:
    """The published steps: bucket by seed, ranges by coverage and weights, the first that fits."""
    assert rule["hashVersion"] == 2
    bucket, start = growthbook_bucket(unit, str(rule["seed"])), 0.0
    weights, coverage, meta = rule["weights"], rule["coverage"], rule["meta"]
    assert isinstance(weights, list)
    assert isinstance(meta, list)
    assert isinstance(coverage, float)
    for weight, arm in zip(weights, meta, strict=True):
        assert isinstance(weight, float)
        assert isinstance(arm, dict)
        if start <= bucket < start + coverage * weight:
            return str(arm["key"])
        start += weight
    return None


def as_flagd_reads(document: Json, key: str, unit: str) -> str:
    targeting = inner(document, "flags", key, "targeting")["if"]
    assert isinstance(targeting, list)
    if not unit:
        return str(inner(document, "flags", key)["defaultVariant"])
    split = inner(targeting[1])["fractional"]
    assert isinstance(split, list)
    assert split[0] == {"cat": [{"var": "$flagd.flagKey"}, {"var": "targetingKey"}]}
    weights = [(str(e[0]), int(str(e[1]))) for e in split[1:] if isinstance(e, list)]
    at = murmur3_32(key + unit) * sum(weight for _, weight in weights) >> 32
    for variant, weight in weights:
        if at < weight:
            return variant
        at -= weight
    raise AssertionError(at)


@pytest.mark.parametrize("experiment", [ab(0.5), ab(0.9, coverage=0.3), ab(1 / 3, key="a/7")])
def test_growthbook_and_flagd_read_what_we_assign(experiment: Experiment) -> None:
    rule, flag = rule_of(experiment), flag_json(experiment)
    for unit in UNITS:
        ours, theirs = place(experiment, unit).arm, flagd_place(experiment, unit).arm
        assert as_growthbook_reads(rule, unit) == (ours.name if ours else None)
        assert as_flagd_reads(flag, experiment.key, unit) == (theirs.name if theirs else OUTSIDE)


def test_a_growthbook_rule_names_arms_as_the_exposures_shall() -> None:
    rule = rule_of(ab(0.5))
    assert rule["meta"] == [
        {"key": "champion", "name": "assistant/1"},
        {"key": "challenger", "name": "assistant/2"},
    ]
    assert rule["variations"] == ["assistant/1", "assistant/2"]
    assert (rule["key"], rule["hashAttribute"]) == ("new-model", "unit_id")


def test_a_growthbook_rule_of_a_ramp_is_that_of_its_day_and_remembers_units() -> None:
    ramp = ab(0.99, 0.9, 0.5)
    weights = [(rule["weights"], rule["phase"]) for d in (0, 2, 5) if (rule := rule_of(ramp, d))]
    assert weights == [([s, 1 - s], str(i)) for i, s in enumerate((0.99, 0.9, 0.5))]
    assert len({(rule_of(ramp, d)["bucketVersion"], rule_of(ramp, d)["seed"]) for d in (0, 5)}) == 1


def test_a_flag_keeps_the_schema_of_flagd_and_canonical_json() -> None:
    flag = flag_json(ab(0.9, coverage=0.02))
    jsonschema.Draft7Validator(FLAGD).validate(flag)
    assert json.loads(json.dumps(flag, allow_nan=False)) == flag


def test_a_flag_without_a_targeting_key_serves_the_champion_and_is_no_exposure() -> None:
    flag = flag_json(ab(0.5))
    assert as_flagd_reads(flag, "new-model", "") == OUTSIDE
    assert inner(flag, "flags", "new-model", "variants")[OUTSIDE] == CHAMPION.serves


def test_a_flag_without_memory_is_refused_for_a_ramp_that_changes_shares() -> None:
    with pytest.raises(WrongUsage, match="flagd cannot keep units") as caught:
        flag_json(ab(0.99, 0.5))
    assert "--coverage" in str(caught.value.fix)


def test_an_arm_that_is_called_as_those_outside_is_refused() -> None:
    arms = (CHAMPION, type(CHALLENGER)(name=OUTSIDE, serves="assistant/2"))
    with pytest.raises(WrongUsage, match="cannot be called"):
        flag_json(ab(0.5, arms=arms))


def test_weights_of_a_flag_are_exact_however_odd_the_shares() -> None:
    split = inner(flag_json(ab(1 / 3, coverage=0.07)), "flags", "new-model", "targeting")["if"]
    assert isinstance(split, list)
    weights = inner(split[1])["fractional"]
    assert isinstance(weights, list)
    assert sum(int(str(e[1])) for e in weights[1:] if isinstance(e, list)) == 100_000


def test_a_roster_lists_who_takes_part() -> None:
    experiment = ab(0.5, coverage=0.5)
    found = roster(experiment, UNITS)
    lines = found.text.splitlines()
    assert lines[0] == "unit_id,experiment_id,variation_id,bucket"
    assert (found.units, found.outside) == (len(UNITS), len(UNITS) - len(lines) + 1)
    for line in lines[1:]:
        unit, key, name, _ = line.split(",")
        arm = place(experiment, unit).arm
        assert arm is not None
        assert (key, name) == ("new-model", arm.name)


def test_a_unit_that_is_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        roster(ab(), ["u1", "u2", "u1"])


def test_published_ranges_and_ours_agree_at_any_coverage() -> None:
    assert ranges((0.25, 0.75), 0.5) == ((0.0, 0.125), (0.25, 0.625))
