"""Engines that read traffic: this process's DuckDB, or a database that Ibis reaches."""

import importlib
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import gettempdir
from typing import TYPE_CHECKING, TypeAlias
from uuid import uuid4

from policies.errors import InputError
from stages.online.sources import Connection, Tables

if TYPE_CHECKING:
    from ibis.backends.duckdb import Backend as DuckDB
    from ibis.backends.sql import SQLBackend

    Backend: TypeAlias = SQLBackend

DUCKDB, POSTGRES, SPARK, BIGQUERY = "duckdb", "postgres", "pyspark", "bigquery"
"""Names of backends, as Ibis spells them."""

_OF_SCHEME = {"postgresql": POSTGRES, "spark": SPARK, "sc": SPARK}

_SETTINGS = (
    "TimeZone='UTC'",
    "enable_progress_bar=false",
    "preserve_insertion_order=false",
    "disabled_optimizers='statistics_propagation'",
)
"""No conclusions from a Parquet file's statistics, which know nothing of NaN: DuckDB 2.0 would
answer `isnan` with false by them."""

_FAULTS = {
    DUCKDB: ("duckdb.Error",),
    POSTGRES: ("psycopg.Error",),
    SPARK: ("pyspark.errors.PySparkException", "py4j.protocol.Py4JError"),
    BIGQUERY: ("google.api_core.exceptions.GoogleAPIError",),
}
"""What each engine raises when it cannot answer."""

_EXTRAS = {POSTGRES: "postgres", SPARK: "spark", BIGQUERY: "bigquery"}


def backend_of(tables: Tables) -> str:
    """Ibis's name of the backend that reads the tables."""
    if tables.connection is None:
        return DUCKDB
    scheme = tables.connection.scheme
    return _OF_SCHEME.get(scheme, scheme)


@contextmanager
def connected(tables: Tables) -> Iterator["Backend"]:
    """The engine that reads the tables, closed when the context ends.

    Raises:
        InputError: It cannot be reached, its password is absent, or the backend is not installed.
    """
    if tables.connection is None:
        with engine() as local:
            yield local
        return
    _refuse_without_password(tables.connection)
    with _quiet():
        backend, mine = _connect(tables.connection)
        try:
            yield backend
        finally:
            if mine:
                backend.disconnect()


@contextmanager
def engine(*settings: str) -> Iterator["DuckDB"]:
    """An in-memory DuckDB, closed when the context ends.

    It uses every thread: sums of floats then differ in their last bits from run to run, which is
    why a look is written down once and never reduced twice.

    Args:
        settings: Further `NAME=VALUE` of DuckDB, such as `memory_limit='2GB'`.
    """
    import ibis

    with _quiet():
        connection = ibis.duckdb.connect()
        try:
            _set(connection, settings)
            yield connection
        finally:
            connection.disconnect()


def faults(backend: str) -> tuple[type[Exception], ...]:
    """What a backend raises when it cannot answer."""
    from ibis.common.exceptions import IbisError, TableNotFound

    return (IbisError, TableNotFound, *(_named(name) for name in _FAULTS.get(backend, ())))


def _refuse_without_password(connection: Connection) -> None:
    if connection.password_env is not None and not connection.password:
        raise InputError(
            f"cannot reach the traffic at {connection.url}",
            why=f"the variable {connection.password_env}, which should hold its password, is unset",
            fix=f"set {connection.password_env}, or leave `password_env` out of [data.NAME] "
            "where no password is needed",
        )


def _connect(connection: Connection) -> tuple["Backend", bool]:
    """The backend, and whether it is closed when it is no longer needed."""
    backend = _OF_SCHEME.get(connection.scheme, connection.scheme)
    known = _faults_of_known(backend)
    kinds: tuple[type[Exception], ...] = (ImportError, OSError, ValueError, *known)
    try:
        return _opened(connection, backend)
    except kinds as error:
        raise _unreachable(connection, str(error), backend) from None


def _opened(connection: Connection, backend: str) -> tuple["Backend", bool]:
    import ibis

    if backend == SPARK:
        return _spark(connection)
    if backend == DUCKDB:
        found = ibis.duckdb.connect(connection.url.removeprefix("duckdb:///"), read_only=True)
        _set(found)
        return found, True
    return ibis.connect(connection.with_password()), True


def _spark(connection: Connection) -> tuple["Backend", bool]:
    """A Spark session: of a cluster (`spark://`), of Spark Connect (`sc://`), or of this machine.

    A session that is there already is used, and left alone afterwards.
    """
    import ibis
    from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra

    running = SparkSession.getActiveSession()
    if running is None:
        builder = SparkSession.builder.appName("checkpoint-gate")
        local = connection.url.removeprefix("spark://").startswith("local")
        if connection.scheme == "sc":
            builder = builder.remote(connection.url)
        else:
            builder = builder.master(connection.url.removeprefix("spark://" if local else ""))
        running = builder.config("spark.sql.session.timeZone", "UTC").getOrCreate()
        return ibis.pyspark.connect(running), True
    return ibis.pyspark.connect(running), False


def _set(connection: "DuckDB", more: tuple[str, ...] = ()) -> None:
    """Settles how it works; what outgrows memory goes to a folder of its own, never to this one."""
    outgrown = f"{gettempdir()}/gate-duckdb-{uuid4().hex}".replace("'", "''")
    for setting in (*_SETTINGS, f"temp_directory='{outgrown}'", *more):
        connection.raw_sql(f"SET {setting}")


@contextmanager
def _quiet() -> Iterator[None]:
    with warnings.catch_warnings():
        # Ibis 12 still calls what DuckDB 2 has renamed, and Spark warns of every newer pandas.
        warnings.filterwarnings("ignore", message="fetch_.* is deprecated")
        warnings.filterwarnings("ignore", module="pyspark")
        warnings.filterwarnings("ignore", message="PySpark does not yet fully support pandas")
        warnings.filterwarnings("ignore", message="The 'future.infer_string' option")
        yield


def _faults_of_known(backend: str) -> tuple[type[Exception], ...]:
    """The same; none of a backend that is not installed."""
    try:
        return faults(backend)
    except ImportError:
        return ()


def _named(name: str) -> type[Exception]:
    module, _, attribute = name.rpartition(".")
    found: type[Exception] = getattr(importlib.import_module(module), attribute)
    return found


def _unreachable(connection: Connection, why: str, backend: str) -> InputError:
    extra = _EXTRAS.get(backend)
    install = f"; install it with: pip install 'checkpoint-gate[{extra}]'" if extra else ""
    return InputError(
        f"cannot reach the traffic at {connection.url}",
        why=connection.masked(" ".join(why.split()))[:300],
        fix=f"check `connection` of [data.NAME], its password and the network{install}",
    )
