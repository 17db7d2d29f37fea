"""Rows of the ballot box as values."""

import json

from sqlalchemy import Connection, RowMapping, func, select

from stages.side_by_side.ballots.history import Act
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.standing import Stopped
from stages.side_by_side.ballots.tables import ACTS, PEOPLE, STOPS
from stages.side_by_side.preference import Preference

_ACT = [ACTS.c[name] for name in Act.__slots__]
_PERSON = [PEOPLE.c[name] for name in Person.__slots__]


def read_acts(connection: Connection, batch: str, person: str | None = None) -> tuple[Act, ...]:
    """Acts of a batch, or of one person in it, in order of acceptance."""
    asked = select(*_ACT).where(ACTS.c.batch == batch).order_by(ACTS.c.number)
    if person is not None:
        asked = asked.where(ACTS.c.person == person)
    return tuple(_act(row) for row in connection.execute(asked).mappings())


def last_number(connection: Connection, batch: str) -> int:
    """Number of a batch's last act; 0 when there is none."""
    asked = select(func.max(ACTS.c.number)).where(ACTS.c.batch == batch)
    return connection.execute(asked).scalar() or 0


def read_person(connection: Connection, batch: str, name: str) -> Person | None:
    """A person as they stand; None when the batch has no such person."""
    asked = select(*_PERSON).where(PEOPLE.c.batch == batch, PEOPLE.c.name == name)
    last = asked.order_by(PEOPLE.c.change.desc()).limit(1)
    row = connection.execute(last).mappings().first()
    return None if row is None else _person(row)


def read_people(connection: Connection, batch: str) -> tuple[Person, ...]:
    """Everybody as they stand, by name."""
    asked = select(*_PERSON).where(PEOPLE.c.batch == batch)
    rows = connection.execute(asked.order_by(PEOPLE.c.name, PEOPLE.c.change)).mappings()
    return tuple({row["name"]: _person(row) for row in rows}.values())


def read_stop(connection: Connection, batch: str) -> Stopped | None:
    """Since when a batch takes no more votes; None while it does."""
    asked = select(STOPS.c.at, STOPS.c.why).where(STOPS.c.batch == batch)
    row = connection.execute(asked).first()
    return None if row is None else Stopped(at=row.at, why=row.why)


def _act(row: RowMapping) -> Act:
    return Act(**{**row, "preference": Preference(row["preference"])})


def _person(row: RowMapping) -> Person:
    return Person(
        **{
            **row,
            "status": Status(row["status"]),
            "opted_out": tuple(json.loads(row["opted_out"])),
        }
    )
