"""Which tests begin: a worker that is free takes the next file, and what is long goes first."""

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


def arranged(items: list[pytest.Item]) -> None:
    """Sorts tests by folder; those of a file stay together and in their order."""
    items.sort(key=_rank)


def _rank(item: pytest.Item) -> int:
    folder = Path(item.nodeid.partition("::")[0]).as_posix()
    order = (n for n, first in enumerate(LONG_FIRST) if folder.startswith(f"{first}/"))
    return next(order, len(LONG_FIRST))
