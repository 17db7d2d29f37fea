from dataclasses import replace
from pathlib import Path

import pytest

from stages.side_by_side.ballots.cast import Ballot
from stages.side_by_side.exchange.incoming import (
    Imported,
    RefusedLine,
    Said,
    known_preferences,
    taken_in,
)
from stages.side_by_side.exchange.shown import Shown
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.exchange.handed_out import batch, tasks, through_a_box

TASKS = tasks(batch())
WRONG = RefusedLine("file:9", "no")


def said(
    preference: Preference, task: Shown = TASKS[0], where: str = "file:2", *, corrects: bool = False
) -> Said:
    return Said(
        task=task,
        preference=preference,
        seconds=3.5,
        comment="",
        guidelines=1,
        at="2026-01-01T00:00:00Z",
        corrects=corrects,
        where=where,
    )


def test_what_is_new_becomes_a_ballot() -> None:
    found = taken_in([said(Preference.A_BETTER)], [], {})
    (ballot,) = found.ballots
    assert (ballot.person, ballot.pair) == (TASKS[0].annotator, TASKS[0].pair)
    assert (ballot.said, ballot.seconds) == (Preference.A_BETTER, 3.5)


def test_the_same_again_adds_nothing() -> None:
    lines = [said(Preference.TIE), said(Preference.TIE, where="file:3")]
    found = taken_in(lines, [], {})
    assert (len(found.ballots), found.unchanged) == (1, 1)
    again = taken_in(lines, [], {TASKS[0].id: Preference.TIE})
    assert (again.ballots, again.unchanged) == ((), 2)


@pytest.mark.parametrize("known", [{}, {TASKS[0].id: Preference.TIE}], ids=["in file", "before"])
def test_a_changed_verdict_is_refused_unless_it_is_a_correction(
    known: dict[str, Preference],
) -> None:
    change = said(Preference.B_BETTER, where="file:3")
    found = taken_in([said(Preference.TIE), change], [], known)
    assert found.ballots == ()
    assert [line.where for line in found.refused] == ["file:3"]
    assert "not declared a correction" in found.refused[0].why
    corrected = taken_in(
        [said(Preference.TIE), said(Preference.B_BETTER, corrects=True)], [], known
    )
    (ballot,) = corrected.corrections if known else corrected.ballots
    assert ballot.said is Preference.B_BETTER
    assert corrected.refused == ()


@pytest.mark.parametrize("known", [Preference.TIE, Preference.B_BETTER], ids=["before", "after"])
def test_a_file_with_a_verdict_and_its_correction_may_be_sent_again(known: Preference) -> None:
    lines = [said(Preference.TIE), said(Preference.B_BETTER, corrects=True)]
    found = taken_in(lines, [], {TASKS[0].id: known})
    assert found.refused == ()
    assert len(found.corrections) == (known is Preference.TIE)


def test_a_file_of_corrections_may_still_not_contradict_itself() -> None:
    known = {TASKS[0].id: Preference.TIE}
    lines = [said(Preference.A_BETTER), said(Preference.B_BETTER, where="file:3")]
    assert [b.said for b in taken_in(lines[:1], [], known, corrects=True).corrections] == [
        Preference.A_BETTER
    ]
    assert [line.where for line in taken_in(lines, [], known, corrects=True).refused] == ["file:3"]


def test_one_refused_line_refuses_everything() -> None:
    found = taken_in([said(Preference.TIE)], [WRONG], {})
    assert found == Imported(refused=(WRONG,))
    ballot = Ballot(person="a", pair="p", said=Preference.TIE, guidelines=1, token="t")
    with pytest.raises(ValueError, match="as a whole"):
        Imported(ballots=(ballot,), refused=(WRONG,))
    with pytest.raises(ValueError, match="said by a line"):
        Imported(ballots=(ballot,))


def test_every_ballot_is_known_by_its_line() -> None:
    new, change = said(Preference.TIE, TASKS[1], "file:4"), said(Preference.TIE, where="file:3")
    found = taken_in([change, new], [], {TASKS[0].id: Preference.A_BETTER}, corrects=True)
    assert [(b.pair, line.where) for b, line in zip(found.ballots, found.lines, strict=False)] == [
        (TASKS[1].pair, "file:4")
    ]
    assert [line.where for line in found.lines] == ["file:4", "file:3"]


@pytest.mark.parametrize(
    "preference", [Preference.A_MUCH_BETTER, Preference.B_BETTER, Preference.BOTH_BAD]
)
def test_what_a_box_holds_is_known_of_each_task_as_it_was_shown(
    preference: Preference, tmp_path: Path
) -> None:
    ballots = taken_in([said(preference, task) for task in TASKS], [], {}).ballots
    votes = through_a_box(batch(), ballots, folder=tmp_path)
    assert known_preferences(TASKS, votes) == {task.id: preference for task in TASKS}


def test_a_score_is_no_preference_of_an_annotator(tmp_path: Path) -> None:
    ballots = taken_in([said(Preference.TIE)], [], {}).ballots
    (vote,) = through_a_box(batch(), ballots, folder=tmp_path)
    with pytest.raises(ValueError, match="no preference of an annotator"):
        known_preferences(TASKS, [replace(vote, win_a=0.3)])
