"""`gate status`: a row per version, readable at a glance."""

import json

import pytest

from gates.pipeline import run_round
from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text
from tests.gates.cli.golden import golden


@pytest.fixture(autouse=True)
def _decided(place: Workplace) -> None:
    """A champion, one that waits for votes, one that failed, one that nobody decided on."""
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes(votes=10, wins=6)
    run_round(place.policy(policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))), [], place.services)
    place.recorded()


def test_every_version_has_a_row_that_a_release_manager_can_read() -> None:
    found = said("status", "assistant")
    assert (found.code, found.err) == (0, "")
    assert found.out == golden("status.txt", found.out)


def test_one_version_has_one_row() -> None:
    found = said("status", "assistant/3")
    assert len(found.out.splitlines()) == 2
    assert "FAIL" in found.out


def test_json_is_one_document() -> None:
    document = json.loads(said("status", "assistant", "--json").out)
    assert document["schema"] == "gate.status/1"
    assert [v["verdict"] for v in document["versions"]] == ["ADOPTED", "HOLD", "FAIL", "undecided"]


def test_a_fail_is_no_error_of_status() -> None:
    assert said("status", "assistant/3").code == 0


def test_what_is_not_there_is_wrong_usage() -> None:
    for reference in ("nobody", "assistant/99", "assistant@nobody"):
        assert said("status", reference).code == 2
