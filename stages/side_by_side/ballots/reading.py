"""Rows of the ballot box as values."""

import json
import math
from collections.abc import Sequence
from types import NoneType

from sqlalchemy import Connection, RowMapping, bindparam, func, select

from policies.errors import Broken
from stages.side_by_side.ballots.history import Act
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.standing import Stopped
from stages.side_by_side.ballots.tables import ACTS, PEOPLE, STOPS
from stages.side_by_side.preference import Preference

# Built once: to build a statement takes longer than to run it.
_ACT = [name for name in Act.__slots__ if name != "preference"]
_ACTS = (
    select(ACTS.c.preference, *(ACTS.c[name] for name in _ACT))
    .where(ACTS.c.batch == bindparam("of_batch"))
    .order_by(ACTS.c.number)
)
_ACTS_OF_PERSON = _ACTS.where(ACTS.c.person == bindparam("of_person"))
_LAST_NUMBER = select(func.max(ACTS.c.number)).where(ACTS.c.batch == bindparam("of_batch"))
_CHANGES = (
    select(*(PEOPLE.c[name] for name in Person.__slots__))
    .where(PEOPLE.c.batch == bindparam("of_batch"))
    .order_by(PEOPLE.c.name, PEOPLE.c.change)
)
_LAST_CHANGE = (
    _CHANGES.where(PEOPLE.c.name == bindparam("of_person"))
    .order_by(None)
    .order_by(PEOPLE.c.change.desc())
    .limit(1)
)
_STOP = select(STOPS.c.at, STOPS.c.why, STOPS.c.by).where(STOPS.c.batch == bindparam("of_batch"))
_PREFERENCES = {said.value: said for said in Preference}
_KINDS: dict[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("number", "turn", "place", "guidelines"), int),
    **dict.fromkeys(("person", "pair", "comment", "token", "at"), str),
    "gold": bool,
    "seconds": (float, NoneType),
    "undoes": (int, NoneType),
}
_KINDS_OF_ACT = [_KINDS[name] for name in _ACT]
"""SQLite keeps what it is given, whatever its column is of."""


def read_acts(connection: Connection, batch: str, person: str | None = None) -> tuple[Act, ...]:
    """Acts of a batch, or of one person in it, in order of acceptance.

    Raises:
        Broken: When a row holds what was never written there.
    """
    asked = _ACTS if person is None else _ACTS_OF_PERSON
    rows = connection.execute(asked, {"of_batch": batch, "of_person": person})
    found = []
    for said, *row in rows:
        _check_act(batch, said, row)
        act = Act(preference=_PREFERENCES[said], **dict(zip(_ACT, row, strict=True)))
        if not 1 <= act.place <= act.number:
            raise tampered(batch, f"vote {act.number} stands in the place of none before it")
        found.append(act)
    return tuple(found)


def last_number(connection: Connection, batch: str) -> int:
    """Number of a batch's last act; 0 when there is none."""
    return connection.execute(_LAST_NUMBER, {"of_batch": batch}).scalar() or 0


def read_person(connection: Connection, batch: str, name: str) -> Person | None:
    """A person as they stand; None when the batch has no such person.

    Raises:
        Broken: When their row holds what was never written there.
    """
    asked = {"of_batch": batch, "of_person": name}
    row = connection.execute(_LAST_CHANGE, asked).mappings().first()
    return None if row is None else _person(batch, row)


def read_people(connection: Connection, batch: str) -> tuple[Person, ...]:
    """Everybody as they stand, by name.

    Raises:
        Broken: When a row holds what was never written there.
    """
    rows = connection.execute(_CHANGES, {"of_batch": batch}).mappings()
    last = {row["name"]: _person(batch, row) for row in rows}
    return tuple(last[name] for name in sorted(last))  # databases sort by rules of their own


def read_stop(connection: Connection, batch: str) -> Stopped | None:
    """Since when a batch takes no more votes; None while it does."""
    row = connection.execute(_STOP, {"of_batch": batch}).first()
    return None if row is None else Stopped(at=row.at, why=row.why, by=row.by)


def tampered(batch: str, why: str) -> Broken:
    """The error of a batch in which somebody else has written."""
    return Broken(
        f"cannot use the votes of batch {batch}",
        why=why,
        fix="restore the ballot box from a backup; nothing but `gate sxs` may write in it",
    )


def _check_act(batch: str, said: object, row: Sequence[object]) -> None:
    seconds = row[_ACT.index("seconds")]
    is_time = not isinstance(seconds, float) or 0 <= seconds < math.inf
    if said not in _PREFERENCES or not is_time or not all(map(isinstance, row, _KINDS_OF_ACT)):
        raise tampered(batch, f"vote {row[0]!r} holds what no vote does")


def _person(batch: str, row: RowMapping) -> Person:
    try:
        status, opted_out = Status(row["status"]), json.loads(row["opted_out"])
    except (TypeError, ValueError, RecursionError):
        status, opted_out = None, None
    if status is None or not isinstance(opted_out, list):
        raise tampered(batch, f"the row of {row['name']!r} holds what no person's does")
    return Person(**{**row, "status": status, "opted_out": tuple(map(str, opted_out))})
