"""Envelopes held against everything that a chain promises; pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from gates.chain.bodies import Approval, Decision, Override, Promotion
from gates.chain.chain import Chain
from gates.chain.encoding import payload_in, record_of
from gates.chain.record import FIRST, ChainRecord, Head, Kept
from gates.chain.standing import keys_by_id, signatories, void
from gates.trust.dsse import decode, verified_by
from gates.trust.keys import PublicKey
from gates.trust.statement import PAYLOAD_TYPE
from gates.trust.statement import decode as decode_statement
from gates.trust.trust import Trust, TrustedKey
from gates.trust.untrusted import Untrusted
from policies.canonical import sha256_of_bytes

CLOCKS_DIFFER_BY = timedelta(seconds=60)
"""How far the clocks of those who append may be apart; a record from farther ahead is refused."""


def verify(
    envelopes: Sequence[bytes],
    *,
    model: str,
    trust: Trust,
    now: datetime,
    anchor: Head | None = None,
    believed: int = 0,
) -> Chain:
    """The chain of envelopes that are whole, in order, and signed by keys of the trust file.

    A record whose signature is genuine and does not count, since its key was revoked or has not
    the role, stays in the chain and answers nothing: what follows it still names it.

    Args:
        envelopes: Oldest first.
        model: Whose chain it should be.
        trust: Whose signatures count.
        now: With a zone.
        anchor: The newest record that was ever verified; None when none was.
        believed: How many of the envelopes were verified before, and lead by their digests to the
            anchor; their signatures are not computed again.

    Raises:
        Untrusted: Naming the sequence, when a record is missing, altered, doubled, out of order, of
            another model, from the future, or signed by a stranger; or the chain has lost its end.
    """
    empty = Chain(model=model)
    chain = extended(empty, envelopes, trust=trust, now=now, believed=believed)
    refuse_without(chain, anchor)
    return chain


def extended(
    chain: Chain, envelopes: Sequence[bytes], *, trust: Trust, now: datetime, believed: int = 0
) -> Chain:
    """A verified chain with more envelopes, held against the same promises.

    Raises:
        Untrusted: As `verify`.
    """
    if not envelopes:
        return chain  # mostly nothing is new, and it may have thousands of records
    reading = _Reading.of(chain, keys=keys_by_id(trust), now=now, believed=believed)
    for envelope in envelopes:
        reading.take(envelope)
    return Chain(model=chain.model, records=tuple(reading.kept))


def is_strange(envelope: bytes, keys: Collection[PublicKey], *, model: str) -> bool:
    """Whether none of these keys has signed an envelope, or it was copied from another model.

    Junk nobody has signed. What a key has signed and this version cannot read is not strange.
    """
    try:
        opened = decode(envelope, payload_type=PAYLOAD_TYPE, what="a record")
    except Untrusted:
        return True
    if not verified_by(opened, keys):
        return True
    try:
        return record_of(opened.payload, what="a record").model != model
    except Untrusted:
        return False


def refuse_without(chain: Chain, anchor: Head | None) -> None:
    """Returns when a chain still has the record that was its newest once.

    Raises:
        Untrusted: When it has lost it, or has another in its place.
    """
    if anchor is None:
        return
    length = len(chain.records)
    if length < anchor.sequence:
        raise Untrusted(
            f"the records of {chain.model} have lost their end",
            why=f"there are {length}, and {anchor.sequence} were verified before",
            fix="restore MLflow from a newer backup; if there is none, gate verify "
            f"{chain.model} --restore puts back what the mirror has",
        )
    found = chain.records[anchor.sequence - FIRST].sha256
    if found != anchor.sha256:
        raise _refused(
            f"record {anchor.sequence} of {chain.model}",
            f"it is {found[:12]}, and {anchor.sha256[:12]} was verified before",
        )


@dataclass(kw_only=True)
class _Reading:
    """The envelopes that were taken so far."""

    model: str
    keys: Mapping[str, TrustedKey]
    now: datetime
    believed: int
    kept: list[Kept] = field(default_factory=list)
    of_digest: dict[str, ChainRecord] = field(default_factory=dict)
    decisions: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def of(
        cls, chain: Chain, *, keys: Mapping[str, TrustedKey], now: datetime, believed: int
    ) -> "_Reading":
        """What follows the records of a chain."""
        reading = cls(model=chain.model, keys=keys, now=now, believed=believed)
        for kept in chain.records:
            reading._add(kept)
        return reading

    def take(self, envelope: bytes) -> None:
        """Adds the next envelope.

        Raises:
            Untrusted: When it is not what the chain promises.
        """
        what = f"record {len(self.kept) + FIRST} of {self.model}"
        old = len(self.kept) < self.believed
        record = record_of(
            payload_in(envelope, what=what) if old else _payload(envelope, what=what), what=what
        )
        problem = next(self._problems(record), None)
        if problem is None and not old:
            problem = next(_strangers(record, envelope, self.keys, what=what), None)
        if problem is not None:
            raise _refused(what, problem)
        if record.at > self.now + CLOCKS_DIFFER_BY:
            raise _ahead(what, record, self.now)
        self._keep(record, envelope)

    def _problems(self, record: ChainRecord) -> Iterator[str]:
        """What is wrong with its place in the chain."""
        expected = len(self.kept) + FIRST
        if record.model != self.model:
            yield f"it is a record of {record.model}, copied here"
        if not record.subject.name.startswith(f"models:/{self.model}/"):
            yield f"it is about {record.subject.name}, which is no version of {self.model}"
        if record.sequence > expected:
            yield f"it is missing: after record {expected - 1} comes record {record.sequence}"
        if record.sequence < expected:
            yield f"record {record.sequence} stands in its place: doubled, or out of order"
        yield from self._beside_the_last(record)
        yield from self._unfounded(record)

    def _beside_the_last(self, record: ChainRecord) -> Iterator[str]:
        if not self.kept:
            return
        last = self.kept[-1]
        if record.previous != last.sha256:
            yield (
                f"it follows a record {(record.previous or '')[:12]}, and the one before it here "
                f"is {last.sha256[:12]}"
            )
        if record.at < last.record.at:
            yield f"it is back-dated: {record.at.isoformat()}, before the one that it follows"
        if record.fencing < last.record.fencing:
            yield (
                f"it was appended under lease {record.fencing}, which lease {last.record.fencing} "
                "had taken over"
            )

    def _unfounded(self, record: ChainRecord) -> Iterator[str]:
        """Records that it names and that are not there, or are about something else."""
        body = record.body
        if isinstance(body, Decision):
            earlier = self.decisions.get(record.subject.sha256, ())
            if body.earlier != earlier:
                yield f"it names {len(body.earlier)} earlier decisions of {len(earlier)}"
        for digest, kind in _rests_on(record):
            found = self.of_digest.get(digest)
            if found is None or found.subject != record.subject or not isinstance(found.body, kind):
                yield f"it rests on the {kind.__name__.lower()} {digest[:12]}, which is not there"
            elif isinstance(found.body, Override):
                yield from _beyond(found.body, record)

    def _keep(self, record: ChainRecord, envelope: bytes) -> None:
        signers = (self.keys.get(signatory.keyid) for signatory in signatories(record))
        self._add(
            Kept(
                record=record,
                sha256=sha256_of_bytes(envelope),
                envelope=envelope,
                owners=tuple(key.owner for key in signers if key is not None),
                void=void(record, self.keys),
            )
        )

    def _add(self, kept: Kept) -> None:
        self.kept.append(kept)
        self.of_digest[kept.sha256] = kept.record
        if isinstance(kept.record.body, Decision):
            checkpoint = kept.record.subject.sha256
            before = self.decisions.get(checkpoint, ())
            self.decisions[checkpoint] = (*before, kept.sha256)


def _beyond(override: Override, record: ChainRecord) -> Iterator[str]:
    """Why a move that rests on an override goes beyond it."""
    body = record.body
    if isinstance(body, Promotion) and body.alias != override.alias:
        yield f"it moves {body.alias} by an override for {override.alias}"
    if record.at >= override.expires:
        yield f"it rests on an override that had ended on {override.expires.isoformat()}"


def _payload(envelope: bytes, *, what: str) -> bytes:
    """The payload of an envelope that is written as this program writes."""
    payload = decode(envelope, payload_type=PAYLOAD_TYPE, what=what).payload
    decode_statement(payload, what=what)
    return payload


def _strangers(
    record: ChainRecord, envelope: bytes, keys: Mapping[str, TrustedKey], *, what: str
) -> Iterator[str]:
    """Whose signatures are missing, forged or too many."""
    opened = decode(envelope, payload_type=PAYLOAD_TYPE, what=what)
    wanted = {signatory.keyid for signatory in signatories(record)}
    known = [keys[keyid].public for keyid in wanted if keyid in keys]
    signed = {key.keyid for key in verified_by(opened, known)}
    for keyid in sorted(wanted - set(keys)):
        yield f"it is signed by the key {keyid[:12]}, which the trust file does not name"
    for keyid in sorted(wanted - signed):
        yield f"its signature is not that of the key {keyid[:12]}"
    if len(opened.signatures) != len(wanted):
        yield f"it has {len(opened.signatures)} signatures, and {len(wanted)} signed it"


def _rests_on(
    record: ChainRecord,
) -> Iterator[tuple[str, type[Decision] | type[Approval] | type[Override]]]:
    match record.body:
        case Approval(decision=str(digest)) | Override(decision=str(digest)):
            yield digest, Decision
        case Promotion(decision=decision, approvals=approvals, override=override):
            if decision is not None:
                yield decision, Decision
            yield from ((digest, Approval) for digest in approvals)
            if override is not None:
                yield override, Override
        case _:
            return


def _refused(what: str, why: str) -> Untrusted:
    return Untrusted(
        f"cannot believe {what}",
        why=why,
        fix="nothing is promoted on it: see who changed MLflow, and restore it from a backup; the "
        "mirror at [state] records has every record by its digest",
    )


def _ahead(what: str, record: ChainRecord, now: datetime) -> Untrusted:
    """A record that is all right but for its time: mostly it is this clock that is behind."""
    return Untrusted(
        f"cannot believe {what}",
        why=f"it is from the future: {record.at.isoformat()}, and here it is {now.isoformat()}",
        fix="compare this machine's clock with another's, and set it if it is behind; else the "
        f"clock of {record.by.owner} was ahead, and time heals it, or somebody dated it ahead",
    )
