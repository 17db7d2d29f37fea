"""What a Parquet file says of its row groups: how many rows lie in a stretch of time, unread."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyarrow.parquet import FileMetaData

EXACT = ("s", "ms", "us")
"""Units of timestamps that a datetime holds exactly."""

STEP = timedelta(microseconds=1)
FIRST, LAST = datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """A stretch of time.

    Attributes:
        first: Its beginning, UTC, included.
        last: Its end, included.
    """

    first: datetime
    last: datetime

    def without(self, other: "Stretch") -> tuple["Stretch", ...]:
        """What is left of it when another is taken out."""
        both = (
            Stretch(first=self.first, last=min(self.last, other.first - STEP)),
            Stretch(first=max(self.first, other.last + STEP), last=self.last),
        )
        return tuple(one for one in both if one.first <= one.last)


def in_few(stretches: Iterable[Stretch]) -> tuple[Stretch, ...]:
    """The same moments in as few stretches as can be: an engine asks fewer questions of a row."""
    found: list[Stretch] = []
    for one in sorted(stretches, key=lambda one: one.first):
        if found and one.first <= found[-1].last + STEP:
            found[-1] = Stretch(first=found[-1].first, last=max(found[-1].last, one.last))
        else:
            found.append(one)
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowGroup:
    """Rows that are stored together.

    Attributes:
        time: From its earliest to its latest time.
        rows: How many rows have a time.
    """

    time: Stretch
    rows: int


def row_groups(path: Path, column: str) -> tuple[RowGroup, ...] | None:
    """The row groups of a file by a column of times; None where it does not tell all of them.

    Times without an offset are UTC, as everywhere in the traffic. A damaged file tells nothing:
    that it is damaged is said where its rows are read.
    """
    import pyarrow as pa  # noqa: PLC0415 - heavy
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        said = pq.read_metadata(path)
        kind = said.schema.to_arrow_schema().field(column).type
        if pa.types.is_timestamp(kind) and kind.unit in EXACT:
            return tuple(_groups(said, column))
    except (KeyError, OSError, ValueError, OverflowError, pa.ArrowException):
        pass
    return None


def whole_groups(groups: Sequence[RowGroup], time: Stretch) -> RowGroup | None:
    """The row groups of a stretch of time as one, less what some group lies astride of."""
    first, last = time.first, time.last
    while first <= last:
        met = [group for group in groups if group.time.first <= last and group.time.last >= first]
        begun = [group.time.last + STEP for group in met if group.time.first < first]
        unfinished = [group.time.first - STEP for group in met if group.time.last > last]
        if not begun and not unfinished:
            rows = sum(group.rows for group in met)
            return RowGroup(time=Stretch(first=first, last=last), rows=rows) if rows else None
        first, last = max(begun, default=first), min(unfinished, default=last)
    return None


def _groups(said: "FileMetaData", column: str) -> Iterator[RowGroup]:
    place = [said.schema.column(n).path for n in range(said.num_columns)].index(column)
    for number in range(said.num_row_groups):
        group = said.row_group(number)
        told = group.column(place).statistics
        if told is None or not (told.has_min_max and told.has_null_count):
            raise ValueError(f"row group {number} does not tell its times")
        first, last = _utc(told.min), _utc(told.max)
        if not FIRST < first <= last < LAST:
            raise OverflowError("a time that nothing comes before or after")
        rows = group.num_rows - told.null_count
        yield RowGroup(time=Stretch(first=first, last=last), rows=rows)


def _utc(at: datetime) -> datetime:
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
