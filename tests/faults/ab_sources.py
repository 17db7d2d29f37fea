"""Faults of where an A/B's traffic stands: files of arm moments, and databases."""

import atexit
import csv
import re
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pyarrow as pa

from tests.faults.ab import BETTER, DAYS, NAME, Ab, before, changed, sound
from tests.faults.world import Fault, Harmless, Inject, Scene, World
from tests.servers.postgres import fresh_database, running_postgres
from tests.stages.online.traffic_of import Traffic

COLUMNS = (
    *("experiment_id", "look", "days", "metric"),
    *(f"{of}_{arm}" for arm in ("champion", "challenger") for of in ("n", "mean", "variance")),
)
PASSWORD_ENV = "TRAFFIC_PASSWORD"

Table = list[list[Any]]


def of_moments(world: World) -> None:
    """Arm moments of both looks, as another platform exports them."""
    ab = sound(world)
    ab.plan = {
        "moments": "../data/moments.csv",
        "metrics": {"resolved": {"kind": "proportion"}},
        "primary": "resolved",
        "looks": [3, 7],
        "days": 7,
        "planned_units": 800,
    }
    ab.criteria = [BETTER]
    table = [_row(1, 3, 160), _row(2, 7, 400)]
    ab.store = lambda _: _write(ab.place.data / "moments.csv", COLUMNS, table)
    ab.tables["moments"] = table


def in_duckdb(world: World) -> None:
    """Tables of a DuckDB file, whose columns are called otherwise."""
    import duckdb

    ab = sound(world)
    path = ab.place.data / "traffic.duckdb"

    def store(found: Traffic) -> None:
        with duckdb.connect(path) as connection:
            for name in ("exposures", "events"):
                connection.register("seen", pa.table(getattr(found, name)))
                connection.execute(
                    f"CREATE OR REPLACE TABLE {name} AS "
                    "SELECT * RENAME (unit_id AS person) FROM seen"
                )
                connection.unregister("seen")

    ab.store = store
    _from(ab, f"duckdb:///{path}")
    ab.toml += 'columns = { unit_id = "person" }\n'


def in_postgres(world: World) -> None:
    """Tables of a PostgreSQL, which asks for a password."""
    import psycopg

    ab = sound(world)
    url = fresh_database(_server())
    parts = urlsplit(url)
    bare = parts._replace(netloc=parts.netloc.replace(f":{parts.password}", "")).geturl()

    def store(found: Traffic) -> None:
        with psycopg.connect(url) as connection:
            for name in ("exposures", "events"):
                columns = getattr(found, name)
                kinds = ", ".join(f"{column} {_kind(column)}" for column in columns)
                connection.execute(f"DROP TABLE IF EXISTS {name}")
                connection.execute(f"CREATE TABLE {name} ({kinds})")
                with connection.cursor().copy(f"COPY {name} FROM STDIN") as rows:
                    for row in zip(*columns.values(), strict=True):
                        rows.write_row(row)

    ab.store = store
    _from(ab, bare)
    ab.toml += f'password_env = "{PASSWORD_ENV}"\n'
    ab.environment[PASSWORD_ENV] = str(parts.password)


