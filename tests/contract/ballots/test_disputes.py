"""Votes that contradict each other strongly are shown to a lead."""

import pytest

from policies.errors import InputError
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.preference import Preference
from tests.contract.ballots.desk import begin
from tests.fakes.batches import NOW, batch, given, said, vote


def judge(box: BallotBox, person: str, said_of: dict[str, Preference]) -> None:
    """A person's votes on all pairs, by prompt."""
    shown = batch(len(said_of)).shown
    for _ in said_of:
        task = given(box, person)
        box.cast("b", said(task, said_of[shown[task.pair].prompt]), now=NOW)


def test_strong_contradictions_are_disputed_and_a_lead_replaces_no_vote(box: BallotBox) -> None:
    begin(box, batch(3, overlap=2), "ann", "bob")
    better, worse = Preference.A_BETTER, Preference.B_BETTER
    judge(box, "ann", {"0": Preference.A_MUCH_BETTER, "1": better, "2": Preference.B_MUCH_BETTER})
    judge(box, "bob", {"0": worse, "1": worse, "2": better})

    first, second = box.disputes.all("b")
    assert {vote.prompt for vote in (*first.votes, *second.votes)} == {"0", "2"}
    assert [vote.annotator for vote in first.votes] == ["ann", "bob"]

    for preference in (Preference.TIE, better):
        box.disputes.adjudicate(
            "b", first.pair, lead="lea", preference=preference, comment="c", now=NOW
        )

    still_open, closed = box.disputes.all("b")
    assert still_open == second
    assert closed.adjudication is not None
    assert (closed.pair, closed.adjudication.preference) == (first.pair, better)
    assert len(box.standing_votes("b")) == 6


def test_what_is_not_disputed_is_not_adjudicated(box: BallotBox) -> None:
    begin(box, batch(1), "ann")
    pair_id = vote(box, "ann").pair

    with pytest.raises(InputError, match="cannot adjudicate"):
        box.disputes.adjudicate(
            "b", pair_id, lead="l", preference=Preference.TIE, comment="", now=NOW
        )
