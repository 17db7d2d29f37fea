"""Exposures and events as typed tables of DuckDB, seen through Ibis."""

import csv
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from policies.errors import InputError
from policies.online import OnlineKind, OnlinePlan
from stages.online.sources import Tables

if TYPE_CHECKING:
    from ibis import Table
    from ibis.backends.duckdb import Backend
    from ibis.expr.types import Column

UNIT, AT, AB, ARM = "unit", "at", "ab", "arm"
CHAMPION, CHALLENGER = "champion", "challenger"
"""Arms, as `variation_id` spells them."""

_UTC = "timestamp('UTC')"

_SETTINGS = (
    "TimeZone='UTC'",
    "threads=1",
    "enable_progress_bar=false",
    "disabled_optimizers='join_order,build_side_probe_side,statistics_propagation'",
)
"""Joins in the order written, for the same bits every time; and no conclusions from a Parquet
file's statistics, which know nothing of NaN: DuckDB 2.0 would answer `isnan` with false by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column of units' values: a metric's numerator or denominator.

    Attributes:
        name: Its name in the moments: `clicks`, or `clicks/denominator`.
        column: Its column in the event table.
        proportion: Whether a unit's value is 1 when any event is non-zero, else 0.
    """

    name: str
    column: str
    proportion: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Both tables, cast to the types that the reduction needs.

    Attributes:
        connection: The engine that runs expressions on them.
        exposures: unit (text), at (UTC; NULL when unreadable), ab (text), arm (text).
        events: unit, at, and per part its value and whether a text stood where a number belongs
            (`NAME` and `NAME/unreadable`).
        parts: The columns of units' values, in the plan's order.
        unit: The unit's column in the files.
    """

    connection: "Backend"
    exposures: "Table"
    events: "Table"
    parts: tuple[Part, ...]
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MissingColumns:
    """The tables lack columns that the plan names: (table, column) each."""

    columns: tuple[tuple[str, str], ...]


@contextmanager
def engine() -> Iterator["Backend"]:
    """An in-memory DuckDB that gives the same bits for the same rows, closed when the context ends.

    One thread and no reordering of joins: sums of floats depend on their order, and evidence must
    be byte-identical.
    """
    import ibis

    connection = ibis.duckdb.connect()
    try:
        for setting in _SETTINGS:
            connection.raw_sql(f"SET {setting}")
        with warnings.catch_warnings():
            # Ibis 12 still calls what DuckDB 2 has renamed.
            warnings.filterwarnings("ignore", message="fetch_.* is deprecated")
            yield connection
    finally:
        connection.disconnect()


def open_traffic(
    connection: "Backend", tables: Tables, plan: OnlinePlan
) -> Traffic | MissingColumns:
    """Both tables with the plan's columns, or which columns they lack.

    Raises:
        InputError: A file is not the CSV or Parquet it says it is.
    """
    exposures = read_table(connection, tables.exposures)
    events = read_table(connection, tables.events)
    parts = parts_of(plan)
    needed = {
        "exposures": (plan.unit, "timestamp", "experiment_id", "variation_id"),
        "events": (plan.unit, "timestamp", *(part.column for part in parts)),
    }
    found = {"exposures": exposures.columns, "events": events.columns}
    missing = [(t, c) for t, names in needed.items() for c in names if c not in found[t]]
    if missing:
        return MissingColumns(columns=tuple(dict.fromkeys(missing)))
    return Traffic(
        connection=connection,
        exposures=_typed_exposures(exposures, plan.unit),
        events=_typed_events(events, plan.unit, parts),
        parts=parts,
        unit=plan.unit,
    )


def parts_of(plan: OnlinePlan) -> tuple[Part, ...]:
    """The columns of units' values that the metrics of a plan are made of."""
    found = []
    for name, metric in plan.metrics.items():
        proportion = metric.kind is OnlineKind.PROPORTION
        found.append(Part(name=name, column=metric.column or name, proportion=proportion))
        if metric.denominator is not None:
            found.append(Part(name=below(name), column=metric.denominator, proportion=False))
    return tuple(found)


def below(metric: str) -> str:
    """Name of a ratio metric's denominator among the columns of units' values."""
    return f"{metric}/denominator"


def read_table(connection: "Backend", path: Path) -> "Table":
    """A file as it stands; every CSV cell is text, so that a bad one can be counted.

    Raises:
        InputError: It cannot be read.
    """
    import duckdb

    try:
        if path.suffix == ".parquet":
            return connection.read_parquet(path)
        return connection.read_csv(
            path,
            header=True,
            auto_detect=False,
            delim=",",
            quote='"',
            columns=dict.fromkeys(_header(path), "VARCHAR"),
        )
    except duckdb.Error as error:
        raise unreadable(path, str(error)) from error


def rows(
    table: "Table", connection: "Backend", *, read: Sequence[Path]
) -> list[Mapping[str, object]]:
    """The rows of a small table, which the engine computes now.

    Raises:
        InputError: A file it is computed from cannot be read.
    """
    import duckdb

    try:
        found: list[Mapping[str, object]] = connection.to_pyarrow(table).to_pylist()
    except duckdb.Error as error:
        raise unreadable(" or ".join(str(path) for path in read), str(error)) from error
    return found


def unreadable(path: Path | str, why: str) -> InputError:
    """What is said of a file that is not the table its name promises."""
    return InputError(
        f"cannot read the traffic in {path}",
        why=" ".join(why.split())[:300],
        fix="write it as Parquet, or as comma-separated UTF-8 text with one header line",
    )


def instant(time: datetime) -> object:
    """A moment in an expression, exact to the microsecond."""
    import ibis

    return ibis.timestamp(time.astimezone(UTC).isoformat()).cast(_UTC)


def number(table: "Table", name: str) -> "Column":
    """A column as float64; what is no number becomes NULL."""
    column = table[name]
    kind = column.type()
    if kind.is_numeric() or kind.is_boolean():
        return column.cast("float64")
    return _text(column).try_cast("float64")


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise unreadable(path, f"it is not UTF-8: {error}") from error
    if not names or len(set(names)) < len(names):
        raise unreadable(path, "its first line must name every column once")
    return names


def _typed_exposures(table: "Table", unit: str) -> "Table":
    return table.select(
        **{
            UNIT: table[unit].cast("string"),
            AT: _time(table["timestamp"]),
            AB: table["experiment_id"].cast("string"),
            ARM: table["variation_id"].cast("string"),
        }
    )


def _typed_events(table: "Table", unit: str, parts: Sequence[Part]) -> "Table":
    columns = {UNIT: table[unit].cast("string"), AT: _time(table["timestamp"])}
    for part in parts:
        value = number(table, part.column)
        columns[part.name] = value
        columns[f"{part.name}/unreadable"] = table[part.column].notnull() & value.isnull()
    return table.select(**columns)


def _time(column: "Column") -> "Column":
    """A timestamp in UTC: an offset in the text is honoured, none means UTC; else NULL."""
    kind = column.type()
    if kind.is_timestamp() or kind.is_date():
        return column.cast(_UTC)
    return _text(column).try_cast(_UTC)


def _text(column: "Column") -> "Column":
    """Text without blanks around it.

    The trimming also keeps DuckDB 2.0 from moving the cast into its CSV reader, where a cell that
    cannot be cast is an error instead of a NULL.
    """
    return column.cast("string").strip()
