"""Moments as options: ISO 8601 with a zone."""

from datetime import datetime, tzinfo

import click


class Moment(click.ParamType[datetime]):
    """An ISO 8601 time with its zone: a signed one must mean the same to everybody.

    Args:
        zone: Of a time that names none; without it such a time is refused.
    """

    name = "time"

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """The time that a text says."""
        if isinstance(value, datetime):
            return value
        try:
            found = datetime.fromisoformat(str(value))
        except ValueError:
            self.fail(f"{value} is no ISO 8601 time, such as 2026-03-08T06:00:00Z", param, ctx)
        if found.tzinfo is None and self._zone is None:
            self.fail(f"{value} has no zone; write e.g. {value}Z", param, ctx)
        return found if found.tzinfo is not None else found.replace(tzinfo=self._zone)
