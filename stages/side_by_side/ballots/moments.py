"""Times as they are kept: our own sort as the times do, those of other tools as they were said."""

from datetime import UTC, datetime


def moment(at: datetime) -> str:
    """ISO 8601 in UTC, to the microsecond, always equally long.

    Raises:
        ValueError: When the time has no timezone.
    """
    if at.tzinfo is None:
        raise ValueError("a time needs a timezone")
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def when(at: str) -> datetime:
    """The time that a text in ISO 8601 says; one that names no zone is taken for UTC.

    Raises:
        ValueError: When it is no ISO 8601.
    """
    said = datetime.fromisoformat(at)
    return said if said.tzinfo else said.replace(tzinfo=UTC)


def to_the_minute(at: str) -> str:
    """A time for people: in UTC whatever zone it was said in, and else with the word that none was.

    Raises:
        ValueError: When it is no ISO 8601.
    """
    try:
        shown = f"{when(at).astimezone(UTC):%Y-%m-%d %H:%M}"
    except OverflowError:
        return at  # the first hours of the year 1, or the last of the year 9999
    return f"{shown} UTC" if datetime.fromisoformat(at).tzinfo else f"{shown}, zone not said"
