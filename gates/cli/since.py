"""Spans of time as people write them: `24h`, `180d`."""

import re
from datetime import timedelta

import click

_UNITS = {"h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}
_SPAN = re.compile(r"(\d{1,5})([hdw])")


class Span(click.ParamType[timedelta]):
    """A whole number of hours, days or weeks."""

    name = "span"

    def convert(
        self,
        value: str | timedelta,
        param: click.Parameter | None,
        ctx: click.Context | None,
    ) -> timedelta:
        """The span."""
        if isinstance(value, timedelta):
            return value
        found = _SPAN.fullmatch(value)
        if found is None:
            self.fail(f"{value!r} is no span of time; write 24h, 180d or 26w", param, ctx)
        return int(found[1]) * _UNITS[found[2]]
