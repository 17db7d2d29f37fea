"""Trust files made from others: a key more, a key rotated or revoked, a policy put in force."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import ValidationError

from gates.trust.keys import PublicKey, public_key_of
from gates.trust.trust_document import (
    AliasEntry,
    InForceEntry,
    KeyEntry,
    Kind,
    ModelEntry,
    RevokedEntry,
    Role,
    Stage,
    TrustDocument,
)
from policies.errors import WrongUsage
from policies.policy import Kind as PolicyKind
from policies.policy import Policy
from policies.problems import Problem
from policies.shape import problems_of

ENOUGH_OF_A_KEYID = 8
"""Digits by which people name a key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """A policy to be put in force for an alias.

    Attributes:
        model: The registered model.
        alias: The alias it may move.
        policy: The policy's name.
        sha256: The policy's digest.
        since: From when on.
        because: Why; may be None.
        approvals: People who must approve; None: as before.
        keep: Whether digests that are in force stay so; else they end when this one begins.
        stages: What must have passed; None: as before.
    """

    model: str
    alias: str
    policy: str
    sha256: str
    since: datetime
    because: str | None = None
    approvals: int | None = None
    keep: bool = False
    stages: tuple[Stage, ...] | None = None


def key_entry(
    public: str,
    owner: str,
    *,
    kind: Kind,
    accounts: Sequence[str],
    roles: Sequence[Role],
    since: datetime,
) -> KeyEntry:
    """A key's entry, as a person says it.

    Raises:
        WrongUsage: When a field cannot stand in a trust file.
    """
    try:
        return KeyEntry(
            public=public,
            owner=owner,
            kind=kind,
            accounts=tuple(accounts),
            roles=tuple(roles),
            since=since.isoformat(),
        )
    except ValidationError as error:
        raise WrongUsage(
            f"cannot take a key of {owner} into the trust file",
            why="; ".join(_said(problem) for problem in problems_of(error, KeyEntry)),
            fix="mend that, and give the command again",
        ) from None


def with_key(document: TrustDocument, entry: KeyEntry) -> TrustDocument:
    """A key more.

    Raises:
        WrongUsage: When it does not fit the others.
    """
    return _changed(document, keys=(*document.keys, entry))


def rotated(
    document: TrustDocument, old: KeyEntry, new: PublicKey, *, at: datetime, until: datetime
) -> TrustDocument:
    """A key's successor with the same owner and roles; the old one ends.

    Args:
        document: Before.
        old: The entry of the old key.
        new: Its successor.
        at: From when on the new one counts.
        until: Up to when the old one does.

    Raises:
        WrongUsage: When the old one ended already, or is revoked.
    """
    if old.revoked is not None or _ended(old, at):
        raise WrongUsage(
            f"cannot rotate the key {short_id(old)} of {old.owner}",
            why="it counts no more",
            fix=f"gate keys new {old.owner}",
        )
    successor = old.model_copy(
        update={"public": new.base64, "since": at.isoformat(), "until": None}
    )
    ending = old.model_copy(update={"until": until.isoformat()})
    return _changed(document, keys=(*_replaced(document, ending), successor))


def with_revoked(
    document: TrustDocument, entry: KeyEntry, revocation: RevokedEntry
) -> TrustDocument:
    """A key that counts no more.

    Raises:
        WrongUsage: When it is revoked from an earlier time on already, or too few people with the
            role root are left.
    """
    earlier = entry.revoked
    if earlier is not None and datetime.fromisoformat(earlier.at) <= datetime.fromisoformat(
        revocation.at
    ):
        raise WrongUsage(
            f"the key {short_id(entry)} is revoked already",
            why=f"from {earlier.at} on: {earlier.reason}",
            fix="an earlier --at revokes more of what it signed",
        )
    revoked = entry.model_copy(update={"revoked": revocation})
    return _changed(document, keys=_replaced(document, revoked))


def allowed(document: TrustDocument, allowance: Allowance) -> TrustDocument:
    """A policy's digest put in force.

    Raises:
        WrongUsage: When more approvals are asked for than people can give.
    """
    models = dict(document.models)
    aliases = dict(models[allowance.model].aliases) if allowance.model in models else {}
    aliases[allowance.alias] = _alias(aliases.get(allowance.alias), allowance)
    models[allowance.model] = ModelEntry(aliases=aliases)
    return _changed(document, models=models)


def stages_of(policy: Policy) -> tuple[Stage, ...] | None:
    """What can pass under a policy that knows fewer stages than a release; None for a release."""
    return (Stage.OFFLINE,) if policy.kind is PolicyKind.JUDGE else None


