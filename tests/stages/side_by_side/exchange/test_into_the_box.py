"""What comes back from elsewhere, in the ballot box: each vote on its side, and once."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted
from stages.side_by_side.exchange.incoming import Imported, known_preferences
from stages.side_by_side.exchange.spreadsheet import export_sheet, read_sheet
from stages.side_by_side.vote import Vote, seen_from
from tests.stages.side_by_side.exchange.handed_out import batch, tasks

NOW = datetime(2026, 6, 1, tzinfo=UTC)
BATCH = batch()
TASKS = tasks(BATCH)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    with open_ballots(str(tmp_path)) as opened:
        opened.batches.open(BATCH, now=NOW)
        yield opened


def sent_back() -> bytes:
    """The table of somebody who always prefers the new model, and skips the first task."""
    sheet = export_sheet(TASKS, guidelines=1).decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet, newline="")))
    for row in rows:
        row["verdict"] = "1 better" if "of new" in row["answer_1"] else "2 better"
    rows[0]["verdict"] = "skip"
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def imported(box: BallotBox) -> Imported:
    known = known_preferences(TASKS, votes(box))
    return read_sheet(sent_back(), TASKS, columns={}, known=known, where="back.csv")


def votes(box: BallotBox) -> tuple[Vote, ...]:
    return box.standing_votes("june") + box.gold_votes("june")


def test_every_vote_is_for_the_model_that_stood_on_its_side(box: BallotBox) -> None:
    answers = box.take_over("june", imported(box).ballots, now=NOW)
    assert all(isinstance(answer, Accepted) for answer in answers)
    found = [seen_from(vote, "new", "old") for vote in votes(box)]
    assert len(found) == len(TASKS) - 1
    assert {vote.graded for vote in found if vote is not None} == {0.75}
    sides = {(task.annotator, task.pair): task.a_first for task in TASKS}
    for vote in votes(box):
        assert (vote.first == "new") is sides[vote.annotator, str(vote.record["pair"])]


def test_the_same_file_again_adds_nothing(box: BallotBox) -> None:
    box.take_over("june", imported(box).ballots, now=NOW)
    before = votes(box)
    again = imported(box)
    assert again.unchanged == len(TASKS) - 1
    box.take_over("june", again.ballots, now=NOW)
    assert votes(box) == before
