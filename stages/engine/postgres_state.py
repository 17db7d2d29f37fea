"""State in PostgreSQL, for many machines: a row per entry, and advisory locks.

Connections must reach the server itself: behind a pooler that hands a connection on after each
transaction, a lock belongs to nobody.
"""

import os
import socket
import threading
import weakref
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import TYPE_CHECKING, cast

from policies.canonical import canonical_json
from policies.errors import Broken, WrongUsage
from stages.engine.data import without_credentials
from stages.engine.passwords import without_password
from stages.engine.state import Entry, LockHeld, checked_name
from stages.evidence.json_lines import strict_json

if TYPE_CHECKING:
    import psycopg

_CONNECTS_WITHIN_SECONDS = 10
_TABLE = """
CREATE TABLE IF NOT EXISTS gate_streams (
  stream text NOT NULL,
  number bigint NOT NULL,  -- from 1, without a gap
  entry text NOT NULL,     -- canonical JSON
  PRIMARY KEY (stream, number)
)"""
_TABLE_LOCK = 0x67617465  # "gate": one process at a time makes the table
_READ = "SELECT number, entry FROM gate_streams WHERE stream = %s ORDER BY number"
_LAST = "SELECT coalesce(max(number), 0) FROM gate_streams WHERE stream = %s"
_ADD = "INSERT INTO gate_streams (stream, number, entry) VALUES (%s, %s, %s)"
_HOLDER = """
SELECT application_name FROM pg_locks JOIN pg_stat_activity USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1
AND ((classid::bigint << 32) | objid::bigint) = %s"""


class PostgresState:
    """Streams and locks in a PostgreSQL database; safe for many threads.

    Args:
        url: `postgresql://...`; nothing is connected to before it is used.

    Raises:
        WrongUsage: When psycopg is not installed.
    """

    def __init__(self, url: str) -> None:
        try:
            import psycopg
        except ModuleNotFoundError:
            raise WrongUsage(
                "cannot keep state in PostgreSQL",
                why="psycopg is not installed",
                fix="install the extra `postgres`, e.g. pip install 'checkpoint-gate[postgres]'",
            ) from None
        self._psycopg = psycopg
        self._secret_url = url
        self._turn = threading.Lock()
        self._streams = _Line()
        weakref.finalize(self, self._streams.close)
        self._held: dict[str, psycopg.Connection[tuple[object, ...]]] = {}

    @property
    def url(self) -> str:
        """`postgresql://host/database`, without user and password."""
        return without_credentials(self._secret_url)

    def read(self, stream: str) -> tuple[Entry, ...]:
        """Every durable entry, oldest first; empty for a stream that was never written.

        Raises:
            Broken: When the database fails, or an entry is missing or cannot be read.
        """
        with self._connected() as connection:
            rows = connection.execute(_READ, (checked_name(stream),)).fetchall()
        return tuple(
            self._entry(stream, place, number, entry)
            for place, (number, entry) in enumerate(rows, start=1)
        )

    def append(self, stream: str, entries: Sequence[Entry]) -> None:
        """Adds entries; they are on the server's disk when this returns.

        Raises:
            Broken: When the database fails, or a lock that is held was lost; nothing of the entries
                is kept then, unless the connection broke while they were being confirmed.
        """
        texts = [canonical_json(entry) for entry in entries]
        name = checked_name(stream)
        if not texts:
            return
        with self._connected() as connection, connection.transaction():
            self._check_locks()
            connection.execute("SET LOCAL synchronous_commit = on")
            connection.execute("SELECT pg_advisory_xact_lock(%s)", (_key(f"stream/{name}"),))
            found = connection.execute(_LAST, (name,)).fetchone()
            last = cast("int", found[0]) if found else 0
            numbered = enumerate(texts, start=last + 1)
            with connection.cursor() as cursor:
                cursor.executemany(_ADD, [(name, number, text) for number, text in numbered])

    @contextmanager
    def lock(self, name: str) -> Iterator[None]:
        """Exclusive hold on a name, given up when the process ends.

        Raises:
            LockHeld: When another process (or another thread) holds it, naming the process.
            Broken: When the database does not answer.
        """
        key = _key(f"lock/{checked_name(name)}")
        with self._translated():
            connection = self._connect()
        with connection:
            with self._translated():
                self._hold(connection, name, key)
            self._held[name] = connection
            try:
                yield
            finally:
                del self._held[name]
                with suppress(self._psycopg.Error):  # else a server sees it when it finds time
                    connection.execute("SELECT pg_advisory_unlock(%s)", (key,))

    def _hold(
        self, connection: "psycopg.Connection[tuple[object, ...]]", name: str, key: int
    ) -> None:
        if connection.execute("SELECT pg_try_advisory_lock(%s)", (key,)).fetchone() == (True,):
            return
        holder = connection.execute(_HOLDER, (key,)).fetchone()
        raise LockHeld(
            f"cannot work on {name}",
            why=f"{holder[0] if holder else 'another process'} holds its lock in {self.url}",
            fix="wait until it ends, or end it; the lock goes with the process",
        )

    def _check_locks(self) -> None:
        """A lock whose connection broke may be another's by now: then nothing is written."""
        for connection in tuple(self._held.values()):
            connection.execute("SELECT 1")

    @contextmanager
    def _connected(self) -> Iterator["psycopg.Connection[tuple[object, ...]]"]:
        with self._turn, self._translated():
            connection = self._streams.connection
            if connection is None or connection.closed:
                connection = self._streams.connection = self._connect()
                with connection.transaction():
                    connection.execute("SELECT pg_advisory_xact_lock(%s)", (_TABLE_LOCK,))
                    connection.execute(_TABLE)
            yield connection

    def _connect(self) -> "psycopg.Connection[tuple[object, ...]]":
        return self._psycopg.connect(
            self._secret_url,
            autocommit=True,
            connect_timeout=_CONNECTS_WITHIN_SECONDS,
            application_name=f"gate, process {os.getpid()} of {socket.gethostname()}"[:63],
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except self._psycopg.Error as error:
            raise Broken(
                f"cannot use the state in {self.url}",
                why=f"{type(error).__name__}: {without_password(str(error), url=self._secret_url)}",
                fix="see that the database runs, that its disk has room and that [state] url "
                "(or GATE_STATE) names it rightly, then run the same command again",
            ) from None

    def _entry(self, stream: str, place: int, number: object, entry: object) -> Entry:
        where = f"entry {number} of stream {stream} in {self.url}"
        if number != place:
            raise _unreadable(where, f"it stands at place {place}: entries are missing")
        try:
            found = strict_json(str(entry))
        except ValueError as error:
            raise _unreadable(where, str(error)) from None
        if not isinstance(found, dict):
            raise _unreadable(where, "it is no object")
        return found


class _Line:
    """The connection that streams are read and written by, once there is one."""

    def __init__(self) -> None:
        self.connection: psycopg.Connection[tuple[object, ...]] | None = None

    def close(self) -> None:
        """Gives the connection up."""
        if self.connection is not None:
            self.connection.close()


def _key(name: str) -> int:
    """A signed 64-bit number, as advisory locks have."""
    return int.from_bytes(sha256(f"gate/{name}".encode()).digest()[:8], "big", signed=True)


def _unreadable(where: str, why: str) -> Broken:
    return Broken(
        f"cannot read the journal at {where}",
        why=f"{why}; the table was changed by something else",
        fix="restore the table gate_streams from a backup",
    )
