"""Whom records are believed from, and which policies may move which alias."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gates.trust.keys import PublicKey, public_key_of
from gates.trust.trust_document import (
    AliasEntry,
    KeyEntry,
    Kind,
    RevokedEntry,
    Role,
    Stage,
    TrustDocument,
)

PROLONG = "set a later `expires` in trust.yaml, then: gate trust sign"
"""What mends a trust file that has expired."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Revoked:
    """Since when a key counts no more.

    Attributes:
        at: From then on; of a theft, when it may have happened.
        reason: In a person's words.
        heads: Last record of each model that was there before.
    """

    at: datetime
    reason: str
    heads: Mapping[str, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustedKey:
    """A key of the trust file.

    Attributes:
        public: The key.
        owner: Whose it is; two keys of one owner are one person.
        kind: Person or CI.
        accounts: The owner's accounts elsewhere, such as `github:ann`.
        roles: What it may do.
        since: From when on.
        until: Up to when, itself excluded; None: no end.
        revoked: Why it counts no more, if so.
    """

    public: PublicKey
    owner: str
    kind: Kind
    accounts: tuple[str, ...]
    roles: frozenset[Role]
    since: datetime
    until: datetime | None
    revoked: Revoked | None

    def counts(self, at: datetime) -> bool:
        """Whether a signature that it made at a time counts."""
        _zoned(at)
        ends = (self.until, self.revoked.at if self.revoked else None)
        return self.since <= at and all(end is None or at < end for end in ends)

    def counts_in_chain(self, at: datetime, *, model: str, sequence: int) -> bool:
        """The same of a record in a model's chain, whose time its signer wrote.

        A thief can write any date, but cannot put a record before those that are there.
        """
        last = self.revoked.heads.get(model) if self.revoked else None
        return self.counts(at) and (last is None or sequence <= last)


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """A policy's digest, and when it is in force.

    Attributes:
        policy: The policy's name.
        sha256: Its digest.
        since: From when on.
        until: Up to when, itself excluded; None: no end.
    """

    policy: str
    sha256: str
    since: datetime
    until: datetime | None

    def at(self, at: datetime) -> bool:
        """Whether it is in force at a time."""
        _zoned(at)
        return self.since <= at and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True, kw_only=True)
class AliasTrust:
    """What may move an alias.

    Attributes:
        policies: Digests, and when they are in force.
        stages: Stages that must have passed.
        approvals: People other than the author who must approve.
        decision_valid: Older decisions move nothing.
    """

    policies: tuple[InForce, ...]
    stages: tuple[Stage, ...]
    approvals: int
    decision_valid: timedelta


@dataclass(frozen=True, slots=True, kw_only=True)
class Trust:
    """A trust file whose signatures were counted.

    Attributes:
        version: Grows each time it is signed.
        sha256: Of what was signed: two files of one version differ by it.
        expires: From when on it is worth nothing; None: no end.
        root_threshold: People who must have signed it.
        signed_by: The people who did.
        keys: Every key.
        aliases: By model and alias.
    """

    version: int
    sha256: str
    expires: datetime | None
    root_threshold: int
    signed_by: tuple[str, ...]
    keys: tuple[TrustedKey, ...]
    aliases: Mapping[tuple[str, str], AliasTrust]

    def has_expired(self, at: datetime) -> bool:
        """Whether it is worth nothing any more at a time, but to look and to go back."""
        _zoned(at)
        return self.expires is not None and self.expires <= at

    def expiry_warning(self, at: datetime) -> str | None:
        """What a person must know who looks at, or goes back by, one that has expired; else None.

        That is safe: signatures, pins and the newest version seen are held against it as ever, and
        an alias goes back only to what was let in while it was in force.
        """
        if self.expires is None or not self.has_expired(at):
            return None
        return (
            f"THE TRUST FILE EXPIRED at {self.expires.isoformat()}: an alias may go back, and "
            f"nothing is signed or promoted otherwise; {PROLONG}"
        )

    def entry(self, model: str, alias: str) -> AliasTrust | None:
        """What may move an alias of a model; None: nothing may."""
        return self.aliases.get((model, alias))

    def in_force(self, model: str, alias: str, *, policy: str, sha256: str, at: datetime) -> bool:
        """Whether a policy of this digest may move the alias at a time."""
        entry = self.entry(model, alias)
        return entry is not None and any(
            each.policy == policy and each.sha256 == sha256 and each.at(at)
            for each in entry.policies
        )

    def keys_for(self, role: Role, at: datetime) -> tuple[TrustedKey, ...]:
        """Keys whose signatures with a role count at a time."""
        return tuple(key for key in self.keys if role in key.roles and key.counts(at))

    def owner_of(self, public: PublicKey) -> TrustedKey | None:
        """The entry of a key, also of one that counts no more; None when it has none."""
        return next((key for key in self.keys if key.public == public), None)


def trust_of(document: TrustDocument, *, sha256: str, signed_by: tuple[str, ...]) -> Trust:
    """The trust that a document says, once its signatures were counted."""
    return Trust(
        version=document.version,
        sha256=sha256,
        expires=_moment(document.expires),
        root_threshold=document.root_threshold,
        signed_by=signed_by,
        keys=tuple(_key(entry) for entry in document.keys),
        aliases={
            (model, alias): _alias(entry)
            for model, aliases in document.models.items()
            for alias, entry in aliases.aliases.items()
        },
    )


def _key(entry: KeyEntry) -> TrustedKey:
    return TrustedKey(
        public=public_key_of(entry.public),
        owner=entry.owner,
        kind=entry.kind,
        accounts=entry.accounts,
        roles=frozenset(entry.roles),
        since=datetime.fromisoformat(entry.since),
        until=_moment(entry.until),
        revoked=_revoked(entry.revoked),
    )


def _revoked(entry: RevokedEntry | None) -> Revoked | None:
    if entry is None:
        return None
    return Revoked(at=datetime.fromisoformat(entry.at), reason=entry.reason, heads=entry.heads)


def _alias(entry: AliasEntry) -> AliasTrust:
    return AliasTrust(
        policies=tuple(
            InForce(
                policy=policy,
                sha256=each.sha256,
                since=datetime.fromisoformat(each.since),
                until=_moment(each.until),
            )
            for policy, digests in entry.policies.items()
            for each in digests
        ),
        stages=entry.stages,
        approvals=entry.approvals,
        decision_valid=timedelta(days=entry.decision_valid_days),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _zoned(at: datetime) -> None:
    if at.tzinfo is None:
        raise ValueError("a time without a zone is no moment")
