"""Times as they are kept: texts that sort as the times do."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond, always equally long.

    Raises:
        ValueError: When the time has no timezone.
    """
    if at.tzinfo is None:
        raise ValueError("a time needs a timezone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")
