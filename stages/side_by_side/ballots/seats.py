"""The seats at a pair: as many as people may vote on it, each kept for one person.

A seat is kept for some minutes for whoever was given the pair, and for good for whoever voted. No
seat has two people, and the database refuses a second row for one: so `overlap` is never exceeded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, delete, func, insert, or_, select, update

from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.tables import SEATS
from stages.side_by_side.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Seating:
    """Seats as one person finds them.

    Attributes:
        held: Pairs that are kept for them.
        others: For each pair without a seat for them, the votes it has.
    """

    held: tuple[str, ...]
    others: Mapping[str, int]


def seating(connection: Connection, batch: Batch, person: str, *, now: datetime) -> Seating:
    """Which pairs are kept for a person, and which have no seat for them."""
    at = moment(now)
    here = SEATS.c.batch == batch.name
    mine = select(SEATS.c.pair).where(here, SEATS.c.person == person, SEATS.c.until > at)
    taken = or_(SEATS.c.until.is_(None), SEATS.c.until > at)
    votes = func.count().filter(SEATS.c.until.is_(None))
    full = (
        select(SEATS.c.pair, votes)
        .where(here, SEATS.c.person != person, taken)
        .group_by(SEATS.c.pair)
        .having(func.count() >= batch.terms.overlap)
    )
    return Seating(
        held=tuple(connection.execute(mine.order_by(SEATS.c.until.desc())).scalars()),
        others={row[0]: row[1] for row in connection.execute(full)},
    )


def take_seat(
    connection: Connection, batch: Batch, pair: str, person: str, *, now: datetime
) -> bool:
    """Keeps a seat for a person for the batch's lease; False when there is none for them."""
    until = moment(now + timedelta(minutes=batch.terms.rules.lease_minutes))
    there = and_(SEATS.c.batch == batch.name, SEATS.c.pair == pair)
    rows = connection.execute(
        select(SEATS.c.seat, SEATS.c.person, SEATS.c.until).where(there)
    ).all()
    mine = [row.seat for row in rows if row.person == person]
    lapsed = [row.seat for row in rows if row.until is not None and row.until <= moment(now)]
    unused = sorted(set(range(batch.terms.overlap)) - {row.seat for row in rows})
    if mine or lapsed:
        seat = (mine or lapsed)[0]
        changed = update(SEATS).where(there, SEATS.c.seat == seat)
        connection.execute(changed.values(person=person, until=until))
    elif unused:
        row = {"seat": unused[0], "person": person, "until": until}
        connection.execute(insert(SEATS).values(batch=batch.name, pair=pair, **row))
    return bool(mine or lapsed or unused)


def keep_seat(connection: Connection, batch: Batch, pair: str, person: str) -> None:
    """Keeps a person's seat for good: they voted."""
    connection.execute(update(SEATS).where(_of(batch, pair, person)).values(until=None))


def leave_seat(connection: Connection, batch: Batch, pair: str, person: str) -> None:
    """Frees a person's seat: they skipped."""
    connection.execute(delete(SEATS).where(_of(batch, pair, person)))


def _of(batch: Batch, pair: str, person: str) -> ColumnElement[bool]:
    return and_(SEATS.c.batch == batch.name, SEATS.c.pair == pair, SEATS.c.person == person)
