"""Votes that schema 1 kept are read for ever: a later version must pass this as it stands."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted
from stages.side_by_side.ballots.database import FILE
from stages.side_by_side.ballots.person import Status
from tests.fakes.batches import given, later, said

KEPT = Path(__file__).parents[3] / "compat" / "votes-1.sql"
"""What `sqlite3 votes.sqlite .dump` says of a file of schema 1, made by its first version."""


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    connection = sqlite3.connect(tmp_path / FILE)
    connection.executescript(KEPT.read_text(encoding="utf-8"))
    connection.close()
    with open_ballots(str(tmp_path)) as opened:
        yield opened


def test_votes_kept_by_schema_1_are_what_they_were(box: BallotBox) -> None:
    votes = box.standing_votes("b")
    assert [(v.where, v.annotator, v.prompt, v.graded_a, v.both_bad, v.first) for v in votes] == [
        ("batch b, vote 10", "ann", "1", 0.0, False, "new"),
        ("batch b, vote 3", "ann", "0", 0.75, False, "new"),
        ("batch b, vote 8", "bob", "0", 0.5, True, "old"),
    ]
    before = {"vote": 2, "preference": "A>B", "at": "2026-05-04T09:00:01.000000+00:00"}
    assert votes[0].record["corrected"] == [before]
    assert [v.record["right"] for v in box.gold_votes("b")] == [True, True]


def test_a_batch_kept_by_schema_1_is_what_it_was(box: BallotBox) -> None:
    batch = box.batches.get("b")
    assert (len(batch.pairs), len(batch.gold), batch.terms.rules.qualification) == (3, 1, 1)
    assert batch.digest == "1dc40dfc9fb3636dd182bf541c5168d53d3d787ede1a6cfdd592a6702771a0f1"
    assert [box.batches.guidelines("b", n).text for n in (1, 2)] == ["# Be fair", "# Be kind"]
    assert [flag.comment for flag in box.flags("b")] == ["cut off"]
    ann, bob = box.summaries("b")
    assert (ann.votes, ann.undone, ann.person.segment) == (2, 2, "expert")
    assert (bob.skipped, bob.person.opted_out, bob.person.reason) == (1, ("violence",), "too fast")
    assert (bob.person.status, bob.person.changed_by) == (Status.PAUSED, "lea")


def test_voting_goes_on_where_schema_1_left_it(box: BallotBox) -> None:
    task = given(box, "ann", after=20)  # what she undid is hers again
    answer = box.cast("b", said(task, token="new"), now=later(20))
    assert isinstance(answer, Accepted)
    assert (answer.number, len(box.standing_votes("b"))) == (11, 4)
