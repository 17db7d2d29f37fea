"""Who waits for people since an earlier day is told every night, and nobody else is."""

from pathlib import Path

import pytest

from gates.ledger.ledger import Version
from gates.pipeline import run_round
from gates.triage.night import Manner, triage
from gates.triage.outcome import Night
from policies.errors import Broken
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text

POLICY = policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    made = Workplace(tmp_path)
    made.votes(candidate="assistant/9")
    made.champion()
    made.recorded()
    return made


def night(place: Workplace, policy: str = POLICY) -> Night:
    place.later(hours=24)
    return triage(place.policy(policy), place.services, Manner(pause=lambda _: None))


def names(found: Night) -> list[str]:
    return [one.candidate.rpartition("/")[2] for one in found.for_people]


def test_tonights_go_first_and_then_who_has_waited_longest(place: Workplace) -> None:
    assert names(night(place)) == ["2"]
    place.recorded()
    assert names(night(place)) == ["3", "2"]
    place.recorded(wrong_every=1)
    found = night(place)
    assert names(found) == ["2", "3"]
    assert [one.since[:10] for one in found.backlog] == ["2026-03-02", "2026-03-03"]
    assert found.backlog[0].sentence
    assert found.backlog[0].command


def test_a_wait_begins_with_the_first_decision_that_was_left_to_people(place: Workplace) -> None:
    night(place)
    place.later(hours=24)
    run_round(place.policy(POLICY), ("assistant/2",), place.services)
    (one,) = night(place).backlog
    assert one.since[:10] == "2026-03-02"


def test_who_has_its_votes_waits_no_more_and_is_not_even_read(place: Workplace) -> None:
    night(place)
    place.votes()
    run_round(place.policy(POLICY), ("assistant/2",), place.services)
    place.ledger.history = None  # type: ignore[method-assign,assignment] # nobody may be asked for
    assert names(night(place)) == []


def test_a_tag_that_says_hold_makes_nobody_wait(place: Workplace) -> None:
    night(place)
    place.votes()
    run_round(place.policy(POLICY), ("assistant/2",), place.services)
    place.ledger.tag(place.ledger.version("assistant/2"), {"gate_side_by_side": "HOLD"})
    assert names(night(place)) == []


def test_another_policys_decision_hides_nobody(place: Workplace) -> None:
    night(place)
    other = policy_text().replace("policy: release", "policy: other")
    run_round(place.policy(other, name="other"), ("assistant/2",), place.services)
    assert names(night(place)) == ["2"]


def test_a_decision_that_cannot_be_read_hides_nobody_else(place: Workplace) -> None:
    place.recorded()
    night(place)
    whole = place.ledger.history

    def history(version: Version, *, most: int | None = None) -> object:
        if version.version == "2":
            raise Broken("a record is gone", why="somebody deleted it", fix="restore it")
        return whole(version, most=most)

    place.ledger.history = history  # type: ignore[method-assign,assignment]
    found = night(place)
    assert names(found) == ["3"]
    assert any("whether assistant/2 waits for people" in remark for remark in found.remarks)


def test_a_policy_without_people_reads_nothing(place: Workplace) -> None:
    alone = policy_text(criteria=(SOUND, NO_WORSE))
    assert names(night(place, alone)) == ["2"]
    place.ledger.history = None  # type: ignore[method-assign,assignment] # nobody may be asked for
    assert names(night(place, alone)) == []
