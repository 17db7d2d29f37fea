"""Times, as a policy writes them."""

from collections.abc import Iterator
from datetime import datetime

from policies.problems import Path, Problem


def time_problem(at: Path, text: str) -> Iterator[Problem]:
    """What is wrong with an ISO 8601 time, if anything is."""
    expected, fix = "an ISO 8601 date and time with its zone", 'e.g. "2026-05-31T18:00:00+00:00"'
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        yield Problem(at=at, found=f"`{text}`", expected=expected, fix=fix)
        return
    if time.tzinfo is None:
        yield Problem(at=at, found=f"`{text}`, without a zone", expected=expected, fix=fix)
