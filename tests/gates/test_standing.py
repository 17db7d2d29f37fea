"""Where versions stand: adopted, undecided, or what the newest decision says."""

from pathlib import Path

import pytest

from gates.pipeline import run_round
from gates.standing import ADOPTED, UNDECIDED, standings
from policies.errors import InputError
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text

VOTING = policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    """A champion, one that waits for votes, one that failed, one that nobody decided on."""
    place = Workplace(tmp_path)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes(votes=10, wins=6)
    run_round(place.policy(VOTING), [], place.services)
    place.recorded()
    return place


def test_every_version_has_its_row(place: Workplace) -> None:
    rows = [standing.as_row() for standing in standings("assistant", place.ledger)]
    assert rows[0] == ("1", "assistant/1", "champion", "", "", ADOPTED, "", "", "")
    assert rows[1][:7] == ("2", "assistant/2", "", "release", "side by side", "HOLD", "annotators")
    assert rows[1][7].endswith("of 40")
    assert rows[1][8] == "?"
    assert rows[2] == ("3", "assistant/3", "", "release", "offline", "FAIL", "", "", "")
    assert rows[3][5] == UNDECIDED


@pytest.mark.parametrize("reference", ["assistant/3", "models:/assistant/3", "assistant@champion"])
def test_one_version_can_be_asked_for(place: Workplace, reference: str) -> None:
    (standing,) = standings(reference, place.ledger)
    assert standing.version.version == ("1" if "@" in reference else "3")


def test_an_adopted_version_stays_adopted_whatever_is_decided(place: Workplace) -> None:
    version = place.ledger.version("assistant/2")
    place.ledger.tag(version, {"gate_adopted": "by hand"})
    (one,) = standings("assistant/2", place.ledger)
    assert one.decided is not None
    assert one.verdict == "ADOPTED"


def test_the_newest_decision_under_any_policy_counts(place: Workplace) -> None:
    place.later(days=1)
    later = place.policy(policy_text().replace("release", "later"))
    run_round(later, ["assistant/2"], place.services)
    (standing,) = standings("assistant/2", place.ledger)
    assert (standing.verdict, standing.as_row()[3]) == ("PASS", "later")


def test_the_json_carries_the_whole_decision(place: Workplace) -> None:
    adopted, held, *_ = (s.as_json() for s in standings("assistant", place.ledger))
    assert adopted["adopted"] == "since May"
    assert adopted["decision"] is None
    assert held["candidate"] == "models:/assistant/2"
    assert held["verdict"] == "HOLD"
    decision = held["decision"]
    assert isinstance(decision, dict)
    assert decision["schema"] == "gate.decision/1"
    assert decision["round"]["baseline"] == "models:/assistant/1"


def test_a_model_that_is_not_there_is_wrong_usage(place: Workplace) -> None:
    with pytest.raises(InputError, match="there is no model nobody") as refused:
        standings("nobody", place.ledger)
    assert "gate register nobody" in refused.value.fix
