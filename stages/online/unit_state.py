"""The units of an A/B at one moment, computed from everything that was read up to it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.online.backends import faults
from stages.online.parts import Part, Role
from stages.online.read_rows import ReadRows, counted
from stages.online.sources import Tables
from stages.online.tables import Traffic, unreadable
from stages.online.unit_sums import Totals
from stages.online.units import Ab, Span, grown, values_of

if TYPE_CHECKING:
    from ibis import Table

    from stages.online.backends import Backend


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitState:
    """The units of an A/B at one moment.

    Attributes:
        connection: The engine that holds them.
        units: As `units.grown` gives them.
        values: By place of the part: the events' own values, of quantile metrics.
        read: Rows of every stretch of time, in the order they were read.
        totals: Their counts and moments where they are known already; caps are those of the plan.
    """

    connection: "Backend"
    units: "Table"
    values: Mapping[int, "Table"]
    read: tuple[ReadRows, ...]
    totals: Totals | None = None

    @property
    def rows_read(self) -> tuple[int, int]:
        """Exposures and events that it rests on."""
        return sum(one.exposures for one in self.read), sum(one.events for one in self.read)


@contextmanager
def from_scratch(traffic: Traffic, tables: Tables, ab: Ab, day: float) -> Iterator[UnitState]:
    """The state on a day, computed by the engine of the tables and held by it for a while.

    Raises:
        InputError: The traffic cannot be read.
    """
    span = Span(until=ab.at(day))
    try:
        held = grown(traffic, ab, span).cache()
    except faults(traffic.connection.name) as error:
        where = f"{tables.exposures} or {tables.events}"
        raise unreadable(where, str(error)) from error
    values: dict[int, Table] = {}
    try:
        for number, part in quantile_parts(traffic):
            values[number] = values_of(traffic, ab, span, held, part).cache()
        yield UnitState(
            connection=traffic.connection,
            units=held,
            values=values,
            read=counted(traffic, tables, ab, (span,)),
        )
    finally:
        for table in (held, *values.values()):
            table.release()


def quantile_parts(traffic: Traffic) -> tuple[tuple[int, Part], ...]:
    """Parts of which every event counts by itself, with their places."""
    return tuple((n, part) for n, part in enumerate(traffic.parts) if part.role is Role.EACH)
