"""What time it is for an A/B: now, or for recorded traffic the time that its plan says."""

from collections.abc import Callable
from datetime import UTC, datetime

from policies.errors import PolicyError
from policies.online import OnlinePlan


def clock_of(
    plan: OnlinePlan, now: datetime | Callable[[], datetime]
) -> Callable[[datetime], datetime]:
    """The time now, given the time of the newest row; in UTC.

    Args:
        plan: The plan. A retrospective one has its `as_of`, or without one the newest row.
        now: The clock, or a fixed time; naive times are UTC.

    Raises:
        PolicyError: The plan's `as_of` cannot be read.
    """
    as_of = _as_of(plan)

    def time(newest: datetime) -> datetime:
        if plan.retrospective:
            return as_of or newest
        return _utc(now() if callable(now) else now)

    return time


def _as_of(plan: OnlinePlan) -> datetime | None:
    if plan.as_of is None:
        return None
    try:
        return _utc(datetime.fromisoformat(plan.as_of))
    except ValueError as error:
        raise PolicyError(
            f"the online plan has `as_of: {plan.as_of}`",
            why="it is no ISO 8601 date and time",
            fix="write it like 2024-03-15T00:00:00+00:00",
        ) from error


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
