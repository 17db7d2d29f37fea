"""The one place where records are signed, appended and believed."""

import os
import socket
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, suppress
from functools import cached_property

from gates.chain.bodies import Body, Signatory
from gates.chain.chain import Chain
from gates.chain.hands import Hands
from gates.chain.record import FIRST, ChainRecord, Head, Kept, Void
from gates.chain.replenishing import lost_runs
from gates.chain.signing import Entry, Seal, sealed, signed_after
from gates.chain.standing import keys_by_id, void
from gates.chain.verifying import extended, is_strange, refuse_without, verify
from gates.ledger.chain_keeping import Known, Lease
from gates.trust.ci import ci_identity
from gates.trust.keys import Signer
from gates.trust.statement import Subject
from gates.trust.trust import Trust
from gates.trust.trust_document import Kind
from gates.trust.untrusted import Untrusted
from policies.errors import Broken, GateError, WrongUsage

__all__ = ["PATIENCE", "Custody", "Entry"]

PATIENCE = 90.0
"""Seconds that a command waits for others to be done with a model; longer than a lease lasts."""

_NOBODY = Subject(name="models:/nobody/0", sha256="0" * 64)


class Custody:
    """Records of a workspace: read and believed, signed and appended.

    Args:
        hands: What it works with.
        passes_over_strangers: Whether what no known key has signed is passed over, not refused.
    """

    def __init__(self, hands: Hands, *, passes_over_strangers: bool = False) -> None:
        self._hands = hands
        self._passes_over_strangers = passes_over_strangers
        self._known: dict[str, Chain] = {}
        self.strangers = 0
        """How many things among the records were passed over when a chain was read last."""

    def passing_over_strangers(self) -> "Custody":
        """The same, not stopped by what nobody of the trust file has signed for the model.

        Whoever may write to MLflow can put anything among the records, and must not stop a
        rollback by it. Genuine records are held against each other as ever: none may be missing,
        doubled or out of order.
        """
        return Custody(self._hands, passes_over_strangers=True)

    @cached_property
    def trust(self) -> Trust:
        """The trust file, verified; read once.

        Raises:
            WrongUsage: When there is none, or nobody is pinned.
            Untrusted: When it cannot be believed.
        """
        return self._hands.read_trust()

    @cached_property
    def signer(self) -> Signer:
        """The key that signs here.

        Raises:
            WrongUsage: When there is none.
        """
        found = self._hands.read_signer()
        if found is None:
            raise WrongUsage(
                "there is no key to sign with",
                why="neither GATE_KEY nor [trust] key, key_env or key_command names one",
                fix="gate keys new makes one, which a person with the role root trusts",
            )
        return found

    def signatory(self, signer: Signer) -> Signatory:
        """Whose key it is, as the trust file says.

        Raises:
            WrongUsage: When it does not name the key, or a CI's job is not known.
        """
        key = self.trust.owner_of(signer.public)
        if key is None:
            raise WrongUsage(
                f"the key {signer.public.keyid[:12]} signs nothing here",
                why="the trust file does not name it",
                fix="gate trust show lists the keys; somebody with the role root adds one",
            )
        ci = ci_identity(self._hands.environment) if key.kind is Kind.CI else None
        return Signatory(owner=key.owner, keyid=signer.public.keyid, ci=ci)

    def may_append(self, body: Body) -> None:
        """Returns when the key that signs here may sign such a record now.

        Raises:
            WrongUsage: When it may not, saying why.
        """
        record = ChainRecord(
            model="nobody",
            sequence=FIRST,
            previous=None,
            at=self._hands.clock(),
            by=self.signatory(self.signer),
            fencing=1,
            subject=_NOBODY,
            tool_version=self._hands.tool_version,
            body=body,
        )
        _refuse_void(void(record, keys_by_id(self.trust)))

    def chain(self, model: str) -> Chain:
        """The chain of a model: what was anchored by its digests, the rest by its signatures too.

        Raises:
            Untrusted: When a record is missing, altered, doubled, out of order, or a stranger's.
            LedgerDown: When the ledger does not answer.
        """
        hands, anchor = self._hands, self._hands.anchor.head(model)  # before the ledger is read
        known = self._known.get(model) or self._mirrored(model, anchor)
        before = len(known.records)
        more = self._genuine(hands.keeper.chain(model, after=_newest(known)), model=model)
        chain = extended(known, more, trust=self.trust, now=hands.clock())
        refuse_without(chain, anchor)
        with suppress(Broken):  # an auditor may read only; who appends is told
            self._settle(chain, after=before)
        self._known[model] = chain
        return chain

    def remembered(self, model: str) -> Chain:
        """The chain as it was anchored last, from the mirror: the ledger is not asked.

        It is empty where the mirror lacks a record.

        Raises:
            Untrusted: When the trust file cannot be believed.
        """
        return self._mirrored(model, self._hands.anchor.head(model))

    def remembered_without_state(self, model: str) -> Chain:
        """The same, not asking the state either: only shown, so every signature is verified anew.

        Raises:
            Untrusted: When trust file or records cannot be believed.
        """
        hands, anchor = self._hands, self._hands.anchor.head(model)
        found = None if anchor is None else hands.mirror.back_from(anchor, model=model)
        trust = hands.read_trust_at_hand()
        return verify(found or (), model=model, trust=trust, now=hands.clock(), anchor=anchor)

    def at_hand(self, model: str) -> Chain:
        """The chain or, where it cannot be told or believed now, as it was anchored last.

        For what is only shown or measured: nothing may be promoted on it. Empty where neither is
        to be had.
        """
        for found in (self.chain, self.remembered):
            with suppress(GateError):
                return found(model)
        return Chain(model=model)

    def whole_chain(self, model: str) -> Chain:
        """The same, with every record read from the ledger and every signature verified.

        Raises:
            Untrusted: As `chain`.
            LedgerDown: When the ledger does not answer.
        """
        hands, anchor = self._hands, self._hands.anchor.head(model)  # before the ledger is read
        envelopes = hands.keeper.chain(model)
        chain = verify(envelopes, model=model, trust=self.trust, now=hands.clock(), anchor=anchor)
        with suppress(Broken):
            self._settle(chain, after=0)
        self._known[model] = chain
        return chain

    def lease(
        self, model: str, *, intent: str, patience: float = PATIENCE
    ) -> AbstractContextManager[Lease]:
        """The right to append and to move aliases, given back at the end.

        Args:
            model: Registered model name.
            intent: What is about to be done, for whoever finds it undone.
            patience: How long to wait for others, in seconds.

        Raises:
            LeaseHeld: When others had it all the time.
            LedgerDown: When the ledger does not answer.
            Broken: When what is appended could not be anchored.
        """
        self._hands.anchor.check_writable()
        holder = f"{self.signatory(self.signer).owner} on {socket.gethostname()}, {os.getpid()}"
        known = self._known.get(model) or self.chain(model)  # what is appended reads it again
        return self._hands.keeper.lease(
            model,
            holder=holder,
            intent=intent,
            patience=patience,
            above=known.fencing,
        )

    def unfinished(self, model: str) -> str | None:
        """What somebody is at, or was cut off at, under the newest lease; None: nothing.

        Raises:
            LedgerDown: When the ledger does not answer.
        """
        return self._hands.keeper.unfinished(model)

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
            second: The second person's key, for an override.

        Raises:
            LeaseLost: When the lease is not held any more.
            WrongUsage: When there is no key, or it may not sign such a record.
        """
        entry = Entry(subject=subject, body=body)
        return self._appended(model, (entry,), lease, (second,) if second else ())[0]

    def append_all(self, model: str, entries: Sequence[Entry], *, lease: Lease) -> tuple[Kept, ...]:
        """Appends records one after the other; killed in the middle, the first of them stand.

        Raises:
            LeaseLost: When the lease is not held any more.
            WrongUsage: When there is no key, or it may not sign such records.
        """
        return self._appended(model, entries, lease, ())

    def replenish(self, model: str) -> tuple[Kept, ...]:
        """Puts back into the ledger what it lost of the chain, byte for byte, from the mirror.

        For a ledger that was restored from a backup older than the newest anchored record. Killed
        in the middle, the first of them stand; called again, it goes on.

        Returns:
            The records that were put back, oldest first; none when it had them all.

        Raises:
            WrongUsage: When no record is anchored, or there is no key.
            Untrusted: When the mirror does not lead to the anchored record, or the ledger has a
                record that does not belong to this chain.
            LeaseLost: When somebody took the lease over.
            LedgerDown: When the ledger does not answer.
        """
        hands, anchor = self._hands, self._hands.anchor.head(model)
        if anchor is None:
            raise WrongUsage(
                f"nothing says which record of {model} was the newest",
                why="the anchor has none",
                fix="restore the anchor from a backup; gate verify --records says what is there",
            )
        envelopes = hands.mirror.back_from(anchor, model=model)
        if envelopes is None:
            raise Untrusted(
                f"the copies do not lead to record {anchor.sequence} of {model}",
                why=f"a record in {hands.mirror.url} is missing or altered, and the anchor has "
                f"{anchor.sha256[:12]} as the newest",
                fix="restore the place that [state] records names from its backup, then again",
            )
        whole = verify(envelopes, model=model, trust=self.trust, now=hands.clock(), anchor=anchor)
        with self.lease(model, intent="put lost records back") as lease:
            there = hands.keeper.chain(model)
            runs = lost_runs(whole, there, trust=self.trust, now=hands.clock())
            for run in runs:
                first = run[0].record.sequence
                hands.keeper.append(model, [sealed(k) for k in run], first=first, lease=lease)
        return tuple(kept for run in runs for kept in run)

    def keep(self, blob: bytes) -> str:
        """Keeps bytes that a record rests on in the mirror.

        Returns:
            Their SHA-256.
        """
        return self._hands.mirror.keep(blob)

    def blob(self, sha256: str) -> bytes | None:
        """Bytes kept in the mirror; None when it has none that match the digest."""
        return self._hands.mirror.blob(sha256)

    def erase(self, digests: Collection[str], statement: bytes) -> None:
        """Removes bytes from the mirror for good, once a signed statement says so there."""
        self._hands.mirror.erase(digests, statement)

    @property
    def erasures(self) -> tuple[bytes, ...]:
        """Statements on what was erased from the mirror; nobody has verified them."""
        return self._hands.mirror.erasures

    def _genuine(self, envelopes: Sequence[bytes], *, model: str) -> Sequence[bytes]:
        """The envelopes; without those of strangers, where these are passed over."""
        if not self._passes_over_strangers:
            return envelopes
        keys = [key.public for key in self.trust.keys]
        found = [each for each in envelopes if not is_strange(each, keys, model=model)]
        self.strangers = len(envelopes) - len(found)
        return found

    def _mirrored(self, model: str, anchor: Head | None) -> Chain:
        """What the mirror has of a chain up to its anchor; nothing where a record is missing."""
        hands = self._hands
        found = None if anchor is None else hands.mirror.back_from(anchor, model=model)
        return extended(
            Chain(model=model),
            found or (),
            trust=self.trust,
            now=hands.clock(),
            believed=len(found or ()),
        )

    def _settle(self, chain: Chain, *, after: int) -> None:
        """Mirrors and anchors what was verified."""
        for kept in chain.records[after:]:
            self._hands.mirror.keep_envelope(kept.envelope)
        if chain.head is not None and len(chain.records) > after:
            self._hands.anchor.grow(chain.model, chain.head)

    def _appended(
        self, model: str, entries: Sequence[Entry], lease: Lease, more: Sequence[Signer]
    ) -> tuple[Kept, ...]:
        before = self.chain(model)
        hands, length = self._hands, len(before.records)
        seal = Seal(
            by=self.signatory(self.signer),
            signers=(self.signer, *more),
            at=hands.clock(),
            fencing=lease.number,
            tool_version=hands.tool_version,
        )
        envelopes = tuple(signed_after(before, entries, seal))
        chain = extended(before, envelopes, trust=self.trust, now=hands.clock())
        new = chain.records[length:]
        for kept in new:
            _refuse_void(kept.void)
        hands.keeper.append(
            model, [sealed(kept) for kept in new], first=length + FIRST, lease=lease
        )
        self._known[model] = chain
        self._settle(chain, after=length)
        return new


def _newest(chain: Chain) -> Known | None:
    if not chain.records:
        return None
    record = chain.records[-1].record
    return Known(sequence=record.sequence, at=record.at.isoformat())


def _refuse_void(found: Void | None) -> None:
    if found is not None:
        raise WrongUsage(
            "the key that signs here may not sign this record",
            why=found.reason,
            fix="ask somebody who may; gate trust show says who has which role",
        )
