"""The seats at a pair: as many as people may vote on it, each kept for one person.

A seat is kept for some minutes for whoever was given the pair, and for good for whoever voted. No
seat has two people, and the database refuses a second row for one: so `overlap` is never exceeded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import (
    Connection,
    Integer,
    String,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)

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
    asked = {"of_batch": batch.name, "me": person, "at": moment(now), "most": batch.terms.overlap}
    return Seating(
        held=tuple(connection.execute(_HELD, asked).scalars()),
        others={row[0]: row[1] for row in connection.execute(_FULL, asked)},
    )


def take_seat(
    connection: Connection,
    batch: Batch,
    pair: str,
    person: str,
    *,
    now: datetime,
    for_good: bool = False,
) -> bool:
    """Keeps a seat for a person, for the batch's lease or for good; False when there is none."""
    lease = timedelta(minutes=batch.terms.rules.lease_minutes)
    there = {"of_batch": batch.name, "of_pair": pair}
    rows = connection.execute(_SEATS, there).all()
    mine = [row.seat for row in rows if row.person == person]
    lapsed = [row.seat for row in rows if row.until is not None and row.until <= moment(now)]
    unused = sorted(set(range(batch.terms.overlap)) - {row.seat for row in rows})
    taken = [*mine, *lapsed, *unused]
    if taken:
        until = None if for_good else moment(now + lease)
        row = {"of_seat": taken[0], "by": person, "end": until}
        connection.execute(_CHANGE if mine or lapsed else _ADD, {**there, **row})
    return bool(taken)


def leave_seat(connection: Connection, batch: Batch, pair: str, person: str) -> None:
    """Frees a person's seat: they skipped."""
    connection.execute(_LEAVE, {"of_batch": batch.name, "of_pair": pair, "me": person})


def leave_kept_seats(connection: Connection, batch: str, person: str) -> None:
    """Frees every seat of a person who may vote no more, but for those of their votes."""
    connection.execute(_LEAVE_KEPT, {"of_batch": batch, "me": person})


# Built once: to build a statement takes longer than to run it.
_HERE = SEATS.c.batch == bindparam("of_batch")
_THERE = (_HERE, SEATS.c.pair == bindparam("of_pair"))
_ME = bindparam("me", type_=String)
_AT = bindparam("at", type_=String)
_HELD = (
    select(SEATS.c.pair)
    .where(_HERE, SEATS.c.person == _ME, SEATS.c.until > _AT)
    .order_by(SEATS.c.until.desc())
)
_FULL = (
    select(SEATS.c.pair, func.count().filter(SEATS.c.until.is_(None)))
    .where(_HERE, SEATS.c.person != _ME, or_(SEATS.c.until.is_(None), SEATS.c.until > _AT))
    .group_by(SEATS.c.pair)
    .having(func.count() >= bindparam("most", type_=Integer))
)
_SEATS = select(SEATS.c.seat, SEATS.c.person, SEATS.c.until).where(*_THERE)
_CHANGE = (
    update(SEATS)
    .where(*_THERE, SEATS.c.seat == bindparam("of_seat"))
    .values(person=bindparam("by"), until=bindparam("end"))
)
_ADD = insert(SEATS).values(
    batch=bindparam("of_batch"),
    pair=bindparam("of_pair"),
    seat=bindparam("of_seat"),
    person=bindparam("by"),
    until=bindparam("end"),
)
_LEAVE = delete(SEATS).where(*_THERE, SEATS.c.person == _ME)
_LEAVE_KEPT = delete(SEATS).where(_HERE, SEATS.c.person == _ME, SEATS.c.until.is_not(None))
