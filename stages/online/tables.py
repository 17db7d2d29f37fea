"""Exposures and events as typed tables of an engine, seen through Ibis."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, assert_never

from policies.canonical import sha256_of
from policies.errors import InputError
from policies.online import OnlinePlan
from stages.online.backends import BIGQUERY, DUCKDB, SPARK, faults
from stages.online.parts import Part, parts_of
from stages.online.sources import NamedTable, Query, Relation, Tables

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import Column, Value

    from stages.online.backends import Backend

UNIT, AT, AB, ARM = "unit", "at", "ab", "arm"
CHAMPION, CHALLENGER = "champion", "challenger"
"""Arms, as `variation_id` spells them where the plan says nothing else."""

_UTC = "timestamp('UTC')"

_TRYING = (DUCKDB, SPARK, BIGQUERY, "snowflake", "trino", "databricks")
"""Backends whose casts can give NULL instead of an error."""

NUMBER = r"^[+-]?(([0-9]+[.]?[0-9]*|[.][0-9]+)([eE][+-]?[0-9]+)?|[nN][aA][nN]|[iI]nf(inity)?)$"
TIME = (
    r"^[0-9]{4}-[01][0-9]-[0-3][0-9]"
    r"([ T][0-2][0-9]:[0-5][0-9](:[0-5][0-9]([.][0-9]+)?)?( ?(Z|[+-][0-9]{2}(:?[0-9]{2})?))?)?$"
)
"""Texts that the other backends may cast."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """Both tables, cast to the types that the reduction needs.

    Attributes:
        connection: The engine that runs expressions on them.
        exposures: unit (text), at (UTC; NULL when unreadable), ab (text), arm (text), and each
            column by which the plan excludes or explores units, as `said(NAME)` (text).
        events: unit, at, and per part its value and whether a text stood where a number belongs
            (`NAME` and `NAME/unreadable`).
        parts: What is read of the events, in the plan's order.
        unit: The unit's column in the plan.
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


def open_traffic(
    connection: "Backend", tables: Tables, plan: OnlinePlan
) -> Traffic | MissingColumns:
    """Both tables with the plan's columns, or which columns they lack.

    Raises:
        InputError: A file is not the CSV or Parquet it says it is, or a table cannot be read.
    """
    exposures = _read(connection, tables, tables.exposures)
    events = _read(connection, tables, tables.events)
    parts, more = parts_of(plan), columns_said(plan)
    needed = {
        "exposures": (plan.unit, "timestamp", "experiment_id", "variation_id", *more),
        "events": (plan.unit, "timestamp", *(part.column for part in parts)),
    }
    found = {"exposures": exposures.columns, "events": events.columns}
    missing = [
        (table, tables.column(name))
        for table, names in needed.items()
        for name in names
        if tables.column(name) not in found[table]
    ]
    if missing:
        return MissingColumns(columns=tuple(dict.fromkeys(missing)))
    reader = _Reader(tables=tables, tries=connection.name in _TRYING, backend=connection.name)
    return Traffic(
        connection=connection,
        exposures=reader.exposures(exposures, plan.unit, more),
        events=reader.events(events, plan.unit, parts),
        parts=parts,
        unit=plan.unit,
    )


def columns_said(plan: OnlinePlan) -> tuple[str, ...]:
    """Columns of the exposures by which units are excluded or explored, each once."""
    return tuple(dict.fromkeys((*plan.exclude, *plan.segments)))


def said(column: str) -> str:
    """Name of such a column among the typed exposures."""
    return f"said/{column}"


def read_table(connection: "Backend", path: Path) -> "Table":
    """A file as it stands; every CSV cell is text, so that a bad one can be counted.

    Raises:
        InputError: It cannot be read.
    """
    try:
        if path.suffix == ".parquet":
            return connection.read_parquet(path)
        if connection.name == SPARK:
            return connection.read_csv(path, header=True, inferSchema=False)
        return connection.read_csv(
            path,
            header=True,
            auto_detect=False,
            delim=",",
            quote='"',
            columns=dict.fromkeys(_header(path), "VARCHAR"),
        )
    except faults(connection.name) as error:
        raise unreadable(path, str(error)) from error


def rows(
    table: "Table", connection: "Backend", *, read: Sequence[Relation]
) -> list[Mapping[str, object]]:
    """The rows of a small table, which the engine computes now.

    Columns are numbered on the way: some engines refuse names such as `clicks/denominator`.

    Raises:
        InputError: What it is computed from cannot be read.
    """
    names = {f"c{number}": name for number, name in enumerate(table.columns)}
    try:
        found = connection.to_pyarrow(table.rename(names)).to_pylist()
    except faults(connection.name) as error:
        raise unreadable(" or ".join(str(one) for one in read), str(error)) from error
    return [{names[column]: value for column, value in row.items()} for row in found]


