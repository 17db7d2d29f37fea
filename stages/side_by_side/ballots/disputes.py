"""Pairs whose votes contradict each other, and what a lead says of them."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, func, insert, select

from policies.errors import InputError
from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.ballots.counting import contradictions, votes_of
from stages.side_by_side.ballots.database import Database
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.reading import read_acts, read_people
from stages.side_by_side.ballots.standing import Adjudication, Dispute
from stages.side_by_side.ballots.tables import ADJUDICATIONS
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote


class Disputes:
    """The queue of disputed pairs.

    Args:
        database: Where they are kept.
        batches: The batches.
    """

    def __init__(self, database: Database, batches: Batches) -> None:
        self._database = database
        self._batches = batches

    def all(self, batch: str) -> tuple[Dispute, ...]:
        """Disputed pairs, those first of which no lead has spoken yet."""
        whole = self._batches.get(batch)
        with self._database.reading() as connection:
            said = _adjudications(connection, batch)
            votes = _votes(connection, whole)
        found = [
            Dispute(pair=pair, votes=of_pair, adjudication=said.get(pair))
            for pair, of_pair in contradictions(votes).items()
        ]
        return tuple(sorted(found, key=lambda dispute: dispute.adjudication is not None))

    def adjudicate(
        self,
        batch: str,
        pair: str,
        *,
        lead: str,
        preference: Preference,
        comment: str,
        now: datetime,
    ) -> Adjudication:
        """Keeps what a lead says, A being the pair's answer a; the last word stands.

        Raises:
            InputError: When the pair is not disputed.
        """
        whole = self._batches.get(batch)
        word = Adjudication(
            pair=pair, lead=lead, preference=preference, comment=comment, at=moment(now)
        )
        with self._database.writing(batch) as connection:
            if pair not in contradictions(_votes(connection, whole)):
                raise InputError(
                    f"cannot adjudicate pair {pair!r} of batch {batch}",
                    why="its votes do not contradict each other",
                    fix="look at the queue of disputes again: somebody may have undone a vote",
                )
            _keep(connection, batch, word)
        return word


def _keep(connection: Connection, batch: str, word: Adjudication) -> None:
    last = select(func.max(ADJUDICATIONS.c.number)).where(ADJUDICATIONS.c.batch == batch)
    row = asdict(word) | {"preference": word.preference.value}
    number = (connection.execute(last).scalar() or 0) + 1
    connection.execute(insert(ADJUDICATIONS).values(batch=batch, number=number, **row))


def _adjudications(connection: Connection, batch: str) -> dict[str, Adjudication]:
    columns = [ADJUDICATIONS.c[name] for name in Adjudication.__slots__]
    asked = select(*columns).where(ADJUDICATIONS.c.batch == batch)
    rows = connection.execute(asked.order_by(ADJUDICATIONS.c.number)).mappings()
    return {
        row["pair"]: Adjudication(**{**row, "preference": Preference(row["preference"])})
        for row in rows
    }


def _votes(connection: Connection, batch: Batch) -> tuple[Vote, ...]:
    acts, people = read_acts(connection, batch.name), read_people(connection, batch.name)
    return votes_of(batch, acts, people, gold=False)
