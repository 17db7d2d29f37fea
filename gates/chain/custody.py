"""The one place where records are signed, appended and believed."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from gates.chain.bodies import Body
from gates.chain.chain import Chain
from gates.chain.record import Kept
from gates.ledger.chain_keeping import Lease
from gates.trust.keys import Signer
from gates.trust.statement import Subject
from gates.trust.trust import Trust


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be appended.

    Attributes:
        subject: The version it is about.
        body: What is said of it.
    """

    subject: Subject
    body: Body


class Custody:
    """Trust, signer, mirror, anchor and ledger of a workspace together."""

    @property
    def trust(self) -> Trust:
        """The trust file, verified; read once.

        Raises:
            Untrusted: When it cannot be believed.
        """
        raise NotImplementedError

    def chain(self, model: str) -> Chain:
        """The chain of a model, verified from the anchored head on, and anchored.

        Raises:
            Broken: When a record is missing, altered, doubled or out of order, or a
                stranger signed it.
            LedgerDown: When the ledger does not answer.
        """
        raise NotImplementedError

    def whole_chain(self, model: str) -> Chain:
        """The same, with every record read from the ledger and every signature verified."""
        raise NotImplementedError

    def lease(
        self, model: str, *, intent: str, patience: float = 60.0
    ) -> AbstractContextManager[Lease]:
        """The right to append and to move aliases, given back at the end.

        Raises:
            LeaseHeld: When others had it all the time.
        """
        raise NotImplementedError

    def append(
        self,
        model: str,
        subject: Subject,
        body: Body,
        *,
        lease: Lease,
        second: Signer | None = None,
    ) -> Kept:
        """Signs and appends a record; it is mirrored and anchored afterwards.

        Args:
            model: Registered model name.
            subject: The version it is about.
            body: What is said of it.
            lease: Held by the caller.
            second: A second person's key, for an override.

        Raises:
            LeaseLost: When the lease is not held any more.
            WrongUsage: When there is no key, or it has no role for such a record.
        """
        raise NotImplementedError

    def append_all(self, model: str, entries: Sequence[Entry], *, lease: Lease) -> tuple[Kept, ...]:
        """Appends records one after the other."""
        raise NotImplementedError

    def keep(self, blob: bytes) -> str:
        """Keeps bytes that a record rests on in the mirror.

        Returns:
            Their SHA-256.
        """
        raise NotImplementedError

    def blob(self, sha256: str) -> bytes | None:
        """Bytes kept in the mirror; None when it has none that match the digest."""
        raise NotImplementedError
