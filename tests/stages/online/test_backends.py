"""The same traffic in every engine: the same moments, and queries that list broken rows."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import pytest

from policies.errors import InputError
from stages.online.arms import arms_of
from stages.online.backends import connected, engine
from stages.online.look_data import LookData
from stages.online.parts import parts_of
from stages.online.reduction import reduce_look
from stages.online.sources import Connection, NamedTable, Query, Tables, digests
from stages.online.tables import MissingColumns, Traffic, number, open_traffic, said
from stages.online.unit_folder import UnitFolder
from stages.online.unit_moments import Figures
from stages.online.units import Ab, Span, grown
from tests.servers.postgres import PASSWORD, fresh_database, postgres_server
from tests.stages.online.rich_traffic import NAME, PLAN, assert_looks_agree, rich
from tests.stages.online.traffic_of import START, write

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

__all__ = ["postgres_server"]
DAY = 6.5
COLUMNS = {"unit_id": "user", "timestamp": "ts", "experiment_id": "flag"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rich")
    write(rich(5), folder)
    return folder


@pytest.fixture(scope="module")
def expected(folder: Path) -> LookData:
    return look(files(folder))


@pytest.fixture(scope="module")
def spark() -> "Iterator[SparkSession]":
    """A Spark of this machine; without Java or pyspark the test is skipped."""
    try:
        from pyspark.sql import SparkSession
    except ImportError:
        skip("there is no pyspark; install it with: pip install 'checkpoint-gate[spark]'")
    if shutil.which("java") is None:
        skip("Spark needs Java; install it with: apt-get install openjdk-17-jre-headless")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            SparkSession.builder.master("local[1]")
            .config("spark.sql.session.timeZone", "UTC")
            .config("spark.sql.shuffle.partitions", "1")
            .config("spark.ui.enabled", "false")
            .config("spark.driver.memory", "1g")
            .getOrCreate()
        )
        yield session
        session.stop()


def skip(why: str) -> None:
    if os.environ.get("GATE_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


def files(folder: Path) -> Tables:
    return Tables(exposures=folder / "exposures.parquet", events=folder / "events.parquet")


def look(tables: Tables, *, day: float = DAY, folder: UnitFolder | None = None) -> LookData:
    with connected(tables) as connection:
        opened = open_traffic(connection, tables, PLAN)
        assert isinstance(opened, Traffic), opened
        return reduce_look(
            opened, tables, known_as=NAME, plan=PLAN, start=START, day=day, folder=folder
        )


@contextmanager
def database(folder: Path) -> Iterator[tuple[Path, duckdb.DuckDBPyConnection]]:
    """A DuckDB file with both tables, columns called otherwise."""
    path = folder / "traffic.duckdb"
    path.unlink(missing_ok=True)
    with duckdb.connect(path) as connection:
        for name in ("exposures", "events"):
            more = ", experiment_id AS flag" if name == "exposures" else ""
            connection.execute(
                f"CREATE TABLE {name} AS SELECT unit_id AS user, timestamp AS ts{more}, * "
                f"EXCLUDE (unit_id, timestamp{', experiment_id' if more else ''}) "
                f"FROM '{folder}/{name}.parquet'"
            )
        yield path, connection


def test_a_duckdb_file_whose_columns_have_other_names(folder: Path, expected: LookData) -> None:
    with database(folder) as (path, _):
        pass
    tables = Tables(
        exposures=NamedTable(name="main.exposures"),
        events=Query(sql="SELECT * FROM events"),
        connection=Connection(url=f"duckdb:///{path}"),
        columns=COLUMNS,
    )
    assert_looks_agree(look(tables), expected, rel=1e-12)


@pytest.mark.parametrize("in_folder", [False, True])
def test_postgresql(
    folder: Path,
    expected: LookData,
    tmp_path: Path,
    postgres_server: str,
    *,
    in_folder: bool,
) -> None:
    url = fresh_database(postgres_server)
    copied(folder, url)
    tables = Tables(
        exposures=NamedTable(name="public.exposures"),
        events=Query(sql="SELECT * FROM events"),
        connection=Connection(url=url.replace(f":{PASSWORD}@", "@"), password=PASSWORD),
    )
    kept = UnitFolder(path=tmp_path) if in_folder else None
    if in_folder:
        look(tables, day=3.0, folder=kept)
    assert_looks_agree(look(tables, folder=kept), expected, rel=1e-9)


def test_in_postgresql_true_and_false_are_1_and_0(folder: Path, postgres_server: str) -> None:
    url = fresh_database(postgres_server)
    copied(folder, url)
    tables = Tables(
        exposures=NamedTable(name="exposures"),
        events=NamedTable(name="events"),
        connection=Connection(url=url.replace(f":{PASSWORD}@", "@"), password=PASSWORD),
    )
    with connected(tables) as connection:
        sums = [
            connection.execute(number(table, "resolved", tries=False).sum())
            for table in (
                connection.table("events"),
                connection.sql("SELECT resolved <> 0 AS resolved FROM events"),
            )
        ]
    assert sums[0] == sums[1] > 0


def copied(folder: Path, url: str) -> None:
    """Both tables into a database of PostgreSQL."""
    import psycopg
    import pyarrow as pa
    import pyarrow.parquet as pq

    with psycopg.connect(url) as connection:
        for name in ("exposures", "events"):
            table = pq.read_table(folder / f"{name}.parquet")
            kinds = ", ".join(f"{f.name} {_KINDS[str(f.type)[:6]]}" for f in table.schema)
            connection.execute(f"CREATE TABLE {name} ({kinds})")
            with connection.cursor().copy(f"COPY {name} FROM STDIN") as copy:
                for batch in pa.Table.to_batches(table):
                    for row in batch.to_pylist():
                        copy.write_row(tuple(row.values()))


_KINDS = {"string": "text", "timest": "timestamptz", "double": "double precision"}


@pytest.mark.parametrize("in_folder", [False, True])
def test_spark(
    folder: Path, expected: LookData, spark: "SparkSession", tmp_path: Path, *, in_folder: bool
) -> None:
    assert spark.version
    tables = Tables(
        exposures=folder / "exposures.parquet",
        events=folder / "events.parquet",
        connection=Connection(url="spark://local"),
    )
    kept = UnitFolder(path=tmp_path) if in_folder else None
    if in_folder:
        look(tables, day=3.0, folder=kept)
    assert_looks_agree(look(tables, folder=kept), expected, rel=1e-9)


def test_bigquery_gets_sql_of_its_own_that_it_can_parse() -> None:
    import ibis
    import sqlglot

    at, text = "timestamp('UTC')", "string"
    shown = {"unit": text, "at": at, "ab": text, "arm": text, said("country"): text}
    exposures = ibis.table({**shown, said("staff"): text}, name="exposures")
    numbers = {part.name: "float64" for part in parts_of(PLAN)}
    events = ibis.table({"unit": text, "at": at, **numbers}, name="events")
    with engine() as connection:
        traffic = Traffic(
            connection=connection,
            exposures=exposures,
            events=events,
            parts=parts_of(PLAN),
            unit="unit_id",
        )
    ab = Ab(plan=PLAN, arms=arms_of(PLAN, NAME), start=START)
    state = grown(traffic, ab, Span(until=ab.at(DAY)))
    figures = Figures(ab=ab, parts=traffic.parts, until=ab.at(DAY))
    for table in (state, figures.counts(state), figures.moments(state)):
        sql = str(ibis.to_sql(table, dialect="bigquery"))
        assert "`exposures`" in sql
        assert sqlglot.parse_one(sql, dialect="bigquery").sql(dialect="bigquery")
    assert "TIMESTAMP_ADD" in sql
    assert "COVAR_SAMP" in sql


def test_a_database_that_is_not_there_is_refused_without_its_password(tmp_path: Path) -> None:
    tables = Tables(
        exposures=NamedTable(name="exposures"),
        events=NamedTable(name="events"),
        connection=Connection(url="postgresql://gate@127.0.0.1:9/x", password=PASSWORD),
    )
    with pytest.raises(InputError, match="postgresql://gate@127") as refused, connected(tables):
        pass
    assert PASSWORD not in str(refused.value)
    assert PASSWORD not in repr(tables)
    absent = Connection(url=f"duckdb:///{tmp_path}/none.duckdb")
    with (
        pytest.raises(InputError, match=r"none\.duckdb"),
        connected(replace(tables, connection=absent)),
    ):
        pass


@pytest.mark.parametrize("password", [None, ""])
def test_an_unset_password_is_named_by_its_variable(password: str | None) -> None:
    at = Connection(
        url="postgresql://gate@nowhere.invalid/db", password=password, password_env="AB_PASSWORD"
    )
    tables = Tables(
        exposures=NamedTable(name="exposures"), events=NamedTable(name="events"), connection=at
    )
    with pytest.raises(InputError, match=r"AB_PASSWORD, .* is unset"):
        look(tables)


def test_a_table_that_is_not_there_is_named(folder: Path) -> None:
    with database(folder) as (path, _):
        pass
    tables = Tables(
        exposures=NamedTable(name="shown"),
        events=NamedTable(name="events"),
        connection=Connection(url=f"duckdb:///{path}"),
        columns=COLUMNS,
    )
    with connected(tables) as connection:
        with pytest.raises(InputError, match="the table shown"):
            open_traffic(connection, tables, PLAN)
        broken = replace(tables, exposures=Query(sql="SELEC 1"))
        with pytest.raises(InputError, match="the query SELEC 1"):
            open_traffic(connection, broken, PLAN)
        renamed = replace(
            tables, exposures=NamedTable(name="exposures"), columns={**COLUMNS, "timestamp": "at"}
        )
        assert open_traffic(connection, renamed, PLAN) == MissingColumns(
            columns=(
                ("exposures", "at"),
                ("events", "at"),
            )
        )


def test_a_source_is_known_by_all_that_it_says_but_its_password() -> None:
    tables = Tables(
        exposures=NamedTable(name="a"),
        events=Query(sql="SELECT 1"),
        connection=Connection(url="postgresql://gate@db/x", password="one"),
    )
    (only,) = digests(tables)
    assert only == ("source", tables.sha256())
    same = replace(tables, connection=Connection(url="postgresql://gate@db/x", password="two"))
    assert digests(same) == digests(tables)
    others = (
        replace(tables, exposures=NamedTable(name="b")),
        replace(tables, events=NamedTable(name="SELECT 1")),
        replace(tables, columns={"unit_id": "user"}),
        replace(tables, connection=Connection(url="postgresql://gate@db/y")),
    )
    assert len({digests(one) for one in (tables, *others)}) == 5


def test_a_password_is_put_where_it_belongs_and_masked_elsewhere() -> None:
    connection = Connection(url="postgresql://gate@db.example:5432/x?a=b", password="p@s/s")
    assert connection.with_password() == "postgresql://gate:p%40s%2Fs@db.example:5432/x?a=b"
    assert connection.masked("no p@s/s nor p%40s%2Fs") == "no *** nor ***"
    assert Connection(url="bigquery://x/y").with_password() == "bigquery://x/y"


def test_what_outgrows_memory_is_put_where_a_read_only_folder_does_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "temporary").mkdir()
    (tmp_path / "here").mkdir()
    monkeypatch.setattr("stages.online.backends.gettempdir", lambda: str(tmp_path / "temporary"))
    monkeypatch.chdir(tmp_path / "here")
    with engine("memory_limit='32MB'", "threads=1") as connection:
        connection.raw_sql(
            "CREATE TABLE t AS SELECT random(), repeat('u', 80) || i FROM range(600000) r(i)"
        )
        assert list((tmp_path / "temporary").iterdir())
    assert not list((tmp_path / "here").iterdir())
    assert not list((tmp_path / "temporary").iterdir())
