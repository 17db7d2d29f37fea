"""What nobody may have seen, held against the signed records of a real workspace, by whole nights.

Version 1 is the champion and 2 passed everything; nights are those of a policy that is its own.
"""

import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from gates.notify.events import Event, EventKind, told
from gates.promotion.overriding import Leave, override
from gates.promotion.revoking import revoke
from gates.triage.night import Manner, triage
from gates.triage.outcome import Night, Sort
from gates.triage.telling import tell_night
from gates.triage.watching import NEAR, watched
from tests.fakes.workplace import NO_WORSE, SOUND, policy_text
from tests.gates.promotion.scene import AT_ONCE, Scene, scene

NIGHTLY = policy_text(criteria=(SOUND, NO_WORSE)).replace("policy: release", "policy: nightly")


@pytest.fixture(scope="module")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(tmp_path_factory.mktemp("watched"))


@pytest.fixture
def made(decided: Scene, tmp_path: Path) -> Scene:
    return decided.copied(tmp_path)


def night(made: Scene, policy: str = NIGHTLY) -> Night:
    services = made.place.services
    how = Manner(pause=lambda _: None)
    found = triage(made.place.policy(policy, name="nightly"), services, how)
    tell_night(found, services)
    return found


def of(made: Scene, kind: EventKind) -> list[Event]:
    return [one.event for one in told(made.place.state) if one.event.kind is kind]


def test_an_alias_moved_by_hand_is_told_once_with_the_way_back(made: Scene) -> None:
    assert watched("assistant", made.place.services).events == ()
    made.place.ledger.aliases["assistant"]["champion"] = "2"
    found = night(made)
    night(made)
    (event,) = of(made, EventKind.ALIAS_MOVED_OUTSIDE)
    assert "`champion` points to models:/assistant/2" in event.sentence
    assert "gate rollback assistant --alias champion --to 1" in event.sentence
    assert event.sentence in found.remarks


def test_an_alias_moved_elsewhere_later_is_another_change(made: Scene) -> None:
    made.place.recorded()
    for number in ("2", "3"):
        made.place.ledger.aliases["assistant"]["champion"] = number
        night(made)
    assert len(of(made, EventKind.ALIAS_MOVED_OUTSIDE)) == 2


def test_an_alias_that_was_taken_away_is_told(made: Scene) -> None:
    del made.place.ledger.aliases["assistant"]["champion"]
    (event,) = watched("assistant", made.place.services).events
    assert "`champion` points to nothing" in event.sentence


def test_a_promotion_is_no_move_outside(made: Scene) -> None:
    made.promote(strand=True)
    assert made.champion == "2"
    night(made)
    assert not of(made, EventKind.ALIAS_MOVED_OUTSIDE)


def test_an_override_is_told_of_when_its_end_is_near_and_once(made: Scene) -> None:
    made.place.recorded(wrong_every=2)
    made.run("assistant/3")
    leave = Leave(
        alias="champion",
        reason="a fire",
        lasts=timedelta(days=7),
        second=made.keyring.signers["bob"],
    )
    override("assistant/3", made.place.services, leave, patience=AT_ONCE)
    night(made)
    assert not of(made, EventKind.OVERRIDE_NEAR_EXPIRY)
    made.place.now += timedelta(days=7) - NEAR - timedelta(minutes=1)
    night(made)
    assert not of(made, EventKind.OVERRIDE_NEAR_EXPIRY)
    made.place.later(minutes=1)
    found = night(made)
    made.place.later(hours=24)
    night(made)
    (event,) = of(made, EventKind.OVERRIDE_NEAR_EXPIRY)
    assert event.sentence == (
        "OVERRIDE of assistant/3 as champion expires on 2026-03-08 10:00 UTC: a fire"
    )
    assert event.sentence in found.remarks


def test_what_an_override_let_in_serves_and_is_not_taken_up(made: Scene) -> None:
    """The version that serves is the baseline; the one it replaced is another candidate's past."""
    made.place.recorded(wrong_every=2)
    leave = Leave(
        alias="champion",
        reason="a fire",
        lasts=timedelta(days=7),
        second=made.keyring.signers["bob"],
    )
    override("assistant/3", made.place.services, leave, patience=AT_ONCE)
    found = night(made)
    assert [o.candidate for o in found.outcomes] == ["models:/assistant/2"]


def test_what_was_revoked_is_nobodys_business_at_night(made: Scene) -> None:
    made.place.recorded()
    revoke("assistant/3", made.place.services, reason="its data were not ours")
    found = night(made)
    assert [o.candidate for o in found.outcomes] == ["models:/assistant/2"]
    assert found.outcomes[0].sort is Sort.ADVANCE
    revoke("assistant/2", made.place.services, reason="its data were not ours")
    made.place.later(hours=24)
    assert night(made).outcomes == ()


def test_who_was_revoked_waits_for_people_no_more(made: Scene) -> None:
    whole = made.file.path.read_text()
    made.place.recorded()
    made.place.votes(candidate="assistant/9")
    text = whole.replace("policy: release", "policy: nightly")
    assert [o.candidate for o in night(made, text).for_people][:1] == ["models:/assistant/2"]
    made.place.later(hours=24)
    assert {o.candidate for o in night(made, text).for_people} == {
        "models:/assistant/2",
        "models:/assistant/3",
    }
    revoke("assistant/3", made.place.services, reason="its data were not ours")
    assert [o.candidate for o in night(made, text).for_people] == ["models:/assistant/2"]


def test_records_that_cannot_be_believed_end_no_night(made: Scene) -> None:
    made.place.recorded()
    made.place.ledger.envelopes["assistant"].pop()
    for name in ("records", "state"):
        shutil.rmtree(made.place.folder / ".gate" / name, ignore_errors=True)
    found = night(made)
    assert len(found.outcomes) == 2
    (event,) = of(made, EventKind.NEEDS_PERSON)
    assert "the records of assistant cannot be believed" in event.sentence
    assert event.sentence in found.remarks
    assert any("could not be signed: the records of assistant" in said for said in found.remarks)


def test_a_night_without_a_key_says_that_its_decisions_are_not_signed(made: Scene) -> None:
    for key in made.keyring.files.values():
        key.unlink()
    found = night(made)
    assert [o.sort for o in found.outcomes] == [Sort.ADVANCE]
    assert any(said.startswith("1 decision could not be signed: ") for said in found.remarks)
    assert not night(made).outcomes


def test_without_signed_records_there_is_nothing_to_hold_it_against(made: Scene) -> None:
    made.place.ledger.aliases["assistant"]["champion"] = "2"
    made.place.toml("")
    assert watched("assistant", made.place.services).events == ()
