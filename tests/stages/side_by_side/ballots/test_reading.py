"""What stands in the ballot box is believed only where the box itself could have written it."""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from policies.errors import Broken
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted, Ballot
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.web.batches import BATCH, batch_of, pair

NOW = datetime(2026, 5, 1, 9, tzinfo=UTC)


@pytest.fixture
def box(tmp_path: Path) -> Iterator[BallotBox]:
    """A batch in which somebody voted."""
    made = batch_of([pair(1), pair(2)])
    with open_ballots(str(tmp_path)) as opened:
        opened.batches.open(made, now=NOW)
        opened.people.add(BATCH, "ann", now=NOW)
        ballot = Ballot(
            person="ann",
            pair=made.pairs[0].id,
            said=Preference.TIE,
            seconds=4.0,
            guidelines=1,
            token="1",
        )
        assert isinstance(opened.cast(BATCH, ballot, now=NOW), Accepted)
        assert len(opened.standing_votes(BATCH)) == 1
    with open_ballots(str(tmp_path)) as opened:
        yield opened


def change(folder: Path, statement: str) -> None:
    connection = sqlite3.connect(folder / "votes.sqlite")
    connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "said",
    [
        "sxs_acts SET preference = 'A'",
        "sxs_acts SET preference = NULL",
        "sxs_acts SET person = 'eve'",
        "sxs_acts SET pair = 'none'",
        "sxs_acts SET seconds = 'soon'",
        "sxs_acts SET seconds = -1.0",
        "sxs_acts SET seconds = 9e999",
        "sxs_acts SET comment = x'ff'",
        "sxs_acts SET undoes = 'x'",
        "sxs_acts SET place = 'x'",
        "sxs_acts SET place = 0",
        "sxs_acts SET place = 2",
        "sxs_people SET status = 'gone'",
        "sxs_people SET opted_out = '{'",
        "sxs_people SET opted_out = '{}'",
        "sxs_batches SET body = replace(body, 'place 1', 'place 3')",
        "sxs_batches SET digest = '0'",
    ],
)
def test_a_row_that_the_box_never_wrote_is_no_vote(
    box: BallotBox, tmp_path: Path, said: str
) -> None:
    try:
        change(tmp_path, f"UPDATE {said}")
    except sqlite3.IntegrityError:
        return  # the database itself refuses it
    with pytest.raises(Broken, match="cannot use the votes of batch"):
        box.standing_votes(BATCH)
