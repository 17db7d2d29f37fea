"""How long work tells how far it is."""

from contextlib import AbstractContextManager, nullcontext
from typing import Protocol


class Advance(Protocol):
    """Called with the number of units done since the last call."""

    def __call__(self, done: int = 1) -> None:
        """Moves the bar on."""
        ...


class Progress(Protocol):
    """A place to show progress; silent where nobody looks."""

    def task(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """A bar of `total` units, closed when the context ends."""
        ...


class Silent:
    """Progress that nobody sees."""

    def task(self, label: str, total: int) -> AbstractContextManager[Advance]:
        """A bar that is not shown."""
        del label, total
        return nullcontext(_ignore)


def _ignore(done: int = 1) -> None:
    del done
