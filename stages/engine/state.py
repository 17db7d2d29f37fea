"""What must outlive a process: named streams of JSON entries, and exclusive locks."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from policies.canonical import Json

Entry = Mapping[str, Json]


class State(Protocol):
    """Append-only streams behind one URL: a folder on one machine (PostgreSQL later).

    A stream's name is a path of lower-case words, digits, `-`, `_` and `.` joined by `/`.
    """

    @property
    def url(self) -> str:
        """Where it is."""
        ...

    def read(self, stream: str) -> tuple[Entry, ...]:
        """Every durable entry, oldest first; empty for a stream that was never written.

        Raises:
            Broken: When an entry other than a torn last one cannot be read.
        """
        ...

    def append(self, stream: str, entries: Sequence[Entry]) -> None:
        """Adds entries; they are on disk when this returns."""
        ...

    def lock(self, name: str) -> AbstractContextManager[None]:
        """Exclusive hold on a name, given up when the process ends.

        Raises:
            Broken: When another process holds it.
        """
        ...
