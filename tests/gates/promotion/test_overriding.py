"""An override takes two people, a reason and an end, and is a pass nowhere."""

from dataclasses import replace
from datetime import timedelta

import pytest

from gates.chain.alias_standing import override_words
from gates.chain.bodies import Override, Promotion
from gates.notify.events import EventKind, told
from gates.promotion.answer import Answer
from gates.promotion.overriding import Leave, Overridden, override
from gates.promotion.rolling_back import Back, roll_back
from gates.standing import OVERRIDE, alias_standings_of, standings
from policies.errors import InputError, WrongUsage
from tests.gates.promotion.scene import AT_ONCE, Scene


def overridden(
    made: Scene, *, second: str = "bob", reason: str = "a fire", days: float = 7
) -> Overridden:
    signer = made.keyring.signers[second]
    asked = Leave(alias="champion", reason=reason, lasts=timedelta(days=days), second=signer)
    return override("assistant/3", made.place.services, asked, patience=AT_ONCE)


@pytest.fixture
def failing(made: Scene) -> Scene:
    """Version 3 failed."""
    made.place.recorded(wrong_every=2)
    made.run("assistant/3")
    return made


def test_two_people_let_in_what_failed(failing: Scene) -> None:
    done = overridden(failing)
    assert failing.champion == "3"
    body = done.given.record.body
    assert isinstance(body, Override)
    assert (done.given.record.by.owner, body.second.owner) == ("ann", "bob")
    moved = done.moved.record.body
    assert isinstance(moved, Promotion)
    assert moved.override == done.given.sha256
    assert len(failing.chain.counting) == len(failing.chain.records)


def test_it_is_a_pass_nowhere(failing: Scene) -> None:
    overridden(failing)
    services, ledger = failing.place.services, failing.place.ledger
    (standing,) = standings("assistant/3", ledger, failing.chain)
    assert standing.verdict == OVERRIDE
    assert "PASS" not in standing.as_row()
    tags = ledger.version("assistant/3").tags
    assert "gate_promoted" not in tags
    assert tags["gate_override"].startswith("champion until ")
    assert [e.event.kind for e in told(services.state)][-1:] == [EventKind.OVERRIDDEN]
    promotion = failing.promote("assistant/3")
    assert promotion.answer is Answer.NO


def test_no_rollback_goes_back_to_what_only_an_override_let_in(failing: Scene) -> None:
    assert failing.promote(strand=True).answer is Answer.PROMOTED
    overridden(failing)
    services = failing.place.services
    asked = Back(alias="champion", reason="it leaks")
    assert roll_back("assistant", services, asked, patience=AT_ONCE).target.version == "2"
    with pytest.raises(WrongUsage, match="roll") as refused:
        roll_back("assistant", services, replace(asked, to="3"), patience=AT_ONCE)
    assert "by an override only" in refused.value.why
    assert roll_back("assistant", services, asked, patience=AT_ONCE).target.version == "1"


@pytest.mark.parametrize("days", [0, -1, 31])
def test_it_ends_soon_or_is_refused(failing: Scene, days: float) -> None:
    with pytest.raises(WrongUsage, match="an end that is near"):
        overridden(failing, days=days)
    assert failing.champion == "1"


def test_one_person_is_not_enough(failing: Scene) -> None:
    with pytest.raises(WrongUsage, match="word of one person") as refused:
        overridden(failing, second="ann")
    assert "both keys are ann's" in refused.value.why
    with failing.acting("bob"), pytest.raises(WrongUsage, match="may not sign"):
        overridden(failing, second="cleo")  # bob may approve, and release nothing
    assert failing.champion == "1"


def test_a_second_without_a_role_or_a_place_in_the_trust_file_is_nobody(failing: Scene) -> None:
    keys = failing.keyring.document.keys
    failing.publish(keys=tuple(key for key in keys if key.owner != "bob"))
    with pytest.raises(WrongUsage, match="word of one person"):
        overridden(failing)
    assert failing.champion == "1"


def test_a_reason_is_needed(failing: Scene) -> None:
    with pytest.raises(InputError, match="without a reason"):
        overridden(failing, reason=" ")


def test_its_end_is_told(failing: Scene) -> None:
    overridden(failing)
    ledger, at = failing.place.ledger, failing.place.now
    (alias,) = alias_standings_of(ledger.versions("assistant"), failing.chain, ["champion"])
    (now,) = alias.sentences(at)
    assert now.startswith("OVERRIDE: models:/assistant/3 is champion without a PASS until ")
    assert now.endswith("by ann and bob: a fire")
    (later,) = alias.sentences(at + timedelta(days=7))
    assert "the override ended on" in later
    assert "gate rollback assistant" in later
    assert alias.override is not None
    assert override_words(alias.override, at=at) == now


def test_a_rollback_ends_it_and_never_goes_back_to_it(failing: Scene) -> None:
    overridden(failing)
    asked = Back(alias="champion", reason="the fire is out")
    assert (
        roll_back("assistant", failing.place.services, asked, patience=AT_ONCE).target.version
        == "1"
    )
    assert failing.champion == "1"
    assert failing.chain.last_good("champion", "models:/assistant/1") is None
