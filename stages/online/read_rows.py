"""How many rows a look rests on, and whether some came for a day after it was read."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from itertools import chain
from operator import or_
from pathlib import Path
from typing import TYPE_CHECKING

from stages.online.backends import DUCKDB
from stages.online.row_groups import (
    STEP,
    RowGroup,
    Stretch,
    in_few,
    row_groups,
    whole_groups,
)
from stages.online.sources import Tables
from stages.online.tables import AB, AT, Traffic, instant, rows
from stages.online.units import Ab, Span

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import BooleanValue


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadRows:
    """Rows of a stretch of time, when they were read.

    Attributes:
        span: The stretch; without a beginning, from the first exposure.
        exposures: Exposures of the A/B.
        events: Events of every unit, those of other A/Bs included.
    """

    span: Span
    exposures: int
    events: int


def counted(
    traffic: Traffic, tables: Tables, ab: Ab, spans: Sequence[Span]
) -> tuple[ReadRows, ...]:
    """Rows of each stretch of time now, in one pass over each table.

    Events of whole row groups of a Parquet file are not read: the file says how many there are.

    Raises:
        InputError: The traffic cannot be read.
    """
    if not spans:
        return ()
    times = [Stretch(first=_after(span, ab), last=span.until) for span in spans]
    told = _told(traffic, tables, times)
    exposures = traffic.exposures.filter(traffic.exposures[AB] == ab.arms.experiment)
    both = _counts(exposures, [(time,) for time in times], "exposures").cross_join(
        _counts(traffic.events, list(map(_rest, times, told)), "events")
    )
    (row,) = rows(both, traffic.connection, read=(tables.exposures, tables.events))

    def number(name: str) -> int:
        value = row[name]
        assert isinstance(value, int), f"the engine gave {value!r} for a count"
        return value

    return tuple(
        ReadRows(
            span=span,
            exposures=number(f"exposures_{n}"),
            events=number(f"events_{n}") + (group.rows if group is not None else 0),
        )
        for n, (span, group) in enumerate(zip(spans, told, strict=True))
    )


def _after(span: Span, ab: Ab) -> datetime:
    return ab.start if span.since is None else span.since + STEP


def _told(
    traffic: Traffic, tables: Tables, times: Sequence[Stretch]
) -> tuple[RowGroup | None, ...]:
    """What the file of the events says of each stretch of time without being read."""
    path, groups = tables.events, None
    if traffic.connection.name == DUCKDB and isinstance(path, Path) and path.suffix != ".csv":
        groups = row_groups(path, tables.column("timestamp"))
    return tuple(whole_groups(groups, time) if groups is not None else None for time in times)


def _rest(time: Stretch, told: RowGroup | None) -> tuple[Stretch, ...]:
    """What must be read to be counted."""
    return (time,) if told is None else time.without(told.time)


def _counts(table: "Table", asked: Sequence[Sequence[Stretch]], name: str) -> "Table":
    """Rows of each; outside of all of them nothing is read."""
    import ibis

    def within(rows: "Table", stretches: Iterable[Stretch]) -> "BooleanValue":
        at, nowhere = rows[AT], ibis.literal(value=False)
        held = ((at >= instant(one.first)) & (at <= instant(one.last)) for one in stretches)
        return reduce(or_, held, nowhere)

    inside = table.filter(within(table, in_few(chain.from_iterable(asked))))
    return inside.aggregate(
        **{
            f"{name}_{n}": inside.count(where=within(inside, stretches))
            for n, stretches in enumerate(asked)
        }
    )
