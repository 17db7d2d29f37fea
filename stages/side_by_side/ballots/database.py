"""The database behind the state's URL: SQLite in a folder of one machine, or PostgreSQL."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

from sqlalchemy import (
    Connection,
    Engine,
    bindparam,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
)
from sqlalchemy.engine import URL, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry
from sqlalchemy.schema import CreateTable

from policies.errors import Broken, GateError, InputError, WrongUsage
from stages.engine.data import without_credentials
from stages.engine.passwords import without_password
from stages.engine.state_url import is_postgres, state_folder
from stages.side_by_side.ballots.tables import BATCHES, METADATA, SCHEMA, SCHEMAS

FILE = "votes.sqlite"
_BUSY_MS = 30_000
_RETRY_S = 0.01
_PRAGMAS = (f"PRAGMA busy_timeout = {_BUSY_MS}", "PRAGMA foreign_keys = ON")
_HOLD = (
    select(BATCHES.c.name)
    .where(BATCHES.c.name == bindparam("of_batch"))
    .with_for_update(key_share=True)
)
_LOCK_OF_TABLES = 0x67617465  # "gate": one process at a time makes the tables


class Database:
    """Connections to one database, and what a transaction promises.

    Args:
        state_url: As `open_ballots` takes it.

    Raises:
        WrongUsage: When the URL names neither a folder nor PostgreSQL.
        Broken: When it cannot be opened.
    """

    def __init__(self, state_url: str) -> None:
        self._secret_url = state_url
        self.shown = without_credentials(state_url)
        url = _database_url(state_url)
        self._sqlite = url.get_backend_name() == "sqlite"
        self._turn = threading.Lock() if self._sqlite else nullcontext()
        try:
            self._engine = _engine(url)
        except ModuleNotFoundError:
            raise WrongUsage(
                "cannot keep votes in PostgreSQL",
                why="psycopg is not installed",
                fix="install the extra `postgres`, e.g. pip install 'checkpoint-gate[postgres]'",
            ) from None
        try:
            self._make_tables()
        except GateError:
            self.close()
            raise

    def close(self) -> None:
        """Gives up its connections."""
        self._engine.dispose()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A look at the database; it changes nothing.

        Raises:
            Broken: When the database fails.
        """
        with self._translated(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self, batch: str | None = None, *, durable: bool = True) -> Iterator[Connection]:
        """A change, kept as a whole and on disk when the block ends; nothing of it after an error.

        Those who change the same batch do so one after the other.

        Args:
            batch: The batch that is changed; None when it is none.
            durable: Whether it must survive the machine's death too; a process's it does anyway.

        Raises:
            InputError: When there is no such batch.
            Broken: When the database fails.
        """
        with self._translated(), self._turn, self._engine.connect() as connection:
            changing = connection.execution_options(changing=True, durable=durable)
            with changing.begin():
                if batch is not None:
                    self._hold(changing, batch)
                yield changing

    def no_batch(self, name: str) -> InputError:
        """The error of a batch that is not there."""
        return InputError(
            f"there is no batch {name!r} in {self.shown}",
            why="no batch of that name was opened there",
            fix="open it first, or name another; `[state] url` says where batches are kept",
        )

    def _hold(self, connection: Connection, batch: str) -> None:
        if connection.execute(_HOLD, {"of_batch": batch}).first() is None:
            raise self.no_batch(batch)

    def _make_tables(self) -> None:
        with self.writing() as connection:
            if not self._sqlite:
                connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK_OF_TABLES})"))
            version = self._version(connection)
            if version not in (None, SCHEMA):
                raise self._other_version(version)
            for table in METADATA.sorted_tables:
                connection.execute(CreateTable(table, if_not_exists=True))
            if version is None:
                connection.execute(insert(SCHEMAS).values(version=SCHEMA))

    def _version(self, connection: Connection) -> int | None:
        """Version of the tables that are there; None where there are none."""
        there = inspect(connection)
        if there.has_table(SCHEMAS.name):
            return connection.execute(select(func.max(SCHEMAS.c.version))).scalar() or 0
        return 0 if there.has_table(BATCHES.name) else None

    def _other_version(self, version: int) -> Broken:
        """The error of tables that this version of the gate did not make."""
        return Broken(
            f"cannot use the votes in {self.shown}",
            why=f"they are kept in schema {version}, and this version of the gate knows {SCHEMA}",
            fix="use the version of the gate that keeps them, or a newer one"
            if version > SCHEMA
            else "export the votes with the version of the gate that keeps them",
        )

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            cause = getattr(error, "orig", None) or error
            raise Broken(
                f"cannot use the votes in {self.shown}",
                why=f"{type(cause).__name__}: {without_password(str(cause), url=self._secret_url)}",
                fix="see that the database runs and its disk has room, then do the same again; "
                "what was accepted is kept",
            ) from None


def _database_url(state_url: str) -> URL:
    if is_postgres(state_url):
        try:
            return make_url(f"postgresql+psycopg://{state_url.partition('://')[2]}")
        except (ArgumentError, ValueError):
            raise WrongUsage(
                f"cannot keep votes in {without_credentials(state_url)}",
                why="the URL cannot be read",
                fix="write it as postgresql://user:password@host:port/database",
            ) from None
    folder = state_folder(state_url).absolute()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(
            f"cannot keep votes in {folder}",
            why=error.strerror or str(error),
            fix="mend the permissions of the folder, or set [state] url (or GATE_STATE) to another",
        ) from None
    return URL.create("sqlite", database=str(folder / FILE))


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return create_engine(url, pool_pre_ping=True, pool_size=10)
    engine = create_engine(url)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    connection.isolation_level = (
        None  # transactions begin where `_begin` says, not where sqlite3 guesses
    )
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    _keep_log(cursor)
    cursor.close()


def _keep_log(cursor: DBAPICursor) -> None:
    """Readers and a writer at once; here SQLite does not heed `busy_timeout`, so we wait."""
    until = time.monotonic() + _BUSY_MS / 1000
    while True:
        try:
            cursor.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(_RETRY_S)
        else:
            return


def _begin(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("changing"):
        kept = "FULL" if options.get("durable") else "NORMAL"  # whether to wait for the disk
        connection.exec_driver_sql(f"PRAGMA synchronous = {kept}")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("changing") else "BEGIN")