@cache
def _server() -> str:
    """One server for every fault, until the process ends."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(running_postgres())


def _kind(column: str) -> str:
    if column == "timestamp":
        return "timestamptz"
    numbers = ("resolved", "seconds", "sessions", "opened")
    return "double precision" if column in numbers else "text"


def _from(ab: Ab, connection: str) -> None:
    del ab.plan["exposures"], ab.plan["events"]
    ab.plan["source"] = "traffic"
    ab.toml = (
        f'[data.traffic]\nconnection = "{connection}"\nexposures = "exposures"\nevents = "events"\n'
    )


def _row(look: int, day: float, n: int) -> list[Any]:
    arms = [x for share in (0.35, 0.65) for x in (n, share, share * (1 - share) * n / (n - 1))]
    return [NAME, look, day, "resolved", *arms]


def _write(path: Path, head: Sequence[str], table: Table) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([head, *table])


def _moments(change: Callable[[Table], object]) -> Inject:
    return changed(lambda ab: change(ab.tables["moments"]))


def _cell(row: int, column: str, value: object) -> Inject:
    def set_(table: Table) -> None:
        table[row][COLUMNS.index(column)] = value

    return _moments(set_)


def _copied(table: Table) -> None:
    for row in table:
        row[7:10] = row[4:7]


def _sql(command: str) -> Inject:
    """The database is changed once the rows are in it."""

    def inject(ab: Ab) -> None:
        import duckdb

        stores = ab.store
        assert stores is not None

        def store(found: Traffic) -> None:
            stores(found)
            with duckdb.connect(ab.place.data / "traffic.duckdb") as connection:
                connection.execute(command)

        ab.store = store

    return changed(inject)


def _toml(old: str, new: str, *, day: float | None = None) -> Inject:
    """`gate.toml` says something else: from the beginning, or from a day on."""

    def edit(ab: Ab) -> None:
        assert old in ab.toml, ab.toml
        ab.toml = ab.toml.replace(old, new)
        ab.write_policy()

    return changed(edit) if day is None else before(day, edit)


def _no_file(ab: Ab) -> None:
    stores = ab.store
    assert stores is not None

    def store(found: Traffic) -> None:
        stores(found)
        (ab.place.data / "traffic.duckdb").unlink()

    ab.store = store


def _away(toml: str) -> str:
    """Nobody listens there."""
    return re.sub(r"127\.0\.0\.1:\d+", "127.0.0.1:9", toml)


def _fault(name: str, inject: Inject, said: str, *, scene: Scene) -> Fault:
    where = "A/B: arm moments" if scene is of_moments else "A/B: databases"
    return Fault(name=name, where=where, scene=scene, inject=inject, said=said)


def _of_moments(name: str, inject: Inject, said: str) -> Fault:
    return _fault(name, inject, said, scene=of_moments)


FAULTS = (
    _of_moments("no row", _moments(list.clear), "no planned look"),
    _of_moments("NaN of the champion", _cell(1, "mean_champion", "NaN"), "not a number"),
    _of_moments("no mean of the challenger", _cell(1, "mean_challenger", ""), "not a number"),
    _of_moments(
        "a broken row under a fine last one", _cell(0, "mean_challenger", "NaN"), "not a number"
    ),
    _of_moments("no units", _cell(1, "n_champion", 0), "without units"),
    _of_moments("a negative variance", _cell(1, "variance_champion", -1), "negative variance"),
    _of_moments("no variance", _cell(1, "variance_champion", 0), "has zero variance"),
    _of_moments("a share above 1", _cell(1, "mean_challenger", 1.5), "outside 0 to 1"),
    _of_moments("units that vanish", _cell(0, "n_champion", 500), "units were lost"),
    _of_moments("a look that is missing", _moments(lambda table: table.pop(0)), "no row in the"),
    _of_moments(
        "a look twice",
        _moments(lambda table: table.insert(1, list(table[1]))),
        "repeat another one",
    ),
    _of_moments(
        "another A/B's rows",
        _cell(1, "experiment_id", "assistant/9"),
        "the minimum run time has not passed",
    ),
    _of_moments("a copied arm", _moments(_copied), "does not pass"),
    _of_moments("too few of the challenger", _cell(1, "n_challenger", 250), "refutes the split"),
    _fault("a table gone", _sql("DROP TABLE events"), "cannot read the traffic", scene=in_duckdb),
    _fault(
        "a column gone",
        _sql("ALTER TABLE events DROP seconds"),
        "`seconds` of the events",
        scene=in_duckdb,
    ),
    _fault(
        "a table emptied",
        _sql("DELETE FROM events"),
        "nothing is known of what they did",
        scene=in_duckdb,
    ),
    _fault("the file gone", changed(_no_file), "cannot reach the traffic", scene=in_duckdb),
    _fault(
        "columns swapped",
        _toml(
            "columns = { ",
            'columns = { experiment_id = "variation_id", variation_id = "experiment_id", ',
        ),
        "no planned look",
        scene=in_duckdb,
    ),
    _fault(
        "metrics swapped",
        _toml("columns = { ", 'columns = { resolved = "seconds", seconds = "resolved", '),
        "has zero variance",
        scene=in_duckdb,
    ),
    _fault(
        "another table than registered",
        _toml('events = "events"', 'events = "main.events"', day=DAYS),
        "registered to stand elsewhere",
        scene=in_duckdb,
    ),
    _fault(
        "a source that is not there",
        changed(lambda ab: ab.plan.update(source="elsewhere")),
        "which this workspace does not have",
        scene=in_duckdb,
    ),
    _fault(
        "a wrong password",
        changed(lambda ab: ab.environment.update({PASSWORD_ENV: "guessed"})),
        "password authentication failed",
        scene=in_postgres,
    ),
    _fault(
        "no password",
        changed(lambda ab: ab.environment.clear()),
        "cannot reach the traffic",
        scene=in_postgres,
    ),
    _fault(
        "a table of PostgreSQL gone",
        _toml('events = "events"', 'events = "gone"'),
        "cannot read the traffic",
        scene=in_postgres,
    ),
    _fault(
        "a server that is away",
        changed(lambda ab: setattr(ab, "toml", _away(ab.toml))),
        "cannot reach the traffic",
        scene=in_postgres,
    ),
)

HARMLESS = (
    Harmless(
        name="rows of other metrics",
        where="A/B: arm moments",
        scene=of_moments,
        inject=_moments(lambda table: table.append([*table[1][:3], "another", *table[1][4:]])),
    ),
)
