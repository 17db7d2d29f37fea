"""Queries by which a person lists broken rows, in the SQL of the source itself."""

from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from stages.online.backends import BIGQUERY, DUCKDB, POSTGRES, SPARK, backend_of
from stages.online.sources import NamedTable, Query, Relation, Tables
from stages.online.tables import NUMBER, TIME

_TRYING = {DUCKDB: "TRY_CAST", SPARK: "try_cast", BIGQUERY: "SAFE_CAST"}
_TIME = {DUCKDB: "TIMESTAMPTZ", SPARK: "TIMESTAMP", BIGQUERY: "TIMESTAMP"}
_NUMBER = {DUCKDB: "DOUBLE", SPARK: "DOUBLE", BIGQUERY: "FLOAT64"}
_TICKED = (BIGQUERY, SPARK, "databricks", "mysql")
"""Backends that quote names with backticks."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listings:
    """Pieces of queries.

    Attributes:
        tables: Where the traffic stands.
    """

    tables: Tables

    @property
    def exposures(self) -> str:
        """What follows FROM."""
        return self._place(self.tables.exposures)

    @property
    def events(self) -> str:
        """What follows FROM."""
        return self._place(self.tables.events)

    def column(self, name: str) -> str:
        """A column as the source calls it, quoted where it must be."""
        known = self.tables.column(name)
        mark = "`" if self._backend in _TICKED else '"'
        return f"{mark}{known.replace(mark, mark * 2)}{mark}"

    def text(self, value: str) -> str:
        """A text in quotes."""
        if self._backend in (BIGQUERY, SPARK, "databricks"):
            value = value.replace("\\", "\\\\").replace("'", "\\'")
            return f"'{value}'"
        return f"'{value.replace(chr(39), chr(39) * 2)}'"

    def no_time(self) -> str:
        """Whether the timestamp cannot be read."""
        return self._broken(self.column("timestamp"), _TIME, TIME)

    def no_number(self, name: str) -> str:
        """Whether a column holds something that is no finite number."""
        column = self.column(name)
        broken = self._broken(column, _NUMBER, NUMBER)
        return f"{column} IS NOT NULL AND ({broken} OR {self._infinite(column)})"

    def negative(self, name: str) -> str:
        """Whether a column holds a number below 0."""
        return f"{self._number(self.column(name))} < 0"

    def future(self) -> str:
        """Whether the timestamp has not come."""
        column = self.column("timestamp")
        trying = _TRYING.get(self._backend, "CAST")
        now = "CURRENT_TIMESTAMP" if self._backend != BIGQUERY else "CURRENT_TIMESTAMP()"
        return f"{trying}({column} AS {_TIME.get(self._backend, 'TIMESTAMP')}) > {now}"

    @property
    def _backend(self) -> str:
        return backend_of(self.tables)

    def _place(self, relation: Relation) -> str:
        match relation:
            case Path():
                if self._backend == SPARK:
                    return f"{relation.suffix[1:]}.`{relation}`"
                return f"'{relation.name}'"
            case NamedTable():
                return relation.name
            case Query():
                return f"({relation.sql.strip().rstrip(';')}) AS traffic"
            case _:
                assert_never(relation)

    def _broken(self, column: str, types: dict[str, str], pattern: str) -> str:
        trying = _TRYING.get(self._backend)
        if trying is not None:
            return f"{trying}({column} AS {types[self._backend]}) IS NULL"
        if self._backend == POSTGRES:
            return f"({column}::text ~ '{pattern}') IS NOT TRUE"
        return f"{column} IS NULL"

    def _number(self, column: str) -> str:
        trying = _TRYING.get(self._backend, "CAST")
        return f"{trying}({column} AS {_NUMBER.get(self._backend, 'DOUBLE PRECISION')})"

    def _infinite(self, column: str) -> str:
        texts = f"LOWER(CAST({column} AS {_TEXT.get(self._backend, 'VARCHAR')}))"
        return f"{texts} IN ('nan', 'inf', '-inf', 'infinity', '-infinity')"


_TEXT = {BIGQUERY: "STRING", SPARK: "STRING"}