def stages_demanded(document: TrustDocument, allowance: Allowance) -> tuple[Stage, ...]:
    """What must have passed before an alias that a policy was allowed for is moved."""
    return document.models[allowance.model].aliases[allowance.alias].stages


def in_force_since(document: TrustDocument, allowance: Allowance) -> str:
    """From when on an allowed policy is in force: earlier than was asked for, if it was already."""
    entry = document.models[allowance.model].aliases[allowance.alias]
    digests = entry.policies[allowance.policy]
    return next(each.since for each in reversed(digests) if each.sha256 == allowance.sha256)


def entry_named(document: TrustDocument, name: str) -> KeyEntry:
    """The entry of a key by the beginning of its keyid, or by an owner who has one that counts.

    Raises:
        WrongUsage: When it names none, or several.
    """
    found = [
        entry
        for entry in document.keys
        if (len(name) >= ENOUGH_OF_A_KEYID and keyid_of(entry).startswith(name))
        or (entry.owner == name and entry.revoked is None and entry.until is None)
    ]
    if len(found) != 1:
        known = ", ".join(f"{short_id(entry)} of {entry.owner}" for entry in document.keys)
        raise WrongUsage(
            f"{name} names {'several keys' if found else 'no key'} of the trust file",
            why=f"there are {known}",
            fix="give the beginning of a keyid: gate keys list",
        )
    return found[0]


def keyid_of(entry: KeyEntry) -> str:
    """The keyid of an entry's key."""
    return public_key_of(entry.public).keyid


def short_id(entry: KeyEntry) -> str:
    """The beginning of a keyid, enough to tell keys apart."""
    return keyid_of(entry)[:12]


def same_but_version(one: TrustDocument, other: TrustDocument) -> bool:
    """Whether two trust files say the same."""
    return one.model_copy(update={"version": other.version}) == other


def _alias(entry: AliasEntry | None, allowance: Allowance) -> AliasEntry:
    """An alias's entry with the policy in force; one that is in force already stays as it is."""
    fresh = InForceEntry(
        sha256=allowance.sha256, since=allowance.since.isoformat(), because=allowance.because
    )
    if entry is None:
        policies: dict[str, tuple[InForceEntry, ...]] = {allowance.policy: (fresh,)}
        return AliasEntry(
            policies=policies,
            stages=allowance.stages or tuple(Stage),
            approvals=allowance.approvals or 0,
        )
    lasting = entry.policies.get(allowance.policy, ())
    there = next((each for each in lasting if _lasts(each, allowance)), None)
    policies = {
        policy: tuple(
            each if allowance.keep or each is there else _until(each, allowance) for each in digests
        )
        for policy, digests in entry.policies.items()
    }
    if there is None:
        policies[allowance.policy] = (*policies.get(allowance.policy, ()), fresh)
    approvals = entry.approvals if allowance.approvals is None else allowance.approvals
    stages = allowance.stages or entry.stages
    return entry.model_copy(update={"policies": policies, "approvals": approvals, "stages": stages})


def _lasts(each: InForceEntry, allowance: Allowance) -> bool:
    begun = datetime.fromisoformat(each.since) <= allowance.since
    return each.sha256 == allowance.sha256 and begun and each.until is None


def _until(each: InForceEntry, allowance: Allowance) -> InForceEntry:
    """A digest that ends when another begins, unless it ended before."""
    ended = each.until is not None and datetime.fromisoformat(each.until) <= allowance.since
    return each if ended else each.model_copy(update={"until": allowance.since.isoformat()})


def _replaced(document: TrustDocument, entry: KeyEntry) -> tuple[KeyEntry, ...]:
    return tuple(entry if each.public == entry.public else each for each in document.keys)


def _ended(entry: KeyEntry, at: datetime) -> bool:
    return entry.until is not None and datetime.fromisoformat(entry.until) <= at


def _changed(document: TrustDocument, **what: object) -> TrustDocument:
    """The document with some of it otherwise, checked as a whole.

    Raises:
        WrongUsage: When that is no trust file.
    """
    try:
        return TrustDocument.model_validate(
            {**{name: getattr(document, name) for name in TrustDocument.model_fields}, **what}
        )
    except ValidationError as error:
        raise WrongUsage(
            "cannot change the trust file so",
            why="; ".join(_said(problem) for problem in problems_of(error, TrustDocument)),
            fix="mend that, and give the command again",
        ) from None


def _said(problem: Problem) -> str:
    expected = f"; expected {problem.expected}" if problem.expected else ""
    return f"{problem.field}: found {problem.found}{expected}"
