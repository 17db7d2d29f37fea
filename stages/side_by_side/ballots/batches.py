"""Batches in the ballot box: opened once, their guidelines published anew, stopped."""

from datetime import datetime

from stages.side_by_side.ballots.standing import Guidelines, Stopped
from stages.side_by_side.batch import Batch


class Batches:
    """The batches of a ballot box."""

    def open(self, batch: Batch, *, now: datetime) -> None:
        """Keeps a batch; its guidelines become version 1. The same batch again changes nothing.

        Raises:
            InputError: When another batch has its name.
        """
        raise NotImplementedError

    def names(self) -> tuple[str, ...]:
        """Names of all batches, oldest first."""
        raise NotImplementedError

    def get(self, name: str) -> Batch:
        """A batch.

        Raises:
            InputError: When there is none of that name.
        """
        raise NotImplementedError

    def guidelines(self, name: str, version: int | None = None) -> Guidelines:
        """What annotators are told now, or were told in a version.

        Raises:
            InputError: When there is no such version.
        """
        raise NotImplementedError

    def publish(self, name: str, text: str, *, now: datetime) -> Guidelines:
        """New guidelines, shown from now on; the same text again is no new version."""
        raise NotImplementedError

    def stop(self, name: str, *, why: str, now: datetime) -> Stopped:
        """Takes no more votes; what was accepted stands. A second stop changes nothing."""
        raise NotImplementedError

    def stopped(self, name: str) -> Stopped | None:
        """Since when a batch takes no more votes, and why; None while it does."""
        raise NotImplementedError
