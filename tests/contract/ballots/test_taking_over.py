"""Votes from elsewhere are taken all or none."""

from dataclasses import replace

from stages.side_by_side.assignment import Annotator, assign
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, Refusal, Refused
from tests.contract.ballots.desk import begin, refused
from tests.fakes.batches import NOW, batch, given, later, said


def test_votes_from_elsewhere_are_taken_all_or_none(box: BallotBox) -> None:
    made = batch(3, overlap=2)
    begin(box, made)
    tasks = assign(made, [Annotator(name=name) for name in ("ann", "bob", "cem")])
    ballots = [said(task, at="2026-01-01T00:00:00+00:00") for task in tasks]

    wrong = box.take_over("b", [*ballots[:-1], replace(ballots[-1], pair="nopair")], now=NOW)
    assert [type(a) for a in wrong] == [Accepted] * 5 + [Refused]
    assert (box.standing_votes("b"), box.people.all("b")) == ((), ())

    taken = box.take_over("b", ballots, now=NOW)
    assert box.take_over("b", ballots, now=later(9)) == taken
    assert [v.at for v in box.standing_votes("b")] == ["2026-01-01T00:00:00+00:00"] * 6
    assert [p.name for p in box.people.all("b")] == ["ann", "bob", "cem"]


def test_votes_from_elsewhere_never_exceed_the_overlap(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1), "ann", "bob")
    task = given(box, "ann")
    (taken,) = box.take_over("b", [said(task)], now=NOW)
    assert isinstance(taken, Accepted)

    (more,) = box.take_over("b", [said(replace(task, annotator="dee"))], now=NOW)

    assert refused(more) is Refusal.TAKEN
    assert [p.name for p in box.people.all("b")] == ["ann", "bob"]
    box.batches.stop("b", why="enough", now=NOW)
    (late,) = box.take_over("b", [said(replace(task, annotator="dee"))], now=NOW)
    assert refused(late) is Refusal.STOPPED
