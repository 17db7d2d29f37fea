"""One suite over every ballot box: SQLite in a folder, and PostgreSQL."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.side_by_side.assignment import Annotator, Task, assign
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted, Ballot, NoTask, Refusal, Refused, Rest
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Batch, Rules
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote
from tests.fakes.batches import NOW, batch, given, later, pair, said, vote
from tests.servers.postgres import fresh_database


@pytest.fixture(params=["folder", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a test keeps its votes; nothing is there."""
    if request.param == "folder":
        return str(tmp_path / "state")
    return fresh_database(request.getfixturevalue("postgres_server"))


@pytest.fixture
def box(url: str) -> Iterator[BallotBox]:
    with open_ballots(url) as opened:
        yield opened


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


def test_who_is_paused_or_removed_gets_no_task_and_may_not_vote(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    ballot = said(given(box, "ann"))
    for end, why, resting in (
        (box.people.pause, Refusal.PAUSED, Rest.PAUSED),
        (box.people.remove, Refusal.REMOVED, Rest.REMOVED),
    ):
        assert end("b", "ann", why="too fast", now=NOW).reason == "too fast"
        answer = box.cast("b", ballot, now=NOW)
        assert refused(answer) is why
        assert "too fast" in answer.sentence
        assert refused(box.undo("b", "ann", token="u", now=NOW)) is why
        assert rest(box, "ann") is resting
    box.people.add("b", "ann", now=NOW)
    assert isinstance(box.cast("b", ballot, now=NOW), Accepted)


def test_what_was_kept_for_somebody_who_is_paused_goes_to_others_at_once(box: BallotBox) -> None:
    begin(box, batch(2, overlap=1), "ann", "bob")
    voted = vote(box, "ann").pair
    kept = given(box, "ann").pair
    assert rest(box, "bob") is Rest.OTHERS

    box.people.pause("b", "ann", why="too fast", now=NOW)

    assert vote(box, "bob").pair == kept
    assert rest(box, "bob") is Rest.DONE
    assert {v.record["pair"] for v in box.standing_votes("b")} == {voted, kept}


def test_a_new_link_makes_older_ones_void(box: BallotBox) -> None:
    begin(box, batch(), "ann")
    assert box.people.get("b", "ann").link == 1
    assert box.people.reissue_link("b", "ann", now=NOW).link == 2
    box.people.remove("b", "ann", why="left", now=NOW)
    assert box.people.add("b", "ann", now=NOW).link == 3
    assert box.people.add("b", "ann", now=NOW).link == 3


def test_people_are_told_apart_and_corrected(box: BallotBox) -> None:
    begin(box, batch(), "bob", "ann", "Zoe", "éva")

    assert [person.name for person in box.people.all("b")] == ["Zoe", "ann", "bob", "éva"]
    assert box.people.set_segment("b", "ann", "expert", now=NOW).segment == "expert"
    with pytest.raises(InputError, match="cannot add 'ann'"):
        box.people.add("b", "ann", segment="novice", now=NOW)
    with pytest.raises(InputError, match="cannot add a person"):
        box.people.add("b", " ", now=NOW)
    with pytest.raises(InputError, match="there is no 'eve'"):
        box.people.pause("b", "eve", why="x", now=NOW)


def test_who_changed_somebody_is_kept_and_the_rules_are_nobody(box: BallotBox) -> None:
    rules = Rules(gold_least=1, warn_below=1.0, pause_below=1.0)
    begin(box, batch(4, gold=1, gold_share=0.5, rules=rules), "bob")
    assert box.people.add("b", "ann", by="lea", now=NOW).changed_by == "lea"
    assert box.people.resume("b", "ann", by="mia", now=NOW).changed_by == "lea"  # nothing changed
    assert box.people.reissue_link("b", "ann", by="mia", now=NOW).changed_by == "mia"
    while not answer(box, "ann", right=False).gold:
        pass
    assert box.people.get("b", "ann").status is Status.PAUSED
    assert box.people.get("b", "ann").changed_by == ""


def test_nobody_is_shown_what_they_opted_out_of(box: BallotBox) -> None:
    pairs = [pair(n, harms=("violence",) if n < 5 else ("spam",)) for n in range(6)]
    begin(box, batch(6, pairs=pairs), "ann")
    given(box, "ann")

    assert box.people.opt_out("b", "ann", ["violence"], now=NOW).opted_out == ("violence",)

    vote(box, "ann")
    assert [v.prompt for v in box.standing_votes("b")] == ["5"]
    assert rest(box, "ann") is Rest.DONE


def answer(box: BallotBox, person: str, *, right: bool) -> Task:
    """A vote on the next task, whatever it is; gold is known to be A>B."""
    task = given(box, person)
    preference = Preference.A_BETTER if right else Preference.B_BETTER
    assert isinstance(box.cast("b", said(task, preference), now=NOW), Accepted)
    return task


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


def test_summaries_tell_how_everybody_does(box: BallotBox) -> None:
    begin(box, batch(4), "ann", "bob")
    for n, seconds in enumerate((1.0, 10.0, None)):
        box.cast("b", said(given(box, "ann"), seconds=seconds), now=later(n))

    ann, bob = box.summaries("b")

    assert (ann.votes, ann.seconds, ann.median_seconds, ann.fast) == (3, 11.0, 5.5, 1)
    assert ann.last == "2026-05-04T09:00:02.000000+00:00"
    assert ann == box.summary("b", "ann")
    assert (bob.votes, bob.median_seconds, bob.first_position, bob.last) == (0, None, None, "")
    assert [v.record["fast"] for v in box.standing_votes("b")] == [True, False, False]


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


def three_votes(box: BallotBox) -> list[Task]:
    """The tasks on which ann said A>B, one after the other."""
    begin(box, batch(3), "ann")
    tasks = []
    for n in range(3):
        tasks.append(given(box, "ann"))
        assert isinstance(box.cast("b", said(tasks[-1]), now=later(n)), Accepted)
    return tasks


def correction(
    task: Task, preference: Preference = Preference.B_BETTER, token: str = "c"
) -> Ballot:
    return said(task, preference, token=token, comment="meant b", seconds=4.0)


def test_a_correction_keeps_its_place_and_tells_what_it_corrects(box: BallotBox) -> None:
    first, second, third = three_votes(box)

    (answer,) = box.correct("b", [correction(first)], now=later(60))

    assert isinstance(answer, Accepted)
    assert (answer.number, answer.pair) == (5, first.pair)  # after the row that undoes vote 1
    votes = box.standing_votes("b")
    assert [v.record["pair"] for v in votes] == [first.pair, second.pair, third.pair]
    assert [v.win_a for v in votes] == [0.0, 1.0, 1.0]
    assert (votes[0].at, votes[0].where) == (answer.at, "batch b, vote 5")
    assert (votes[0].record["undone"], votes[0].record["comment"]) == ([1], "meant b")
    before = {"vote": 1, "preference": "A>B", "at": "2026-05-04T09:00:00.000000+00:00"}
    assert votes[0].record["corrected"] == [before]
    assert votes[1].record["corrected"] == []
    assert box.progress("b").votes == 3
    assert box.summary("b", "ann").undone == 1


def test_a_correction_is_taken_once(box: BallotBox) -> None:
    first, *_ = three_votes(box)
    taken = box.correct("b", [correction(first)], now=later(60))
    votes = box.standing_votes("b")

    assert box.correct("b", [correction(first)], now=later(70)) == taken
    assert box.correct("b", [correction(first, token="other")], now=later(70)) == taken
    assert box.standing_votes("b") == votes
    back = correction(first, Preference.A_BETTER, "back")
    assert isinstance(box.correct("b", [back], now=later(80))[0], Accepted)
    assert box.correct("b", [correction(first)], now=later(90)) == taken  # sent again, late
    (vote_of_first, *_) = box.standing_votes("b")
    assert vote_of_first.win_a == 1.0
    assert [one["vote"] for one in corrected(vote_of_first)] == [1, 5]


def corrected(vote: Vote) -> list[dict[str, object]]:
    found = vote.record["corrected"]
    assert isinstance(found, list)
    return found


def test_corrections_are_taken_all_or_none(box: BallotBox) -> None:
    first, second, _ = three_votes(box)
    stranger = replace(correction(second), person="bob")

    answers = box.correct("b", [correction(first), stranger], now=later(60))

    assert isinstance(answers[0], Accepted)
    assert refused(answers[1]) is Refusal.NOTHING
    assert [v.win_a for v in box.standing_votes("b")] == [1.0] * 3


def test_new_votes_and_corrections_are_taken_all_or_none_together(box: BallotBox) -> None:
    first, second, _ = three_votes(box)
    new = said(replace(first, annotator="bob"))
    wrong = replace(correction(second, token="w"), guidelines=9)

    for fixes in ([wrong], [correction(first), wrong]):
        answers = box.take_over("b", [new], corrections=fixes, now=later(60))
        assert refused(answers[-1]) is Refusal.UNKNOWN
        assert [v.annotator for v in box.standing_votes("b")] == ["ann"] * 3

    taken = box.take_over("b", [new], corrections=[correction(first)], now=later(60))
    assert [type(answer) for answer in taken] == [Accepted, Accepted]
    assert [v.annotator for v in box.standing_votes("b")] == ["ann"] * 3 + ["bob"]
    assert box.standing_votes("b")[0].win_a == 0.0


def test_only_a_vote_that_stands_is_corrected_and_only_by_a_vote(box: BallotBox) -> None:
    first, second, third = three_votes(box)
    box.undo("b", "ann", token="u", now=later(9))
    box.cast("b", said(third, Preference.UNRESOLVED, token="skip"), now=later(10))

    def answer(ballot: Ballot) -> Refusal:
        return refused(box.correct("b", [ballot], now=later(60))[0])

    assert answer(correction(third)) is Refusal.NOTHING
    assert answer(replace(correction(first), pair="nopair")) is Refusal.UNKNOWN
    assert answer(correction(first, Preference.UNRESOLVED)) is Refusal.ALREADY
    assert answer(correction(first, token="u")) is Refusal.ALREADY
    box.people.pause("b", "ann", why="too fast", now=later(11))
    assert isinstance(box.correct("b", [correction(first)], now=later(12))[0], Accepted)
    box.batches.stop("b", why="enough", now=later(13))
    assert answer(correction(second, token="late")) is Refusal.STOPPED
    assert isinstance(box.correct("b", [correction(first)], now=later(14))[0], Accepted)


def test_a_corrected_vote_is_undone_in_its_turn(box: BallotBox) -> None:
    first, _, third = three_votes(box)
    box.correct("b", [correction(first)], now=later(60))

    task = box.undo("b", "ann", token="u", now=later(61))

    assert isinstance(task, Task)
    assert task.pair == third.pair


def test_corrected_gold_counts_as_what_it_now_says_but_not_anew(box: BallotBox) -> None:
    rules = Rules(gold_least=1, warn_below=0.9, pause_below=0.9)
    begin(box, batch(4, gold=1, gold_share=0.5, rules=rules), "ann")
    while not (task := answer(box, "ann", right=True)).gold:
        pass
    wrong = correction(task)

    box.correct("b", [wrong], now=later(60))

    assert [v.record["right"] for v in box.gold_votes("b")] == [False]
    assert box.people.get("b", "ann").reason == "read 0 of 1 gold pairs rightly"
    box.people.resume("b", "ann", now=later(61))
    for token, preference in (("y", Preference.A_BETTER), ("z", Preference.B_BETTER)):
        box.correct("b", [correction(task, preference, token)], now=later(63))
    assert box.people.get("b", "ann").status is Status.WORKING
