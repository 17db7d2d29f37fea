from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.ballots.moments import moment, to_the_minute, when
from tests.fakes.batches import NOW

TIMES = st.datetimes(timezones=st.timezones(), min_value=datetime(1980, 1, 1))  # noqa: DTZ001


@given(one=TIMES, other=TIMES)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert (moment(one) < moment(other)) == (one.timestamp() < other.timestamp())
    assert datetime.fromisoformat(moment(one)).timestamp() == one.timestamp()


def test_a_time_without_a_timezone_is_none() -> None:
    with pytest.raises(ValueError, match="timezone"):
        moment(NOW.replace(tzinfo=None))


@given(one=TIMES, other=TIMES)
def test_what_others_said_is_ordered_as_times_are_and_not_as_texts(
    one: datetime, other: datetime
) -> None:
    said = when(one.isoformat()) < when(other.isoformat())
    assert said == (one.timestamp() < other.timestamp())


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-05-04T09:00:02.000000+00:00", "2026-05-04 09:00 UTC"),
        ("2026-05-04T09:00:02.5Z", "2026-05-04 09:00 UTC"),
        ("2026-05-04T01:30:00+05:30", "2026-05-03 20:00 UTC"),
        ("2026-05-04T09:00:02", "2026-05-04 09:00, zone not said"),
        ("2026-05-04", "2026-05-04 00:00, zone not said"),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+14:00"),
    ],
)
def test_whatever_zone_a_tool_writes_people_read_one(at: str, shown: str) -> None:
    assert to_the_minute(at) == shown
