"""Votes without their answers are told of where nothing else would hold what they let through."""

import json

import pytest

from policies.policy import Policy
from policies.unread_answers import unread_remark

WIN = {"metric": "side_by_side.win_rate", "at_least": 0.5}


def remark(*more: dict[str, object], **plan: object) -> str | None:
    votes = {"votes": ["v.jsonl"], "format": "arena_hard", "votes_at_most": 100}
    criteria = [{"severity": "blocking", "because": "it"} | each for each in (WIN, *more)]
    said = {
        "policy": "release",
        "model": "m",
        "plan": {"side_by_side": votes | plan},
        "criteria": criteria,
    }
    return unread_remark(Policy.model_validate_json(json.dumps(said)))


@pytest.mark.parametrize("written_by", ["arena_hard", "mt_bench", "llmfao", "crowd_kit"])
def test_formats_without_answers_are_told_of(written_by: str) -> None:
    found = remark(format=written_by)
    assert found is not None
    assert "side_by_side.attacks" in found


def test_what_is_said_to_the_data_may_be_known() -> None:
    assert "recorded or journaled" in str(remark(data="items.jsonl"))


@pytest.mark.parametrize(
    "plan",
    [
        {"format": "gate"},
        {"format": "alpaca_eval"},
        {"votes": []},
        {"data": "items.jsonl", "judges": ["j"]},
        {"data": "items.jsonl", "judges": ["j"], "count": "judges"},
    ],
    ids=["gate", "alpaca", "no files", "judges beside", "judges"],
)
def test_answers_that_are_known_are_no_matter(plan: dict[str, object]) -> None:
    assert remark(**plan) is None


def test_a_blocking_criterion_on_attacks_is_enough_and_an_advisory_one_is_not() -> None:
    attacks: dict[str, object] = {"metric": "side_by_side.attacks", "at_most": 0.1}
    assert remark(attacks) is None
    assert remark(attacks | {"severity": "advisory"}) is not None


def test_without_votes_there_is_nothing_to_tell() -> None:
    said = {
        "policy": "release",
        "model": "m",
        "plan": {"offline": {"qa": {"data": "q.jsonl", "scorer": "exact"}}},
        "criteria": [
            {"metric": "qa.accuracy", "at_least": 0.5, "severity": "blocking", "because": "it"}
        ],
    }
    assert unread_remark(Policy.model_validate_json(json.dumps(said))) is None
