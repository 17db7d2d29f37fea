"""Rows that a Parquet file counts by itself, against rows that are read."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.online.row_groups import RowGroup, Stretch, in_few, row_groups, whole_groups

START = datetime(2024, 3, 1, tzinfo=UTC)
DAYS = timedelta(days=1)


def moment(n: int) -> datetime:
    return START + timedelta(microseconds=n)


GROUPS = st.lists(st.lists(st.integers(0, 30), min_size=1, max_size=5), max_size=6)


@given(groups=GROUPS, ends=st.tuples(st.integers(0, 30), st.integers(0, 30)))
def test_whole_groups_and_the_rest_are_every_row_once(
    groups: list[list[int]], ends: tuple[int, int]
) -> None:
    told = [
        RowGroup(time=Stretch(first=moment(min(times)), last=moment(max(times))), rows=len(times))
        for times in groups
    ]
    time = Stretch(first=moment(min(ends)), last=moment(max(ends)))
    whole = whole_groups(told, time)
    rest = (time,) if whole is None else time.without(whole.time)
    every = [moment(n) for times in groups for n in times]
    read = sum(one.first <= at <= one.last for at in every for one in rest)
    assert read + (whole.rows if whole else 0) == sum(time.first <= at <= time.last for at in every)


def test_groups_in_order_of_time_are_read_only_at_the_ends() -> None:
    told = [
        RowGroup(time=Stretch(first=moment(10 * n), last=moment(10 * n + 9)), rows=100)
        for n in range(5)
    ]
    whole = whole_groups(told, Stretch(first=moment(5), last=moment(33)))
    assert whole == RowGroup(time=Stretch(first=moment(10), last=moment(29)), rows=200)


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(0, 4)), max_size=5))
def test_stretches_are_put_together_where_nothing_lies_between(ends: list[tuple[int, int]]) -> None:
    asked = [Stretch(first=moment(a), last=moment(a + length)) for a, length in ends]
    few = in_few(asked)
    for at in map(moment, range(30)):
        assert sum(one.first <= at <= one.last for one in few) == any(
            one.first <= at <= one.last for one in asked
        )
    gaps = [later.first - earlier.last for earlier, later in pairwise(few)]
    assert all(gap > timedelta(microseconds=1) for gap in gaps)


@pytest.mark.parametrize("zone", ["UTC", "America/Lima", None])
@pytest.mark.parametrize("unit", ["ms", "us"])
def test_a_file_tells_its_times_in_utc(tmp_path: Path, zone: str | None, unit: str) -> None:
    times = [START, None, START + DAYS, START + 2 * DAYS]
    said = [at.replace(tzinfo=None) if at and zone is None else at for at in times]
    write(tmp_path / "a.parquet", pa.array(said, pa.timestamp(unit, zone)))
    assert row_groups(tmp_path / "a.parquet", "timestamp") == (
        RowGroup(time=Stretch(first=START, last=START), rows=1),
        RowGroup(time=Stretch(first=START + DAYS, last=START + 2 * DAYS), rows=2),
    )


@pytest.mark.parametrize(
    "times",
    [
        pa.array([None, None], pa.timestamp("us", "UTC")),
        pa.array(["2024-03-01", "2024-03-02"]),
        pa.array([1, 2], pa.timestamp("ns", "UTC")),
        pa.array([-(2**62), 2**62], pa.timestamp("us", "UTC")),
        pa.array([0, 253402300799999999], pa.timestamp("us", "UTC")),
    ],
    ids=["no time", "text", "nanoseconds", "beyond the calendar", "the last moment"],
)
def test_a_file_that_does_not_tell_is_read(tmp_path: Path, times: pa.Array) -> None:
    write(tmp_path / "a.parquet", times)
    assert row_groups(tmp_path / "a.parquet", "timestamp") is None


def test_a_file_without_statistics_or_column_or_sense_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    times = pa.array([START], pa.timestamp("us", "UTC"))
    pq.write_table(pa.table({"timestamp": times}), path, write_statistics=False)
    assert row_groups(path, "timestamp") is None
    write(path, times)
    assert row_groups(path, "at") is None
    path.write_bytes(b"PAR1")
    assert row_groups(path, "timestamp") is None


def write(path: Path, times: pa.Array) -> None:
    pq.write_table(pa.table({"timestamp": times}), path, row_group_size=2)
