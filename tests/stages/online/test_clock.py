"""The time of an A/B is the clock's, or for recorded traffic the plan's."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from policies.errors import PolicyError
from stages.online.clock import clock_of
from tests.stages.online.plans import plan_of

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
NEWEST = NOW - timedelta(days=3)


@pytest.mark.parametrize(
    "now", [NOW, NOW.replace(tzinfo=None), NOW.astimezone(timezone(timedelta(hours=5)))]
)
def test_live_traffic_is_as_old_as_the_clock_says(now: datetime) -> None:
    assert clock_of(plan_of(), now)(NEWEST) == clock_of(plan_of(), lambda: now)(NEWEST) == NOW


@pytest.mark.parametrize(
    ("as_of", "time"),
    [
        (None, NEWEST),
        ("2026-02-01T00:00:00", datetime(2026, 2, 1, tzinfo=UTC)),
        ("2026-02-01T05:00:00+05:00", datetime(2026, 2, 1, tzinfo=UTC)),
    ],
)
def test_recorded_traffic_has_the_time_of_its_plan_or_of_its_newest_row(
    as_of: str | None, time: datetime
) -> None:
    assert clock_of(plan_of(retrospective=True, as_of=as_of), NOW)(NEWEST) == time


def test_a_time_that_cannot_be_read_is_refused() -> None:
    with pytest.raises(PolicyError, match="as_of: soon"):
        clock_of(plan_of(retrospective=True, as_of="soon"), NOW)
