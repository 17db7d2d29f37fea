"""What is taken back no longer counts, and may be said anew."""

from dataclasses import replace

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Refusal, Rest
from stages.side_by_side.preference import Preference
from tests.contract.ballots.desk import begin, refused, rest
from tests.fakes.batches import NOW, batch, given, later, said, vote


def test_what_was_undone_does_not_count_and_is_the_task_again(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    first, second = vote(box, "ann"), vote(box, "ann")

    task = box.undo("b", "ann", token="u", now=later(5))

    assert isinstance(task, Task)
    assert (task.pair, task.position) == (second.pair, 1)
    assert given(box, "ann") == task
    assert [v.record["pair"] for v in box.standing_votes("b")] == [first.pair]
    assert box.summary("b", "ann").undone == 1


def test_an_undo_sent_twice_takes_back_one_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    vote(box, "ann")
    vote(box, "ann")

    assert box.undo("b", "ann", token="u", now=NOW) == box.undo("b", "ann", token="u", now=NOW)
    assert len(box.standing_votes("b")) == 1


def test_undoing_goes_back_as_far_as_there_is_something(box: BallotBox) -> None:
    begin(box, batch(3), "ann")
    pairs = [vote(box, "ann").pair for _ in range(3)]

    undone = [box.undo("b", "ann", token=f"u{n}", now=NOW) for n in range(3)]

    assert [task.pair for task in undone if isinstance(task, Task)] == pairs[::-1]
    assert refused(box.undo("b", "ann", token="u3", now=NOW)) is Refusal.NOTHING
    assert given(box, "ann").pair == pairs[0]


def test_the_seat_of_an_undone_vote_is_kept_and_then_lapses(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1), "ann", "bob")
    vote(box, "ann")
    box.undo("b", "ann", token="u", now=NOW)

    assert rest(box, "bob") is Rest.OTHERS
    assert isinstance(box.next_task("b", "bob", now=later(86_400)), Task)
    assert rest(box, "ann", after=86_400) is Rest.OTHERS


def test_a_skip_cannot_be_undone_when_others_took_the_pair(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1), "ann", "bob")
    skip = said(given(box, "ann"), Preference.UNRESOLVED)
    box.cast("b", skip, now=NOW)
    given(box, "bob")

    assert refused(box.undo("b", "ann", token="u", now=NOW)) is Refusal.TAKEN


def test_a_vote_sent_again_after_its_undoing_does_not_come_back(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"))
    first = box.cast("b", ballot, now=NOW)
    box.undo("b", "ann", token="u", now=NOW)

    assert box.cast("b", ballot, now=NOW) == first
    assert box.standing_votes("b") == ()
    assert refused(box.cast("b", replace(ballot, token="u"), now=NOW)) is Refusal.ALREADY
    assert refused(box.undo("b", "ann", token=ballot.token, now=NOW)) is Refusal.NOTHING
