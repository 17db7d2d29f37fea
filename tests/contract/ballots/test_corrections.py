"""A correction keeps its place, and tells what it corrects."""

from dataclasses import replace

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, Ballot, Refusal
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote
from tests.contract.ballots.desk import answer, begin, refused
from tests.fakes.batches import batch, given, later, said


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
