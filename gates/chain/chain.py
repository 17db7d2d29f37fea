"""A verified chain, and what it answers; pure. Records that do not count answer nothing."""

from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import TypeGuard

from gates.chain.bodies import (
    AbEnded,
    Adoption,
    Approval,
    Body,
    Decision,
    Override,
    Promotion,
    Revocation,
    Rollback,
)
from gates.chain.record import FIRST, Head, Kept
from gates.trust.statement import Subject

Move = Adoption | Promotion | Rollback
"""Bodies of records that say where an alias points."""


@dataclass(frozen=True, kw_only=True)
class Chain:
    """The records of a model, verified, oldest first.

    Attributes:
        model: Registered model name.
        records: Every one, also those that do not count.
    """

    model: str
    records: tuple[Kept, ...] = field(default=(), repr=False)

    @property
    def head(self) -> Head | None:
        """The newest record; None of an empty chain."""
        if not self.records:
            return None
        return Head(sequence=self.records[-1].record.sequence, sha256=self.records[-1].sha256)

    @property
    def fencing(self) -> int:
        """Highest number of a lease that a record was appended under; 0 of an empty chain."""
        return self.records[-1].record.fencing if self.records else 0

    @cached_property
    def counting(self) -> tuple[Kept, ...]:
        """Records whose signatures count."""
        return tuple(kept for kept in self.records if kept.void is None)

    @property
    def void(self) -> tuple[Kept, ...]:
        """Records that are whole, and whose signatures do not count."""
        return tuple(kept for kept in self.records if kept.void is not None)

    def by_digest(self, sha256: str) -> Kept | None:
        """The counting record of a digest."""
        return next((kept for kept in self.counting if kept.sha256 == sha256), None)

    def decisions(self, candidate_sha256: str) -> tuple[Kept, ...]:
        """Decisions on a checkpoint, under any policy and any name, oldest first."""
        return tuple(
            kept
            for kept in self.counting
            if isinstance(kept.record.body, Decision)
            and kept.record.subject.sha256 == candidate_sha256
        )

    def newest_decision(self, subject: Subject, policy: str) -> Kept | None:
        """The newest decision on a version that still is this checkpoint, under a policy's name."""
        for kept in reversed(self.counting):
            body = kept.record.body
            mine = kept.record.subject == subject
            if mine and isinstance(body, Decision) and body.policy == policy:
                return kept
        return None

    def approvals(self, decision_sha256: str) -> tuple[Kept, ...]:
        """Approvals of one decision's record, oldest first; a person's second is among them."""
        return tuple(
            kept
            for kept in self.counting
            if isinstance(kept.record.body, Approval)
            and kept.record.body.decision == decision_sha256
        )

    def revoked(self, subject: Subject) -> Kept | None:
        """The newest revocation of a version, or of another with the same checkpoint.

        None when an alias was rolled back to it later: see `left_by_rollback`.
        """
        for kept in reversed(self.counting):
            other, body = kept.record.subject, kept.record.body
            same = subject.name == other.name or subject.sha256 == other.sha256
            if same and isinstance(body, Revocation | Rollback):
                return kept if isinstance(body, Revocation) else None
        return None

    def left_by_rollback(self, revocation: Kept) -> bool:
        """Whether a revocation says no more than that a version was rolled back from.

        It was appended with the rollback, right after it: a rollback that was the mistake can be
        taken back by another one.
        """
        place = revocation.record.sequence - FIRST
        before = self.records[max(place - 1, 0) : place]
        return any(
            kept.void is None
            and isinstance(kept.record.body, Rollback)
            and kept.record.body.before == revocation.record.subject.name
            and kept.record.fencing == revocation.record.fencing
            for kept in before
        )

    def ab_ended(self, name: str, *, since: datetime | None) -> Kept | None:
        """The record that ended a version's A/B otherwise than by a look.

        Args:
            name: MLflow URI of the version.
            since: When its A/B was registered; None when that is not known, or none was.
        """
        for kept in reversed(self.counting):
            mine = isinstance(kept.record.body, AbEnded) and kept.record.subject.name == name
            if mine and (since is None or since <= kept.record.at):
                return kept
        return None

    def moves(self, alias: str) -> tuple[Kept, ...]:
        """Adoptions, promotions and rollbacks of an alias, oldest first."""
        return tuple(kept for kept in self.counting if _moves(kept.record.body, alias))

    def serving(self, alias: str, at: datetime | None = None) -> Kept | None:
        """The record by which an alias pointed to its subject at a time; None before the first.

        Args:
            alias: The alias.
            at: A time; None for the newest record.
        """
        found = [kept for kept in self.moves(alias) if at is None or kept.record.at <= at]
        return found[-1] if found else None

    def last_good(self, alias: str, before: str) -> Kept | None:
        """The newest of the records by which an alias may go back; None where there is none."""
        return next(iter(self.good(alias, before)), None)

    def good(self, alias: str, before: str) -> tuple[Kept, ...]:
        """Records that gave an alias to versions that may have it again, newest first.

        Args:
            alias: The alias.
            before: URI of the version to leave; not an answer.

        Returns:
            Of each version that is not revoked the newest adoption, promotion on a PASS, or
            rollback to it.
        """
        earned, found = self._earned(alias), dict[str, Kept]()
        for kept in reversed(self.moves(alias)):
            subject = kept.record.subject
            good = subject.name in earned and not _overrules(kept.record.body)
            if good and subject.name != before and self.revoked(subject) is None:
                found.setdefault(subject.name, kept)
        return tuple(found.values())

    def last_earned(self, alias: str, name: str) -> Kept | None:
        """The last record that gave an alias to a version otherwise than by an override."""
        if name not in self._earned(alias):
            return None
        found = [kept for kept in self.moves(alias) if kept.record.subject.name == name]
        return next((kept for kept in reversed(found) if not _overrules(kept.record.body)), None)

    def _earned(self, alias: str) -> frozenset[str]:
        """Versions that were adopted, or promoted on a PASS; nobody is by a rollback alone."""
        return frozenset(
            kept.record.subject.name
            for kept in self.moves(alias)
            if isinstance(kept.record.body, Adoption | Promotion)
            and not _overrules(kept.record.body)
        )

    def overrides(self, at: datetime) -> tuple[Kept, ...]:
        """Overrides that were given and have not expired at a time, oldest first."""
        return tuple(
            kept
            for kept in self.counting
            if isinstance(kept.record.body, Override)
            and kept.record.at <= at < kept.record.body.expires
        )


def _overrules(body: Body) -> bool:
    return isinstance(body, Promotion) and body.override is not None


def _moves(body: Body, alias: str) -> TypeGuard[Move]:
    return isinstance(body, Adoption | Promotion | Rollback) and body.alias == alias
