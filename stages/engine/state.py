"""What must outlive a process: named streams of JSON entries, and exclusive locks."""

import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from policies.canonical import Json
from policies.errors import Broken

Entry = Mapping[str, Json]

_NAME = re.compile(r"[a-z0-9_][a-z0-9_.-]*(/[a-z0-9_][a-z0-9_.-]*)*")
_SUFFIXES = (".jsonl", ".lock")


class LockHeld(Broken):
    """Another process holds a lock that this one asks for."""


class State(Protocol):
    """Append-only streams behind one URL: a folder on one machine, or PostgreSQL.

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
            LockHeld: When another process holds it.
            Broken: When nobody can hold it: the store refuses.
        """
        ...


def checked_name(name: str) -> str:
    """A stream's or a lock's name, the same rules wherever the state is.

    Raises:
        ValueError: When it is no name.
    """
    parts = name.split("/")
    if not _NAME.fullmatch(name) or any(part.endswith(_SUFFIXES) for part in parts):
        raise ValueError(
            f"{name!r} is no stream name: lower-case words, digits, - _ and . joined by /"
        )
    return name


def foreign_entry(what: str, *, stream: str, state: State) -> Broken:
    """The error of an entry that this program did not write; it is never read as something else.

    Args:
        what: What it should be, such as `a reward`.
        stream: Where it stands.
        state: Whose stream that is.
    """
    return Broken(
        f"cannot read {what} in stream {stream} of {state.url}",
        why="its entry is not of this program's shape",
        fix="use the version of gate that wrote the journal, or a new state folder",
    )
