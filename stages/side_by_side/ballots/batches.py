"""Batches in the ballot box: opened once, their guidelines published anew, stopped."""

from dataclasses import asdict
from datetime import datetime

from sqlalchemy import Connection, insert, select

from policies.errors import InputError
from stages.side_by_side.ballots.database import Database
from stages.side_by_side.ballots.moments import moment
from stages.side_by_side.ballots.reading import read_stop, tampered
from stages.side_by_side.ballots.standing import Guidelines, Stopped
from stages.side_by_side.ballots.tables import BATCHES, GUIDELINES, STOPS
from stages.side_by_side.batch import Batch
from stages.side_by_side.batch_codec import decode_batch, encode_batch


class Batches:
    """The batches of a ballot box.

    Args:
        database: Where they are kept.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, Batch] = {}

    def open(self, batch: Batch, *, now: datetime) -> None:
        """Keeps a batch; its guidelines become version 1. The same batch again changes nothing.

        Raises:
            InputError: When another batch has its name.
        """
        with self._database.writing() as connection:
            asked = select(BATCHES.c.digest).where(BATCHES.c.name == batch.name)
            digest = connection.execute(asked).scalar()
            if digest is None:
                _keep(connection, batch, at=moment(now))
            elif digest != batch.digest:
                raise InputError(
                    f"cannot open batch {batch.name}",
                    why="another batch of that name is there already, and people vote in it",
                    fix="give this one another name",
                )

    def names(self) -> tuple[str, ...]:
        """Names of all batches, oldest first."""
        with self._database.reading() as connection:
            asked = select(BATCHES.c.name).order_by(BATCHES.c.at, BATCHES.c.name)
            return tuple(connection.execute(asked).scalars())

    def get(self, name: str) -> Batch:
        """A batch.

        Raises:
            InputError: When there is none of that name.
            Broken: When it is not what was opened under that name.
        """
        if name not in self._known:
            with self._database.reading() as connection:
                asked = select(BATCHES.c.body, BATCHES.c.digest).where(BATCHES.c.name == name)
                kept = connection.execute(asked).first()
            if kept is None:
                raise self._database.no_batch(name)
            where = f"batch {name} of {self._database.shown}"
            batch = decode_batch(kept.body.encode(), where=where)
            if (batch.name, batch.digest) != (name, kept.digest):
                raise tampered(name, "it is not the batch that was opened: its digest is another")
            self._known[name] = batch
        return self._known[name]

    def guidelines(self, name: str, version: int | None = None) -> Guidelines:
        """What annotators are told now, or were told in a version.

        Raises:
            InputError: When there is no such version.
        """
        self.get(name)
        with self._database.reading() as connection:
            found = _guidelines(connection, name, version)
        if found is None:
            raise InputError(
                f"there is no version {version} of the guidelines of batch {name}",
                why="it was never published",
                fix="name a version that was",
            )
        return found

    def publish(self, name: str, text: str, *, by: str = "", now: datetime) -> Guidelines:
        """New guidelines, shown from now on; the same text again is no new version."""
        with self._database.writing(name) as connection:
            last = _guidelines(connection, name)
            if last is not None and last.text == text:
                return last
            version = last.version + 1 if last is not None else 1
            published = Guidelines(version=version, text=text, by=by, at=moment(now))
            _publish(connection, name, published)
            return published

    def stop(self, name: str, *, why: str, by: str = "", now: datetime) -> Stopped:
        """Takes no more votes; what was accepted stands. A second stop changes nothing."""
        with self._database.writing(name) as connection:
            before = read_stop(connection, name)
            if before is not None:
                return before
            stopped = Stopped(at=moment(now), why=why, by=by)
            connection.execute(insert(STOPS).values(batch=name, **asdict(stopped)))
            return stopped

    def stopped(self, name: str) -> Stopped | None:
        """Since when a batch takes no more votes, and why; None while it does."""
        self.get(name)
        with self._database.reading() as connection:
            return read_stop(connection, name)


def _keep(connection: Connection, batch: Batch, *, at: str) -> None:
    body = encode_batch(batch).decode()
    row = {"name": batch.name, "digest": batch.digest, "body": body, "at": at}
    connection.execute(insert(BATCHES).values(row))
    first = Guidelines(version=1, text=batch.terms.guidelines, by="", at=at)
    _publish(connection, batch.name, first)


def _publish(connection: Connection, name: str, guidelines: Guidelines) -> None:
    connection.execute(insert(GUIDELINES).values(batch=name, **asdict(guidelines)))


def _guidelines(connection: Connection, name: str, version: int | None = None) -> Guidelines | None:
    columns = [GUIDELINES.c[field] for field in Guidelines.__slots__]
    asked = select(*columns).where(GUIDELINES.c.batch == name)
    if version is not None:
        asked = asked.where(GUIDELINES.c.version == version)
    last = asked.order_by(GUIDELINES.c.version.desc()).limit(1)
    row = connection.execute(last).mappings().first()
    return None if row is None else Guidelines(**row)
