"""Where the traffic of an A/B stands: exposure and event tables, or a file of arm moments."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import assert_never
from urllib.parse import quote, urlsplit

from policies.canonical import sha256_of
from policies.errors import InputError, PolicyError
from policies.online import OnlinePlan
from stages.engine.digests import sha256_of_file

SUFFIXES = (".csv", ".parquet")

AS_THEY_ARE: Mapping[str, str] = MappingProxyType({})
"""Columns that are called as the plan calls them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A database that Ibis reaches.

    Attributes:
        url: Its address, without a password.
        password: What belongs into it; never shown.
        password_env: Variable that holds the password, where one is needed.
    """

    url: str
    password: str | None = field(default=None, repr=False)
    password_env: str | None = None

    @property
    def scheme(self) -> str:
        """What the address begins with, such as `postgresql`."""
        return self.url.partition("://")[0].lower()

    def with_password(self) -> str:
        """The address to connect to; never to be shown."""
        if self.password is None:
            return self.url
        parts = urlsplit(self.url)
        user, at, place = parts.netloc.rpartition("@")
        return parts._replace(netloc=f"{user}:{quote(self.password, safe='')}{at}{place}").geturl()

    def masked(self, text: str) -> str:
        """A text of others, without the password."""
        if not self.password:
            return text
        for spelled in (self.password, quote(self.password, safe="")):
            text = text.replace(spelled, "***")
        return text


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTable:
    """A table or view of a database: `NAME`, `SCHEMA.NAME` or `CATALOG.SCHEMA.NAME`."""

    name: str

    def __str__(self) -> str:
        return f"the table {self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """What a query of a database gives, in its own SQL."""

    sql: str

    def __str__(self) -> str:
        return f"the query {' '.join(self.sql.split())[:80]}"


Relation = Path | NamedTable | Query
"""A CSV or Parquet file, a table, or a query."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """Traffic as rows.

    Attributes:
        exposures: The plan's unit, `timestamp`, `experiment_id` and `variation_id`: a row each time
            a unit met the A/B.
        events: The plan's unit, `timestamp` and a numeric column per metric.
        connection: Whose tables they are; None: files, read by this process.
        columns: What the tables call a column, by the name the plan gives it.
    """

    exposures: Relation
    events: Relation
    connection: Connection | None = None
    columns: Mapping[str, str] = field(default_factory=lambda: AS_THEY_ARE)

    def column(self, name: str) -> str:
        """What the tables call a column."""
        return self.columns.get(name, name)

    def sha256(self) -> str:
        """Digest of where the traffic stands and how it is read; passwords are no part of it."""
        return sha256_of(
            {
                "columns": dict(self.columns),
                "connection": self.connection.url if self.connection else None,
                "events": _said(self.events),
                "exposures": _said(self.exposures),
            }
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class MomentsTable:
    """Traffic as moments: a CSV or Parquet file with a row per A/B, metric and point in time."""

    path: Path


Source = Tables | MomentsTable


def locate(plan: OnlinePlan, *, base: Path, named: Mapping[str, Source]) -> Source:
    """The traffic that a plan names.

    Args:
        plan: The online plan.
        base: Folder of the policy, which relative paths start from.
        named: What the workspace's `[data.NAME]` tables point at.

    Raises:
        PolicyError: The plan names a source the workspace does not have.
        InputError: A file is absent, or neither CSV nor Parquet.
    """
    source = _of_plan(plan, base, named)
    for path in paths(source).values():
        _refuse_absent(path)
    return source


def relation(named: str | None, sql: str | None, *, of: Connection | None) -> Relation:
    """A query; else a table of the connection, unless the name ends like a file's."""
    if sql is not None:
        return Query(sql=sql)
    assert named is not None, "settings name one of the two"
    is_file = of is None or named.endswith(SUFFIXES)
    return Path(named) if is_file else NamedTable(name=named)


def paths(source: Source) -> Mapping[str, Path]:
    """Every file of a source, by what it holds; tables of databases are none."""
    match source:
        case Tables():
            both = {"events": source.events, "exposures": source.exposures}
            return {what: path for what, path in both.items() if isinstance(path, Path)}
        case MomentsTable():
            return {"moments": source.path}
        case _:
            assert_never(source)


def digests(source: Source) -> tuple[tuple[str, str], ...]:
    """(what, SHA-256) of every file, sorted; files are read in blocks, never whole.

    What no file holds is known by `source`, the digest of its description: the rows of a database
    have none.
    """
    found = {name: sha256_of_file(path) for name, path in paths(source).items()}
    if isinstance(source, Tables) and (source.connection or source.columns):
        found["source"] = source.sha256()
    return tuple(sorted(found.items()))


def _said(relation: Relation) -> dict[str, str]:
    match relation:
        case Path():
            return {"file": str(relation)}
        case NamedTable():
            return {"table": relation.name}
        case Query():
            return {"sql": relation.sql}
        case _:
            assert_never(relation)


def _of_plan(plan: OnlinePlan, base: Path, named: Mapping[str, Source]) -> Source:
    if plan.moments is not None:
        return MomentsTable(path=base / plan.moments)
    if plan.exposures is not None and plan.events is not None:
        return Tables(exposures=base / plan.exposures, events=base / plan.events)
    name = plan.source or ""
    if name not in named:
        raise PolicyError(
            f"the online plan reads from `source: {name}`, which this workspace does not have",
            why=f"gate.toml has {', '.join(sorted(named)) or 'no [data.NAME] table'}",
            fix=f"add [data.{name}] to gate.toml, or give `exposures` and `events` in the plan",
        )
    return named[name]


def _refuse_absent(path: Path) -> None:
    if path.suffix not in SUFFIXES:
        raise InputError(
            f"cannot read the traffic in {path}",
            why=f"its name ends in `{path.suffix}`; known are {' and '.join(SUFFIXES)}",
            fix="write the table as Parquet, or as CSV with a header line",
        )
    if not path.is_file():
        raise InputError(
            f"there is no traffic file {path}",
            why="the online plan names it",
            fix="correct the path in the policy, or export the table before the A/B is measured",
        )
