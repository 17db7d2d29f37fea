"""A batch is opened once, told of in versions, and stopped for good."""

import pytest

from policies.errors import InputError
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Refusal, Rest
from tests.contract.ballots.desk import begin, refused, rest
from tests.fakes.batches import NOW, batch, given, later, said, vote


def test_votes_carry_the_version_of_the_guidelines(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    vote(box, "ann")
    assert box.batches.publish("b", "# Be kind", now=later(5)).version == 2
    assert box.batches.publish("b", "# Be kind", now=later(6)).version == 2
    box.cast("b", said(given(box, "ann"), guidelines=2), now=later(7))

    assert [v.record["guidelines"] for v in box.standing_votes("b")] == [1, 2]
    assert box.batches.guidelines("b").text == "# Be kind"
    assert box.batches.guidelines("b", 1).text == "# Be fair"
    with pytest.raises(InputError, match="no version 3"):
        box.batches.guidelines("b", 3)


def test_a_batch_is_opened_once(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    box.batches.open(batch(), now=later(5))

    with pytest.raises(InputError, match="cannot open batch b"):
        box.batches.open(batch(7), now=NOW)
    assert box.batches.names() == ("b",)
    assert box.batches.guidelines("b").version == 1
    with pytest.raises(InputError, match="there is no batch 'c'"):
        box.batches.stop("c", why="x", now=NOW)


def test_a_stopped_batch_takes_nothing_more(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    accepted = said(given(box, "ann"))
    first = box.cast("b", accepted, now=NOW)
    open_task = given(box, "ann")
    assert box.batches.stopped("b") is None

    stop = box.batches.stop("b", why="enough", now=NOW)

    assert box.batches.stop("b", why="again", now=later(9)) == stop == box.batches.stopped("b")
    assert refused(box.cast("b", said(open_task), now=NOW)) is Refusal.STOPPED
    assert refused(box.undo("b", "ann", token="u", now=NOW)) is Refusal.STOPPED
    assert refused(box.flag("b", "ann", open_task.pair, comment="", now=NOW)) is Refusal.STOPPED
    assert rest(box, "ann") is Rest.STOPPED
    assert box.cast("b", accepted, now=NOW) == first
    assert box.progress("b").stopped == stop


def test_remarks_are_kept_once(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    task = given(box, "ann")
    flag = box.flag("b", "ann", task.pair, comment="in French", now=NOW)

    assert box.flag("b", "ann", task.pair, comment="in French", now=later(3)) == flag
    box.flag("b", "ann", task.pair, comment="cut off", now=NOW)
    assert refused(box.flag("b", "ann", "nopair", comment="", now=NOW)) is Refusal.UNKNOWN
    assert [kept.comment for kept in box.flags("b")] == ["in French", "cut off"]
    assert given(box, "ann") == task
