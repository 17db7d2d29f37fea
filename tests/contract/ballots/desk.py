"""What tests of every ballot box do and read there."""

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, NoTask, Refusal, Refused, Rest
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference
from tests.fakes.batches import NOW, given, later, said


def begin(box: BallotBox, made: Batch, *people: str) -> BallotBox:
    """The batch is opened, and people are added."""
    box.batches.open(made, now=NOW)
    for name in people:
        box.people.add("b", name, now=NOW)
    return box


def refused(answer: object) -> Refusal:
    assert isinstance(answer, Refused), answer
    return answer.why


def rest(box: BallotBox, person: str, *, after: float = 0.0) -> Rest:
    answer = box.next_task("b", person, now=later(after))
    assert isinstance(answer, NoTask), answer
    return answer.why


def answer(box: BallotBox, person: str, *, right: bool) -> Task:
    """A vote on the next task, whatever it is; gold is known to be A>B."""
    task = given(box, person)
    preference = Preference.A_BETTER if right else Preference.B_BETTER
    assert isinstance(box.cast("b", said(task, preference), now=NOW), Accepted)
    return task
