"""The people of a batch: added, paused, resumed, removed; every change is kept."""

from collections.abc import Callable, Collection
from dataclasses import asdict, replace
from datetime import datetime
from shlex import quote

from sqlalchemy import Connection, func, insert, select

from policies.canonical import canonical_json
from policies.errors import InputError
from stages.side_by_side.ballots.batches import Batches
from stages.side_by_side.ballots.database import Database
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.ballots.reading import last_number, read_people, read_person
from stages.side_by_side.ballots.seats import leave_kept_seats
from stages.side_by_side.ballots.tables import PEOPLE
from stages.side_by_side.batch import RULE, Batch


class Roster:
    """Who votes in a batch.

    A change keeps who made it (`by`), gives the person as they stand after it, and raises
    `InputError` when the batch has no such person.

    Args:
        database: Where they are kept.
        batches: The batches.
    """

    def __init__(self, database: Database, batches: Batches) -> None:
        self._database = database
        self._batches = batches

    def add(
        self, batch: str, name: str, *, segment: str = "", by: str = "", now: datetime
    ) -> Person:
        """Lets somebody vote; who was removed comes back, with a new link.

        Raises:
            InputError: When the name is empty, or they are there already with another segment.
        """
        terms = self._batches.get(batch)
        with self._database.writing(batch) as connection:
            before = read_person(connection, batch, name)
            if before is None:
                return join(connection, terms, name, segment=segment, by=by, now=now)
            _check_segment(before, batch, segment)
            if before.status is not Status.REMOVED:
                return before
            back = replace(before, status=Status.WORKING, reason="", link=before.link + 1)
            return keep_person(connection, batch, back, by=by, now=now)

    def check_may_be_added(self, batch: str, name: str, *, segment: str = "") -> None:
        """Raises what `add` would, and adds nobody."""
        self._batches.get(batch)
        with self._database.reading() as connection:
            before = read_person(connection, batch, name)
        if before is None:
            _check_name(name)
        else:
            _check_segment(before, batch, segment)

    def get(self, batch: str, name: str) -> Person:
        """A person."""
        self._batches.get(batch)
        with self._database.reading() as connection:
            return known_person(connection, batch, name)

    def all(self, batch: str) -> tuple[Person, ...]:
        """Everybody, removed people included, by name."""
        self._batches.get(batch)
        with self._database.reading() as connection:
            return read_people(connection, batch)

    def pause(self, batch: str, name: str, *, why: str, by: str = "", now: datetime) -> Person:
        """Gives them no more tasks until they are resumed."""
        return self._change(
            batch, name, lambda p, _: replace(p, status=Status.PAUSED, reason=why), by=by, now=now
        )

    def resume(self, batch: str, name: str, *, by: str = "", now: datetime) -> Person:
        """Lets them vote again; they count as qualified, and their gold counts from now on."""

        def resumed(person: Person, last: int) -> Person:
            working = replace(person, status=Status.WORKING, reason="")
            return replace(working, qualified=True, since=last)

        return self._change(batch, name, resumed, by=by, now=now)

    def remove(self, batch: str, name: str, *, why: str, by: str = "", now: datetime) -> Person:
        """Takes them off; their link opens nothing, and their votes stand."""
        return self._change(
            batch, name, lambda p, _: replace(p, status=Status.REMOVED, reason=why), by=by, now=now
        )

    def reissue_link(self, batch: str, name: str, *, by: str = "", now: datetime) -> Person:
        """Makes their links of earlier versions open nothing."""
        return self._change(batch, name, lambda p, _: replace(p, link=p.link + 1), by=by, now=now)

    def set_segment(
        self, batch: str, name: str, segment: str, *, by: str = "", now: datetime
    ) -> Person:
        """Says what kind of user they are."""
        return self._change(batch, name, lambda p, _: replace(p, segment=segment), by=by, now=now)

    def opt_out(
        self, batch: str, name: str, harms: Collection[str], *, by: str = "", now: datetime
    ) -> Person:
        """Shows them no pair of these categories of harm; replaces what they said before."""
        harmless = tuple(sorted(set(harms)))
        return self._change(
            batch, name, lambda p, _: replace(p, opted_out=harmless), by=by, now=now
        )

    def _change(
        self,
        batch: str,
        name: str,
        change: Callable[[Person, int], Person],
        *,
        by: str,
        now: datetime,
    ) -> Person:
        """What `change` makes of the person and of the number of the batch's last act."""
        with self._database.writing(batch) as connection:
            before = known_person(connection, batch, name)
            after = change(before, last_number(connection, batch))
            return keep_person(connection, batch, after, by=by, now=now)


def join(
    connection: Connection,
    batch: Batch,
    name: str,
    *,
    segment: str = "",
    by: str = "",
    now: datetime,
) -> Person:
    """Adds somebody who is not there; they qualify first where the batch says so.

    Raises:
        InputError: When the name is empty, or stands for the rule in files of votes.
    """
    _check_name(name)
    person = Person(name=name, segment=segment, qualified=not batch.terms.rules.qualification)
    return keep_person(connection, batch.name, person, by=by, now=now)


def keep_person(
    connection: Connection, batch: str, person: Person, *, by: str = "", now: datetime
) -> Person:
    """Writes down how a person stands, and by whom, unless they stood so already.

    The pairs that are kept for them go to others when they may not vote.
    """
    before = read_person(connection, batch, person.name)
    if before is not None and before == replace(person, changed_by=before.changed_by):
        return before
    person = replace(person, changed_by=by)
    last = select(func.max(PEOPLE.c.change)).where(
        PEOPLE.c.batch == batch, PEOPLE.c.name == person.name
    )
    row = asdict(person) | {"opted_out": canonical_json(person.opted_out), "at": moment(now)}
    change = (connection.execute(last).scalar() or 0) + 1
    connection.execute(insert(PEOPLE).values(batch=batch, change=change, **row))
    if person.status is not Status.WORKING:
        leave_kept_seats(connection, batch, person.name)
    return person


def known_person(connection: Connection, batch: str, name: str) -> Person:
    """A person as they stand.

    Raises:
        InputError: When the batch has no such person.
    """
    person = read_person(connection, batch, name)
    if person is None:
        raise InputError(
            f"there is no {name!r} in batch {batch}",
            why="nobody of that name was added",
            fix="correct the name, or add them first",
        )
    return person


def _check_name(name: str) -> None:
    if not name.strip():
        raise InputError("cannot add a person", why="they have no name", fix="give them one")
    if name == RULE:
        raise InputError(
            f"cannot add {name!r}",
            why="votes by that name are what nobody was shown",
            fix="give them another name",
        )


def _check_segment(person: Person, batch: str, segment: str) -> None:
    if person.segment == segment:
        return
    to_change = f"gate sxs people {batch} link {quote(person.name)} --segment {quote(segment)}"
    raise InputError(
        f"cannot add {person.name!r}",
        why=f"they are there {_as(person.segment)} already, not {_as(segment)}",
        fix=to_change if segment else f"say --segment {quote(person.segment)}, as they are",
    )


def _as(segment: str) -> str:
    return f"as `{segment}`" if segment else "without a segment"
