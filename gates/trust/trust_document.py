"""The trust file as people write it and as it is signed."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, model_validator

from gates.trust.keys import public_key_of
from policies.base import Count, Sha256, Strict, Text
from policies.canonical import Json

SCHEMA = "gate.trust/1"


class Role(StrEnum):
    """What a key's signature may do."""

    ROOT = "root"
    """Sign the trust file."""
    DECIDE = "decide"
    """Sign decisions."""
    RELEASE = "release"
    """Move aliases."""
    APPROVE = "approve"
    """Approve decisions of others, and second an override."""
    ONCALL = "oncall"
    """Roll back and revoke."""


class Kind(StrEnum):
    """Who has a key."""

    PERSON = "person"
    CI = "ci"


class Stage(StrEnum):
    """A stage that an alias may demand."""

    OFFLINE = "offline"
    SIDE_BY_SIDE = "side_by_side"
    ONLINE = "online"


FOR_PEOPLE = frozenset({Role.ROOT, Role.APPROVE})
"""What only a person may do."""


def _time(text: str) -> str:
    try:
        zone = datetime.fromisoformat(text).tzinfo
    except ValueError:
        raise ValueError("an ISO 8601 date and time with its zone") from None
    if zone is None:
        raise ValueError("a time with its zone, e.g. 2026-05-31T18:00:00+00:00")
    return text


def _public(text: str) -> str:
    try:
        public_key_of(text)
    except ValueError as error:
        raise ValueError(f"base64 of an Ed25519 public key ({error})") from None
    return text


def _owner(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9._@+-]*", text):
        raise ValueError("a name in a-z, 0-9 and . _ @ + -: one way to write one person")
    return text


def _account(text: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9_]*:[a-z0-9][a-z0-9._-]*", text):
        raise ValueError("an account such as github:ann, in lower case")
    return text


def _shown(text: str) -> str:
    if not text.isprintable():
        raise ValueError("text without control or invisible characters: people sign what they see")
    return text


Time = Annotated[str, AfterValidator(_time)]
"""A moment: ISO 8601 with its zone."""

Owner = Annotated[str, Field(max_length=128), AfterValidator(_owner)]
"""A person or a CI, in one way of writing the name."""

Public = Annotated[str, AfterValidator(_public)]
"""A public key, in base64."""

Account = Annotated[str, AfterValidator(_account)]
"""A person's account elsewhere."""

Words = Annotated[Text, AfterValidator(_shown)]
"""Text that is shown as it is."""


class RevokedEntry(Strict):
    """A key that counts no more."""

    at: Time
    """From when on; of a theft, when it may have happened."""
    reason: Words
    heads: dict[Words, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """Last record of each model that was there before: a later one does not count, whatever date
    it bears."""


class KeyEntry(Strict):
    """A key, whose it is and what it may do."""

    public: Public
    owner: Owner
    kind: Kind = Kind.PERSON
    accounts: tuple[Account, ...] = ()
    roles: Annotated[tuple[Role, ...], Field(min_length=1)]
    since: Time
    until: Time | None = None
    revoked: RevokedEntry | None = None

    @model_validator(mode="after")
    def _people_sign_for_people(self) -> "KeyEntry":
        theirs = FOR_PEOPLE.intersection(self.roles)
        if self.kind is Kind.CI and theirs:
            raise ValueError(f"roles {', '.join(sorted(theirs))} are a person's, never a CI's")
        return self


class InForceEntry(Strict):
    """A policy's digest, and when it is in force."""

    sha256: Sha256
    since: Time
    until: Time | None = None
    because: Words | None = None


class AliasEntry(Strict):
    """Who may move an alias, and after what."""

    policies: Annotated[dict[Words, tuple[InForceEntry, ...]], Field(min_length=1)]
    """Digests in force, by the policy's name."""
    stages: Annotated[tuple[Stage, ...], Field(min_length=1)] = tuple(Stage)
    """Stages that must have passed."""
    approvals: Annotated[int, Field(ge=0)] = 0
    """People other than the author who must approve."""
    decision_valid_days: Annotated[Count, Field(le=3650)] = 30
    """Older decisions move nothing."""


class ModelEntry(Strict):
    """The aliases of a model."""

    aliases: Annotated[dict[Words, AliasEntry], Field(min_length=1)]


class TrustDocument(Strict):
    """The whole file."""

    version: Count
    """Grows by one each time the file is signed."""
    expires: Time | None = None
    root_threshold: Count = 1
    """People with the role root who must sign."""
    keys: Annotated[tuple[KeyEntry, ...], Field(min_length=1)]
    models: dict[Words, ModelEntry] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _coherent(self) -> "TrustDocument":
        problem = next(_incoherences(self), None)
        if problem is not None:
            raise ValueError(problem)
        return self


def payload_of(document: TrustDocument) -> Mapping[str, Json]:
    """What is signed: what the document says beyond the defaults."""
    return {"schema": SCHEMA, **document.said()}


def _incoherences(document: TrustDocument) -> Iterator[str]:
    yield from _in_keys(document.keys)
    roots = _people(document, Role.ROOT)
    if len(roots) < document.root_threshold:
        yield (
            f"root_threshold: {document.root_threshold} people must sign, and {len(roots)} may: "
            "give more people the role root"
        )
    approvers = _people(document, Role.APPROVE)
    for model, entry in document.models.items():
        for alias, demanded in entry.aliases.items():
            if demanded.approvals > len(approvers):
                yield (
                    f"models: {model}@{alias} needs {demanded.approvals} approvals, and "
                    f"{len(approvers)} people may approve"
                )


def _in_keys(keys: Sequence[KeyEntry]) -> Iterator[str]:
    for public in _repeated(key.public for key in keys):
        yield f"keys: {public} stands there more than once; a key has one entry"
    for owner in _repeated(owner for owner, _ in {(key.owner, key.kind) for key in keys}):
        yield f"keys: {owner} is a person and a CI; each has a name of its own"
    owned = {(account, key.owner) for key in keys for account in key.accounts}
    for account in _repeated(account for account, _ in owned):
        yield f"keys: the account {account} has several owners, who may be one person"


def _repeated(words: Iterable[str]) -> list[str]:
    return sorted(word for word, count in Counter(words).items() if count > 1)


def _people(document: TrustDocument, role: Role) -> set[str]:
    return {key.owner for key in document.keys if role in key.roles and key.revoked is None}
