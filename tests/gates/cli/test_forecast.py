"""`gate forecast`: ranges, and `?` where there is no price."""

import json

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)
from tests.gates.cli.golden import golden

WHOLE = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, NO_WORSE, WINS, SHIPS))


def test_each_stage_has_a_row_of_ranges(place: Workplace) -> None:
    place.policy(WHOLE)
    place.champion()
    place.endpoint("http://127.0.0.1:9/v1")
    found = said("forecast", "release")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden("forecast.txt", found.out)


def test_recorded_candidates_cost_nothing(place: Workplace) -> None:
    place.policy()
    place.recorded()
    row = said("forecast", "release").out.splitlines()[-1].split()
    assert row == ["offline", "1", "0", "0", "0", "0", "0", "0", "0"]


def test_json_is_one_document_and_unpriced_is_null(place: Workplace) -> None:
    place.policy()
    place.endpoint("http://127.0.0.1:9/v1")
    document = json.loads(said("forecast", "release", "--json").out)
    (stage,) = document["stages"]
    assert document["schema"] == "gate.forecast/1"
    assert stage["usd"] is None
    assert stage["asking"]["calls"] == {"low": 40, "high": 40}


def test_a_price_is_shown_as_a_range(place: Workplace) -> None:
    place.policy()
    place.toml(
        '[mlflow]\ntracking_uri = "sqlite:///x.db"\n[state]\nurl = "state"\n'
        "[models.assistant]\nusd_per_million_tokens = { input = 1.0, output = 2.0 }\n"
    )
    place.endpoint("http://127.0.0.1:9/v1")
    row = said("forecast", "release").out.splitlines()[-1]
    assert "  0.00047 to 0.08  " in row, row
    (stage,) = json.loads(said("forecast", "release", "--json").out)["stages"]
    assert stage["usd"] == {"low": pytest.approx(0.000468), "high": pytest.approx(0.083295)}


def test_caps_stand_beside_what_it_may_come_to(place: Workplace) -> None:
    place.policy(policy_text(more="budget: {calls_at_most: 15, gpu_minutes_at_most: 2.5}"))
    place.endpoint("http://127.0.0.1:9/v1")
    out = said("forecast", "release").out
    assert "the policy allows 15 calls, forecast 48: may be held over budget" in out
    assert "the policy allows 2.5 GPU minutes, forecast ?: may be held over budget" in out
    assert "gpu minutes ?: add gpus and tokens_per_second to [models.assistant]" in out


def test_judges_and_the_baseline_are_told_apart(place: Workplace) -> None:
    judged = "{data: ../data/sums.jsonl, rubric: [relevance], judge: j}"
    worse = "{metric: sums.relevance, non_inferior: {margin: 0.1}, severity: blocking, because: x}"
    place.policy(policy_text((f"offline: {{sums: {judged}}}",), (worse,)))
    place.ledger.set_alias(place.endpoint("http://127.0.0.1:9/v1"), "champion")
    place.endpoint("http://127.0.0.1:9/v2")
    out = said("forecast", "release").out
    assert "40 of the offline calls are the baseline's" in out
    assert "endpoint j: 80 to 162 calls" in out
    assert "[models.assistant] and [endpoints.j]" in out


def test_a_policy_without_a_champion_is_wrong_usage(place: Workplace) -> None:
    place.policy(policy_text(criteria=(NO_WORSE,)))
    place.recorded()
    assert said("forecast", "release").code == 2
