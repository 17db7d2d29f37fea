"""Tasks are given and votes taken, alike in every ballot box."""

from dataclasses import replace

import pytest

from policies.errors import InputError
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted, Refusal, Rest
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from tests.contract.ballots.desk import begin, refused, rest
from tests.fakes.batches import NOW, batch, given, later, said, vote


def test_a_vote_is_kept_as_the_stage_reads_it(box: BallotBox) -> None:
    made = batch(6)
    begin(box, made)
    box.people.add("b", "ann", segment="expert", now=NOW)
    task = given(box, "ann")

    answer = box.cast("b", said(task, Preference.B_BETTER, comment="why"), now=later(1))

    assert answer == Accepted(number=1, pair=task.pair, at="2026-05-04T09:00:01.000000+00:00")
    (kept,) = box.standing_votes("b")
    shown = made.shown[task.pair]
    assert (kept.prompt, kept.annotator, kept.segment) == (shown.prompt, "ann", "expert")
    assert (kept.win_a, kept.graded_a, kept.both_bad) == (0.0, 0.25, False)
    assert (kept.model_a, kept.model_b) == ("new", "old")
    assert kept.first == ("new" if task.a_first else "old")
    assert (kept.answer_a, kept.answer_b) == (shown.answer_a, shown.answer_b)
    assert (kept.where, kept.at, kept.judge) == ("batch b, vote 1", answer.at, False)
    assert kept.record == {
        "pair": task.pair,
        "preference": "B>A",
        "seed": 7,
        "guidelines": 1,
        "comment": "why",
        "seconds": 10.0,
        "fast": False,
        "undone": [],
        "corrected": [],
    }


def test_a_comment_that_no_database_can_keep_loses_no_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"), comment="a\0b\ud800 è")

    assert isinstance(box.cast("b", ballot, now=NOW), Accepted)
    box.flag("b", "ann", ballot.pair, comment="\0", now=NOW)

    assert [v.record["comment"] for v in box.standing_votes("b")] == ["a\ufffdb? è"]
    assert [flag.comment for flag in box.flags("b")] == ["\ufffd"]


def test_votes_survive_the_box(url: str) -> None:
    with open_ballots(url) as box:
        vote(begin(box, batch(), "ann"), "ann")
    with open_ballots(url) as again:
        assert len(again.standing_votes("b")) == 1
        assert again.batches.get("b") == batch()


def test_the_same_ballot_again_gives_the_same_answer(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"))
    first = box.cast("b", ballot, now=NOW)

    assert box.cast("b", ballot, now=later(60)) == first
    assert box.cast("b", replace(ballot, token="another tab"), now=later(60)) == first
    assert len(box.standing_votes("b")) == 1


def test_another_vote_on_the_same_pair_is_refused_until_the_first_is_undone(
    box: BallotBox,
) -> None:
    begin(box, batch(), "ann")
    task = given(box, "ann")
    box.cast("b", said(task, Preference.A_BETTER), now=NOW)
    changed = said(task, Preference.B_BETTER, token="second thoughts")

    assert refused(box.cast("b", changed, now=NOW)) is Refusal.ALREADY
    box.undo("b", "ann", token="u1", now=NOW)
    assert isinstance(box.cast("b", changed, now=NOW), Accepted)

    (kept,) = box.standing_votes("b")
    assert (kept.win_a, kept.record["undone"], kept.where) == (0.0, [1], "batch b, vote 3")
    assert kept.record["corrected"] == []  # it was taken back, and something else said later


def test_a_token_of_another_pair_is_no_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    box.cast("b", said(given(box, "ann"), token="t"), now=NOW)

    answer = box.cast("b", said(given(box, "ann"), token="t"), now=NOW)

    assert refused(answer) is Refusal.ALREADY


def test_the_next_task_stays_the_same_until_it_is_done(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    first = given(box, "ann")

    assert given(box, "ann", after=60) == first
    vote(box, "ann")
    assert given(box, "ann").pair != first.pair


def test_nobody_sees_a_pair_twice_and_all_of_them_are_seen(box: BallotBox) -> None:
    begin(box, batch(5, overlap=2), "ann", "bob")
    for name in ("ann", "bob"):
        assert len({vote(box, name).pair for _ in range(5)}) == 5
        assert rest(box, name) is Rest.DONE

    progress = box.progress("b")
    assert (progress.votes, progress.needed, progress.pairs_done) == (10, 10, 5)


def test_no_more_than_overlap_people_work_on_a_pair(box: BallotBox) -> None:
    begin(box, batch(1, overlap=2), "ann", "bob", "cem")
    given(box, "ann")
    given(box, "bob")

    assert rest(box, "cem") is Rest.OTHERS


def test_a_lapsed_lease_goes_to_somebody_else_and_the_late_vote_is_refused(
    box: BallotBox,
) -> None:
    begin(box, batch(1, overlap=1, rules=Rules(lease_minutes=10)), "ann", "bob")
    late = said(given(box, "ann"))

    assert rest(box, "bob", after=599) is Rest.OTHERS
    task = given(box, "bob", after=600)
    assert refused(box.cast("b", late, now=later(601))) is Refusal.TAKEN
    assert isinstance(box.cast("b", said(task), now=later(602)), Accepted)
    assert rest(box, "ann", after=603) is Rest.DONE


def test_a_late_vote_counts_when_nobody_took_the_seat(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1), "ann")
    task = given(box, "ann")

    assert isinstance(box.cast("b", said(task), now=later(86_400)), Accepted)


def test_a_skip_is_no_vote_and_the_pair_goes_to_somebody_else(box: BallotBox) -> None:
    begin(box, batch(1, overlap=1), "ann", "bob")
    task = given(box, "ann")
    skip = said(task, Preference.UNRESOLVED, comment="not my field")

    assert isinstance(box.cast("b", skip, now=NOW), Accepted)

    assert box.standing_votes("b") == ()
    assert rest(box, "ann") is Rest.DONE
    assert given(box, "bob").pair == task.pair
    assert (box.summary("b", "ann").skipped, box.summary("b", "ann").votes) == (1, 0)


def test_who_is_not_there_may_not_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"))

    assert refused(box.cast("b", replace(ballot, person="eve"), now=NOW)) is Refusal.UNKNOWN
    assert refused(box.cast("b", replace(ballot, pair="0" * 16), now=NOW)) is Refusal.UNKNOWN
    assert refused(box.cast("b", replace(ballot, guidelines=2), now=NOW)) is Refusal.UNKNOWN
    with pytest.raises(InputError, match="'eve'"):
        box.next_task("b", "eve", now=NOW)
    with pytest.raises(InputError, match="there is no batch 'c'"):
        box.next_task("c", "ann", now=NOW)
    assert box.standing_votes("b") == ()
