"""A limit that random votes meet is told of, where nothing would show who votes at random."""

import json

import pytest

from policies.clicking import clicking_remark
from policies.policy import Policy

WIN = {"metric": "side_by_side.win_rate", "at_least": 0.48}


def remark(
    criterion: dict[str, object], *, severity: str = "blocking", **plan: object
) -> str | None:
    said = {
        "policy": "release",
        "model": "m",
        "plan": {"side_by_side": {"votes_at_most": 100, "data": "chats.jsonl"} | plan},
        "criteria": [criterion | {"severity": severity, "because": "it"}],
    }
    return clicking_remark(Policy.model_validate_json(json.dumps(said)))


def test_a_limit_below_one_half_is_passed_by_who_reads_nothing() -> None:
    found = remark(WIN)
    assert found is not None
    assert "side_by_side.win_rate at least 0.48" in found
    assert "`side_by_side.gold`" in found


@pytest.mark.parametrize("metric", ["graded", "raked_win_rate"])
def test_every_share_of_people_is_pulled_alike(metric: str) -> None:
    mix = {"user_mix": {"segment": {"a": 0.5, "b": 0.5}}} if metric.startswith("raked") else {}
    assert remark(WIN | {"metric": f"side_by_side.{metric}"}, **mix) is not None


def test_judges_that_people_correct_are_pulled_too() -> None:
    assert remark(WIN, judges=["j"], count="fused") is not None


@pytest.mark.parametrize(
    "plan",
    [
        {"gold": "gold.jsonl"},
        {"judges": ["j"], "count": "judges"},
        {"data": None, "votes": ["votes.jsonl"]},
    ],
)
def test_where_gold_shows_it_or_nobody_is_given_pairs_nothing_is_said(
    plan: dict[str, object],
) -> None:
    assert remark(WIN, **plan) is None


def test_a_limit_that_random_votes_do_not_meet_is_no_matter() -> None:
    assert remark(WIN | {"at_least": 0.5}) is None
    assert remark({"metric": "side_by_side.both_bad", "at_most": 0.2}) is None


def test_advice_is_not_spoken_of() -> None:
    assert remark(WIN, severity="advisory") is None


def test_a_policy_without_a_comparison_is_not_spoken_of() -> None:
    text = {
        "policy": "release",
        "model": "m",
        "plan": {"offline": {"qa": {"data": "qa.jsonl", "scorer": "exact"}}},
        "criteria": [
            {"metric": "qa.accuracy", "at_least": 0.3, "severity": "blocking", "because": "it"}
        ],
    }
    assert clicking_remark(Policy.model_validate_json(json.dumps(text))) is None