def unreadable(where: Relation | str, why: str) -> InputError:
    """What is said of traffic that is not the table its name promises."""
    return InputError(
        f"cannot read the traffic in {where}",
        why=" ".join(why.split())[:300],
        fix="name a table or query that can be read, or write a file as Parquet or as "
        "comma-separated UTF-8 text with one header line",
    )


def instant(time: datetime) -> "Value":
    """A moment in an expression, exact to the microsecond."""
    import ibis

    return ibis.timestamp(time.astimezone(UTC).isoformat()).cast(_UTC)


def number(table: "Table", name: str, *, tries: bool = True) -> "Column":
    """A column as float64; what is no number becomes NULL.

    Args:
        table: Where it is.
        name: Its name.
        tries: Whether the engine's casts can give NULL; else texts are matched first.
    """
    column = table[name]
    kind = column.type()
    if kind.is_numeric() or kind.is_boolean():
        return column.cast("int32").cast("float64") if kind.is_boolean() else column.cast("float64")
    return _tried(column, "float64", NUMBER, tries=tries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Casts columns, by the names that the source has for them."""

    tables: Tables
    tries: bool
    backend: str

    def exposures(self, table: "Table", unit: str, more: Sequence[str]) -> "Table":
        texts = {UNIT: unit, AB: "experiment_id", ARM: "variation_id"}
        texts |= {said(name): name for name in more}
        found = {name: self._text(table, column) for name, column in texts.items()}
        return table.select(**found, **{AT: self._time(table)})

    def events(self, table: "Table", unit: str, parts: Sequence[Part]) -> "Table":
        columns = {UNIT: self._text(table, unit), AT: self._time(table)}
        for part in parts:
            name = self.tables.column(part.column)
            value = number(table, name, tries=self.tries)
            columns[part.name] = value
            columns[f"{part.name}/unreadable"] = table[name].notnull() & value.isnull()
        return table.select(**columns)

    def _text(self, table: "Table", name: str) -> "Column":
        return table[self.tables.column(name)].cast("string")

    def _time(self, table: "Table") -> "Column":
        """A timestamp in UTC: an offset in the text is honoured, none means UTC; else NULL."""
        column = table[self.tables.column("timestamp")]
        kind = column.type()
        if kind.is_timestamp() and kind.timezone is None and self.backend == DUCKDB:
            return _in_utc(column)
        if kind.is_timestamp() or kind.is_date():
            return column.cast(_UTC)
        return _tried(column, _UTC, TIME, tries=self.tries)


def _in_utc(column: "Column") -> "Column":
    """The same moment by arithmetic; DuckDB's cast looks every row up in a calendar."""
    import ibis

    since_1970 = ibis.udf.scalar.builtin(
        _epoch_us, name="epoch_us", signature=(("timestamp",), "int64")
    )
    moment = ibis.udf.scalar.builtin(
        _make_timestamptz, name="make_timestamptz", signature=(("int64",), _UTC)
    )
    found: Column = moment(since_1970(column))
    return found


def _epoch_us(at: object) -> object:
    """DuckDB's own: microseconds since 1970."""


def _make_timestamptz(microseconds: object) -> object:
    """DuckDB's own: the moment that many microseconds after 1970."""


def _tried(column: "Column", kind: str, pattern: str, *, tries: bool) -> "Column":
    """A text as something else, or NULL.

    Blanks around it are left out; which also keeps DuckDB 2.0 from moving the cast into its CSV
    reader, where a cell that cannot be cast is an error instead of a NULL.
    """
    import ibis

    text = column.cast("string").strip()
    if tries:
        return text.try_cast(kind)
    return ibis.ifelse(text.re_search(pattern), text, ibis.null("string")).cast(kind)


def _read(connection: "Backend", tables: Tables, relation: Relation) -> "Table":
    """A file, table or query as it stands."""
    if isinstance(relation, Path):
        if connection.name not in (DUCKDB, SPARK):
            raise unreadable(relation, f"{connection.name} reads no files; name a table")
        return read_table(connection, relation)
    assert tables.connection is not None, "tables and queries belong to a connection"
    try:
        match relation:
            case NamedTable():
                *schema, name = relation.name.split(".")
                return connection.table(name, database=tuple(schema) or None)
            case Query():
                return _asked(connection, relation)
            case _:
                assert_never(relation)
    except faults(connection.name) as error:
        raise unreadable(str(relation), tables.connection.masked(str(error))) from error


def _asked(connection: "Backend", query: Query) -> "Table":
    """What a query gives; Ibis 12 cannot describe one to DuckDB 2, which is given a view."""
    if connection.name != DUCKDB:
        return connection.sql(query.sql)
    name = f"query_{sha256_of(query.sql)[:16]}"
    connection.raw_sql(f"CREATE OR REPLACE TEMP VIEW {name} AS {query.sql}")
    return connection.table(name)


def _header(path: Path) -> list[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            names = next(csv.reader(file), [])
    except UnicodeDecodeError as error:
        raise unreadable(path, f"it is not UTF-8: {error}") from error
    if not names or len(set(names)) < len(names):
        raise unreadable(path, "its first line must name every column once")
    return names
