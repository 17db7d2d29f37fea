"""Which tests go to one worker of pytest-xdist, and which begin: what is long, else one waits."""

from pathlib import Path

import pytest

LONG_FIRST = (
    "tests/infra",
    "tests/integration",
    "tests/docs",
    "tests/gates/workshop",
    "tests/gates",
    "tests/contract",
    "tests/stages/online",
    "tests/stages/workshop",
    "tests/stages/offline",
    "tests/stages",
)
"""Folders by how long one of their files may take; all others come last."""

SHARED = ("shown",)
"""Fixtures of a session that take a minute: whoever asks for one goes where the others are."""


def arranged(items: list[pytest.Item]) -> None:
    """Sorts tests, and names the group of each: its file, or the dear fixture that it shares."""
    for item in items:
        item.add_marker(pytest.mark.xdist_group(_group(item)))
    items.sort(key=_rank)


def _group(item: pytest.Item) -> str:
    asked = getattr(item, "fixturenames", ())
    file = item.nodeid.partition("::")[0]
    return next((name for name in SHARED if name in asked), file)


def _rank(item: pytest.Item) -> tuple[bool, int]:
    folder = Path(item.nodeid.partition("::")[0]).as_posix()
    order = (n for n, first in enumerate(LONG_FIRST) if folder.startswith(f"{first}/"))
    return _group(item) not in SHARED, next(order, len(LONG_FIRST))
