"""A record of a chain, and the record as it was signed."""

from dataclasses import dataclass, field
from datetime import datetime

from gates.chain.bodies import Body, Signatory
from gates.trust.statement import Subject
from policies.canonical import sha256_of

FIRST = 1
"""Sequence of a chain's first record."""


def unopened(candidate: str) -> Subject:
    """A version whose checkpoint could not be opened when it was decided on, by its MLflow URI."""
    return Subject(name=candidate, sha256=sha256_of({"unopened": candidate}))


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRecord:
    """One record; it names the one before it by its digest.

    Attributes:
        model: Registered model name.
        sequence: 1 for the first, then without a gap.
        previous: SHA-256 of the envelope before it; None for the first.
        at: When it was appended; never before the record before it.
        by: Who signed.
        fencing: Number of the lease it was appended under; never falls.
        subject: The version it is about, and the checkpoint's digest.
        tool_version: Version of the program.
        body: What it says.
    """

    model: str
    sequence: int
    previous: str | None
    at: datetime
    by: Signatory
    fencing: int
    subject: Subject
    tool_version: str
    body: Body

    def __post_init__(self) -> None:
        if self.sequence < FIRST or (self.sequence == FIRST) != (self.previous is None):
            raise ValueError("the first record, and only the first, follows none")
        if self.at.tzinfo is None:
            raise ValueError("a record's time has a zone")
        if self.fencing < 1:
            raise ValueError("leases are numbered from 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Void:
    """Why the signature of a record that is whole does not count.

    Attributes:
        reason: In words.
        revoked: Whether only because the key was revoked: as it should be, no sign of an attack.
    """

    reason: str
    revoked: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A record that is part of a verified chain.

    Attributes:
        record: What it says.
        sha256: Digest of its envelope, by which it is named.
        envelope: The envelope's bytes.
        owners: Who signed, as the trust file names the keys' owners now; two keys of one owner are
            one person, whatever the record says of itself.
        void: Why its signature does not count; None when it counts.
    """

    record: ChainRecord
    sha256: str
    envelope: bytes = field(repr=False)
    owners: tuple[str, ...] = ()
    void: Void | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The newest record of a chain.

    Attributes:
        sequence: Its number.
        sha256: Its digest.
    """

    sequence: int
    sha256: str
