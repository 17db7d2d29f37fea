"""How many rows a look rests on, and whether some came for a day after it was read."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.online.sources import Tables
from stages.online.tables import AB, AT, Traffic, instant, rows
from stages.online.units import Ab, Span

if TYPE_CHECKING:
    from ibis import Table


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

    Raises:
        InputError: The traffic cannot be read.
    """
    if not spans:
        return ()
    exposures = traffic.exposures.filter(traffic.exposures[AB] == ab.arms.experiment)
    both = _counts(exposures, spans, "exposures", ab).cross_join(
        _counts(traffic.events, spans, "events", ab)
    )
    (row,) = rows(both, traffic.connection, read=(tables.exposures, tables.events))

    def number(name: str) -> int:
        value = row[name]
        assert isinstance(value, int), f"the engine gave {value!r} for a count"
        return value

    return tuple(
        ReadRows(span=span, exposures=number(f"exposures_{n}"), events=number(f"events_{n}"))
        for n, span in enumerate(spans)
    )


def _counts(table: "Table", spans: Sequence[Span], name: str, ab: Ab) -> "Table":
    last = max(span.until for span in spans)
    first = min(span.since or ab.start for span in spans)
    inside = table.filter((table[AT] >= instant(first)) & (table[AT] <= instant(last)))
    return inside.aggregate(
        **{
            f"{name}_{n}": inside.count(where=span.holds(inside[AT]))
            for n, span in enumerate(spans)
        }
    )
