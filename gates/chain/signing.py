"""Records put after a chain and signed; pure but for the keys."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gates.chain.bodies import (
    Adoption,
    Body,
    Decision,
    Override,
    Promotion,
    Rollback,
    Signatory,
    kind_of,
)
from gates.chain.chain import Chain
from gates.chain.encoding import statement_of
from gates.chain.record import FIRST, ChainRecord, Kept
from gates.ledger.chain_keeping import Sealed
from gates.trust.dsse import encode as encode_envelope
from gates.trust.dsse import sign
from gates.trust.keys import Signer
from gates.trust.statement import PAYLOAD_TYPE, Subject
from gates.trust.statement import encode as encode_statement
from policies.canonical import sha256_of_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What is to be appended.

    Attributes:
        subject: The version it is about.
        body: What is said of it; a decision's `earlier` is filled in when it is appended.
    """

    subject: Subject
    body: Body


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What all records that are appended together have in common.

    Attributes:
        by: Who signs.
        signers: The key, and that of a second person.
        at: Now; never before the chain's last record, which another clock may have dated.
        fencing: Number of the lease.
        tool_version: Version of the program.
    """

    by: Signatory
    signers: tuple[Signer, ...]
    at: datetime
    fencing: int
    tool_version: str


def signed_after(chain: Chain, entries: Sequence[Entry], seal: Seal) -> Iterator[bytes]:
    """Envelopes of records that follow a chain, in order."""
    head = chain.head
    first, previous = (head.sequence + 1, head.sha256) if head else (FIRST, None)
    at = max(seal.at, chain.records[-1].record.at) if chain.records else seal.at
    decided = _Decided(chain)
    for sequence, entry in enumerate(entries, first):
        record = ChainRecord(
            model=chain.model,
            sequence=sequence,
            previous=previous,
            at=at,
            by=seal.by,
            fencing=seal.fencing,
            subject=entry.subject,
            tool_version=seal.tool_version,
            body=decided.with_earlier(entry),
        )
        payload = encode_statement(statement_of(record))
        envelope = encode_envelope(sign(PAYLOAD_TYPE, payload, seal.signers))
        previous = sha256_of_bytes(envelope)
        decided.add(record, previous)
        yield envelope


def sealed(kept: Kept) -> Sealed:
    """A record as the ledger keeps it."""
    record = kept.record
    kind, name = kind_of(record.body), record.subject.name.removeprefix("models:/")
    return Sealed(
        envelope=kept.envelope,
        name=f"{record.sequence} {kind} {name}",
        at=record.at.isoformat(),
        tags={
            "gate_kind": kind,
            "gate_candidate": record.subject.name,
            "gate_previous": record.previous or "",
            "gate_by": ", ".join(kept.owners),
            "gate_sentence": sentence(record.body)[:500],
        },
    )


def sentence(body: Body) -> str:
    """What a record says, for people."""
    match body:
        case Decision(verdict=verdict):
            return f"{verdict}: {body.reason}"
        case Promotion(alias=alias, before=before, override=override):
            how = "by an override " if override else ""
            return f"{alias} moved here {how}from {before or 'nothing'}"
        case Rollback(alias=alias, before=before):
            return f"{alias} moved back here from {before or 'nothing'}: {body.reason}"
        case Adoption(alias=alias):
            return f"adopted as {alias}: {body.reason}"
        case Override(alias=alias, expires=expires):
            return f"may have {alias} until {expires.isoformat()} without a PASS: {body.reason}"
        case _:
            return body.reason


class _Decided:
    """Decisions on each checkpoint, by their digests."""

    def __init__(self, chain: Chain) -> None:
        self._found: dict[str, tuple[str, ...]] = {}
        for kept in chain.records:
            self.add(kept.record, kept.sha256)

    def with_earlier(self, entry: Entry) -> Body:
        """The body; a decision names all before it on the same checkpoint."""
        if not isinstance(entry.body, Decision):
            return entry.body
        return replace(entry.body, earlier=self._found.get(entry.subject.sha256, ()))

    def add(self, record: ChainRecord, sha256: str) -> None:
        """Remembers a decision."""
        if isinstance(record.body, Decision):
            before = self._found.get(record.subject.sha256, ())
            self._found[record.subject.sha256] = (*before, sha256)
