"""Pairs whose better answer is known tell who reads, and never count."""

from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Rest
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from tests.contract.ballots.desk import answer, begin, rest
from tests.fakes.batches import NOW, batch, given, said


def test_gold_is_mixed_in_and_never_counts(box: BallotBox) -> None:
    begin(box, batch(20, overlap=1, gold=4, gold_share=0.2), "ann")

    tasks = [answer(box, "ann", right=True) for _ in range(24)]

    assert sum(task.gold for task in tasks[:20]) == 4
    assert len(box.standing_votes("b")) == 20
    assert [v.record["right"] for v in box.gold_votes("b")] == [True] * 4
    summary = box.summary("b", "ann")
    assert (summary.gold, summary.gold_right, summary.gold_accuracy) == (4, 4, 1.0)
    assert rest(box, "ann") is Rest.DONE


def test_gold_goes_to_everybody(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1, gold=2, rules=Rules(qualification=2)), "ann", "bob", "cem")
    for name in ("ann", "bob", "cem"):
        assert [answer(box, name, right=True).gold for _ in range(2)] == [True, True]


def test_who_fails_the_qualification_sees_no_real_pair(box: BallotBox) -> None:
    rules = Rules(qualification=3, qualified_at=0.6)
    begin(box, batch(4, gold=5, rules=rules), "ann", "bob")
    assert not box.people.get("b", "ann").qualified

    for right in (True, False, False):
        assert answer(box, "ann", right=right).gold
    for right in (True, True, False):
        assert answer(box, "bob", right=right).gold

    assert rest(box, "ann") is Rest.PAUSED
    assert "1 of 3" in box.people.get("b", "ann").reason
    assert box.people.get("b", "bob").qualified
    assert not given(box, "bob").gold
    box.people.resume("b", "ann", now=NOW)
    assert not given(box, "ann").gold


def test_a_skipped_qualification_pair_was_not_read(box: BallotBox) -> None:
    begin(box, batch(4, gold=1, rules=Rules(qualification=1)), "ann")
    box.cast("b", said(given(box, "ann"), Preference.UNRESOLVED), now=NOW)

    assert box.people.get("b", "ann").status is Status.PAUSED


def test_bad_gold_warns_and_then_pauses_and_a_resumed_person_begins_anew(box: BallotBox) -> None:
    rules = Rules(gold_least=2, warn_below=0.95, pause_below=0.8)
    begin(box, batch(60, overlap=1, gold=12, gold_share=0.5, rules=rules), "ann")

    def gold(*, right: bool) -> None:
        while not answer(box, "ann", right=right).gold:
            pass

    gold(right=True)
    gold(right=True)
    assert not box.summary("b", "ann").warned
    gold(right=False)
    assert not box.summary("b", "ann").warned
    gold(right=False)
    assert box.summary("b", "ann").warned
    gold(right=False)
    assert box.people.get("b", "ann").status is Status.WORKING
    gold(right=False)
    assert box.people.get("b", "ann").status is Status.PAUSED
    assert box.people.get("b", "ann").reason == "read 2 of 6 gold pairs rightly"
    box.people.resume("b", "ann", now=NOW)
    gold(right=False)
    assert box.people.get("b", "ann").status is Status.WORKING
    gold(right=False)
    assert box.people.get("b", "ann").status is Status.PAUSED
    assert len(box.gold_votes("b")) == 8
