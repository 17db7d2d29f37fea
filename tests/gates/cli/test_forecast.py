"""`gate forecast`: ranges, and `?` where there is no price."""

import json

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
    assert row == ["offline", "1", "0", "0", "0", "0", "0", "0"]


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
    assert "0.00" in said("forecast", "release").out.splitlines()[-1]


def test_a_policy_without_a_champion_is_wrong_usage(place: Workplace) -> None:
    place.policy(policy_text(criteria=(NO_WORSE,)))
    place.recorded()
    assert said("forecast", "release").code == 2
