"""Queries of the rows that break the contract run where the traffic stands, and find as many."""

import math
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import duckdb
import pytest

from stages.online.backends import connected
from stages.online.contract import ContractReport
from stages.online.sources import Connection, NamedTable, Query, Tables
from stages.online.tables import Traffic as Opened
from stages.online.tables import open_traffic
from stages.online.traffic import inspect
from tests.servers.postgres import PASSWORD, fresh_database, postgres_server
from tests.stages.online.plans import plan_of
from tests.stages.online.test_traffic import asked_of
from tests.stages.online.traffic_of import START, Recipe, Traffic, generate, write

__all__ = ["postgres_server"]
EXPECTED = {
    "null_abs": 1,
    "null_units": 2,
    "bad_exposure_times": 1,
    "unknown_arms": 3,
    "future_rows": 1,
    "numbers/seconds": 3,
    "numbers/pace": 3,
    "negative/pace/denominator": 1,
    "null_event_units": 2,
    "bad_event_times": 1,
}
"""Rows that `spoilt` breaks; a sentence may list those of other units beside them."""


def spoilt() -> Traffic:
    traffic = generate(Recipe(units=500))
    exposures, events = traffic.exposures, traffic.events
    exposures["experiment_id"][3] = None
    exposures["unit_id"][5] = exposures["unit_id"][6] = None
    exposures["timestamp"][9] = None
    exposures["variation_id"][11:14] = ["B", None, "it's"]
    exposures["timestamp"][40] = START + timedelta(days=99)
    events["seconds"][60:63] = [math.nan, math.inf, -math.inf]
    events["sessions"][80] = -1.0
    events["unit_id"][90] = events["unit_id"][91] = None
    events["timestamp"][100] = None
    return traffic


def contract_of(tables: Tables) -> ContractReport:
    asked = asked_of(plan_of())
    with connected(tables) as connection:
        traffic = open_traffic(connection, tables, asked.plan)
        assert isinstance(traffic, Opened)
        return inspect(traffic, tables, asked)


def hold(found: ContractReport, run: Callable[[str], int]) -> None:
    """Every expected promise is broken by so many rows, and its query finds them."""
    held = {one.promise.name: one for one in found.held if not one.kept}
    assert set(held) == set(EXPECTED)
    for name, count in EXPECTED.items():
        assert held[name].count == count, name
        assert run(held[name].promise.listing) == count, held[name].promise.listing


def rows_by_duckdb(sql: str) -> int:
    with duckdb.connect() as connection:
        return connection.sql(sql).to_arrow_table().num_rows


@pytest.mark.parametrize("suffix", [".parquet", ".csv"])
def test_files_are_listed_by_duckdb_beside_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    write(spoilt(), tmp_path, suffix=suffix)
    tables = Tables(exposures=tmp_path / f"exposures{suffix}", events=tmp_path / f"events{suffix}")
    found = contract_of(tables)
    monkeypatch.chdir(tmp_path)
    hold(found, rows_by_duckdb)
    assert str(tmp_path) not in " ".join(check.sentence for check in found.checks)


def test_a_database_whose_columns_have_other_names_is_listed_by_these(tmp_path: Path) -> None:
    write(spoilt(), tmp_path)
    path = tmp_path / "traffic.duckdb"
    with duckdb.connect(path) as connection:
        for name in ("exposures", "events"):
            connection.execute(
                f"CREATE TABLE {name} AS SELECT * RENAME (unit_id AS who, timestamp AS moment) "
                f"FROM '{tmp_path}/{name}.parquet'"
            )
    tables = Tables(
        exposures=NamedTable(name="main.exposures"),
        events=Query(sql="SELECT * FROM events"),
        connection=Connection(url=f"duckdb:///{path}"),
        columns={"unit_id": "who", "timestamp": "moment"},
    )
    found = contract_of(tables)
    assert any('"who" IS NULL' in check.sentence for check in found.checks)
    with duckdb.connect(path, read_only=True) as connection:
        hold(found, lambda sql: connection.sql(sql).to_arrow_table().num_rows)


@pytest.mark.integration
def test_postgresql_is_listed_in_its_own_words(postgres_server: str) -> None:
    import psycopg

    url = fresh_database(postgres_server)
    copied(spoilt(), url)
    tables = Tables(
        exposures=NamedTable(name="public.exposures"),
        events=Query(sql="SELECT * FROM events"),
        connection=Connection(url=url.replace(f":{PASSWORD}@", "@"), password=PASSWORD),
    )
    found = contract_of(tables)
    assert PASSWORD not in " ".join(check.sentence for check in found.checks)
    with psycopg.connect(url) as connection:
        hold(found, lambda sql: len(connection.execute(sql.encode()).fetchall()))


def copied(traffic: Traffic, url: str) -> None:
    """Both tables into PostgreSQL."""
    import psycopg

    kinds = {"timestamp": "timestamptz", "seconds": "float8", "sessions": "float8"}
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        for name, columns in (("exposures", traffic.exposures), ("events", traffic.events)):
            said = ", ".join(f"{c} {kinds.get(c, 'text')}" for c in columns)
            cursor.execute(f"CREATE TABLE {name} ({said})".encode())
            with cursor.copy(f"COPY {name} FROM STDIN".encode()) as copy:
                for row in zip(*columns.values(), strict=True):
                    copy.write_row(row)
