"""A bench that is used whatever its assessment found is told of."""

import json
from collections.abc import Mapping

import pytest

from policies.policy import Policy
from policies.undemanded import undemanded_remark

BARE: Mapping[str, object] = {"folder": "quality"}
HELD: Mapping[str, object] = {"folder": "quality", "at_least": {"a.separability": 0.5}}


def remark(offline: object, compared: object = None) -> str | None:
    task = {"data": "items.jsonl", "scorer": "numeric", "assessment": offline}
    plan: dict[str, object] = {"offline": {"sums": task}}
    if compared is not None:
        plan["side_by_side"] = {"data": "i.jsonl", "votes_at_most": 40, "assessment": compared}
    demand = {"metric": "sums.score", "at_least": 0.5, "severity": "blocking", "because": "it"}
    said = {"policy": "release", "model": "m", "plan": plan, "criteria": [demand]}
    return undemanded_remark(Policy.model_validate_json(json.dumps(said)))


def test_an_assessment_of_which_nothing_is_demanded_is_told_of() -> None:
    found = remark(BARE, BARE)
    assert found is not None
    assert "the assessment of sums, side_by_side is named and nothing is demanded" in found
    assert "assessment of side_by_side is" in str(remark(HELD, BARE))


@pytest.mark.parametrize(
    "said", [None, HELD, {"waived": "a first month"}, {"folder": "q", "at_most": {"a.b": 0.2}}]
)
def test_what_is_demanded_waived_or_not_needed_is_not_told_of(said: object) -> None:
    assert remark(said) is None
