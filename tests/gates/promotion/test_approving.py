"""An approval is a person's, of one PASS, and never the author's."""

import pytest

from gates.chain.bodies import Approval
from gates.promotion.answer import Answer
from gates.promotion.approving import Approved, approve
from policies.errors import InputError, WrongUsage
from tests.gates.promotion.scene import Scene


def approved(made: Scene, by: str, reference: str = "assistant/2", why: str = "fine") -> Approved:
    with made.acting(by):
        services = made.place.services
        return approve(reference, made.file, services, alias="champion", reason=why)


def test_enough_people_let_it_through(made: Scene) -> None:
    made.asks_for(2)
    assert made.promote().answer is Answer.CANNOT_TELL
    first = approved(made, "bob")
    assert (first.owners, first.needed) == (("bob",), 2)
    assert made.promote().answer is Answer.CANNOT_TELL
    assert approved(made, "cleo").owners == ("bob", "cleo")
    promotion = made.promote()
    assert promotion.answer is Answer.PROMOTED
    assert promotion.approved_by == ("bob", "cleo")


def test_the_second_approval_of_a_person_changes_nothing(made: Scene) -> None:
    record = approved(made, "bob").record
    assert approved(made, "bob").record == record
    assert sum(isinstance(k.record.body, Approval) for k in made.chain.records) == 1


def test_the_author_is_refused_at_once(made: Scene) -> None:
    with pytest.raises(WrongUsage, match="cannot approve models:/assistant/2 as ann") as refused:
        approved(made, "ann")
    assert "ann is the author" in refused.value.why


def test_only_a_pass_can_be_approved(made: Scene) -> None:
    made.place.recorded(wrong_every=2)
    with pytest.raises(WrongUsage, match="nothing to approve") as undecided:
        approved(made, "bob", "assistant/3")
    assert "is signed" in undecided.value.why
    made.run("assistant/3")
    with pytest.raises(WrongUsage, match="nothing to approve") as failed:
        approved(made, "bob", "assistant/3")
    assert "FAIL" in failed.value.why


def test_a_reason_is_needed(made: Scene) -> None:
    with pytest.raises(InputError, match="without a reason"):
        approved(made, "bob", why="")


def test_a_decision_made_anew_needs_new_approvals(made: Scene) -> None:
    made.asks_for(1)
    approved(made, "bob")
    made.place.later(hours=1)
    made.place.votes(wins=31)
    made.run()
    assert made.promote().answer is Answer.CANNOT_TELL
    approved(made, "bob")
    assert made.promote().answer is Answer.PROMOTED
