"""An A/B whose exposures name no candidate is told of: it can be that of one alone."""

import json

import pytest

from policies.one_arm import one_arm_remark
from policies.policy import Policy

RESOLVED = {
    "metric": "online.resolved",
    "better": {},
    "severity": "blocking",
    "because": "it",
}


def remark(**plan: object) -> str | None:
    online = {
        "exposures": "e.csv",
        "events": "v.csv",
        "metrics": {"resolved": {"kind": "proportion"}},
        "primary": "resolved",
        "looks": [7, 14],
        "planned_units": 8000,
    }
    said = {
        "policy": "release",
        "model": "m",
        "plan": {"online": online | plan},
        "criteria": [RESOLVED],
    }
    return one_arm_remark(Policy.model_validate_json(json.dumps(said)))


def test_one_arm_for_every_candidate_is_told_of() -> None:
    found = remark(flag="new-model", variants={"challenger": "on"})
    assert found is not None
    assert "arm on of the A/B new-model" in found
    assert "`flag` or `variants.challenger`" in found


@pytest.mark.parametrize(
    "plan",
    [
        {},
        {"flag": "new-{candidate}"},
        {"flag": "new-model", "variants": {"challenger": "{candidate}"}},
        {"flag": "f", "exposures": None, "events": None, "moments": "m.csv"},
    ],
)
def test_where_exposures_name_the_candidate_nothing_is_said(plan: dict[str, object]) -> None:
    assert remark(**plan) is None


def test_a_policy_without_an_ab_has_no_arms() -> None:
    win = {"metric": "side_by_side.win_rate", "at_least": 0.5, "severity": "blocking"}
    said = {
        "policy": "release",
        "model": "m",
        "plan": {"side_by_side": {"votes_at_most": 100, "data": "chats.jsonl"}},
        "criteria": [win | {"because": "it"}],
    }
    assert one_arm_remark(Policy.model_validate_json(json.dumps(said))) is None
