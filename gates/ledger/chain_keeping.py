"""What the gate needs of the place where chains of signed records are kept, and their one writer.

Envelopes are bytes here: what they say, and whether they are to be believed, others know.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from policies.errors import Broken


class LeaseHeld(Broken):
    """Somebody else is writing, and was not done in time; nothing was changed."""


class LeaseLost(Broken):
    """The lease ran out, or somebody took it over: what was to be written is not."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """An envelope, and what people find it by; none of this is believed.

    Attributes:
        envelope: As signed.
        name: What it is, for people.
        at: ISO 8601 time.
        tags: What it is found by; their names begin with `gate_`.
    """

    envelope: bytes
    name: str
    at: str
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The newest record of a chain that somebody knows; none after it is dated before it.

    Attributes:
        sequence: Its place in the chain, from 1.
        at: ISO 8601 time that it is dated.
    """

    sequence: int
    at: str


class Lease(Protocol):
    """The right to write a model's chain and move its aliases, for a while."""

    @property
    def number(self) -> int:
        """Fencing number: of two holders, the later one has the higher."""
        ...

    @property
    def abandoned(self) -> str | None:
        """What the holder before was about to do, when it never gave the lease back."""
        ...

    def check(self, *, within: float = 0.0) -> None:
        """Returns while the lease is ours; called before every write; prolongs it when it is due.

        Args:
            within: The store need not be asked again when it was within so many seconds.

        Raises:
            LeaseLost: When it ran out or was taken over.
            LedgerDown: When the store does not answer.
        """
        ...


class ChainKeeper(Protocol):
    """Keeps envelopes in the order they were appended in, and lets one at a time append."""

    def lease(
        self, model: str, *, holder: str, intent: str, patience: float, above: int = 0
    ) -> AbstractContextManager[Lease]:
        """The right to write, given back at the end.

        Args:
            model: Registered model name.
            holder: Who asks, for people.
            intent: What is about to be done, for whoever finds it undone.
            patience: How long to wait for others, in seconds.
            above: Highest number that was ever used, as far as the caller knows.

        Raises:
            LeaseHeld: When others had it all the time.
            LedgerDown: When the store does not answer.
        """
        ...

    def unfinished(self, model: str) -> str | None:
        """What the newest lease was taken for, and by whom, unless it was given back.

        It is being done at this moment, or was cut off. None where nothing is.

        Args:
            model: Registered model name.

        Raises:
            LedgerDown: When the store does not answer.
        """
        ...

    def chain(self, model: str, *, after: Known | None = None) -> tuple[bytes, ...]:
        """Envelopes of a model's chain, by the sequence they were kept under; oldest first.

        What was kept twice under one sequence is there once if it is the same, else twice; what is
        missing is empty.

        Args:
            model: Registered model name.
            after: Only those of a higher sequence, which are not dated before it; None: all.

        Raises:
            LedgerDown: When the store does not answer.
        """
        ...

    def append(self, model: str, sealed: Sequence[Sealed], *, first: int, lease: Lease) -> None:
        """Appends envelopes one after the other; killed in the middle, the first of them stand.

        Args:
            model: Registered model name.
            sealed: As signed, in their order.
            first: Sequence of the first one.
            lease: Held by the caller, and checked before each.

        Raises:
            LeaseLost: When it is not held any more.
            LedgerDown: When the store does not answer.
        """
        ...
