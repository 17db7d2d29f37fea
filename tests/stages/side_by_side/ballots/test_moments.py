from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.ballots.moments import moment
from tests.fakes.batches import NOW

TIMES = st.datetimes(timezones=st.timezones(), min_value=datetime(1980, 1, 1))  # noqa: DTZ001


@given(one=TIMES, other=TIMES)
def test_texts_sort_as_times_do(one: datetime, other: datetime) -> None:
    assert (moment(one) < moment(other)) == (one.timestamp() < other.timestamp())
    assert datetime.fromisoformat(moment(one)).timestamp() == one.timestamp()


def test_a_time_without_a_timezone_is_none() -> None:
    with pytest.raises(ValueError, match="timezone"):
        moment(NOW.replace(tzinfo=None))
