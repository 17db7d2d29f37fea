"""Whether the signatures of a record count: whose keys they are, and what those may sign; pure."""

from collections.abc import Mapping

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
    Signatory,
    kind_of,
)
from gates.chain.record import ChainRecord, Void
from gates.trust.trust import Trust, TrustedKey
from gates.trust.trust_document import Kind, Role

ROLES: Mapping[type[Body], frozenset[Role]] = {
    Decision: frozenset({Role.DECIDE}),
    Adoption: frozenset({Role.RELEASE}),
    Approval: frozenset({Role.APPROVE}),
    Override: frozenset({Role.RELEASE}),
    Revocation: frozenset({Role.RELEASE, Role.ONCALL}),
    Promotion: frozenset({Role.RELEASE}),
    Rollback: frozenset({Role.RELEASE, Role.ONCALL}),
    AbEnded: frozenset({Role.DECIDE, Role.RELEASE, Role.ONCALL}),
}
"""Roles of which a signer needs one, by the kind of record."""

SECOND = frozenset({Role.APPROVE})
"""The same of an override's second person."""

PERSONAL = (Approval, Override)
"""What only people sign."""


def signatories(record: ChainRecord) -> tuple[Signatory, ...]:
    """Everybody who must have signed a record."""
    body = record.body
    return (record.by, body.second) if isinstance(body, Override) else (record.by,)


def keys_by_id(trust: Trust) -> Mapping[str, TrustedKey]:
    """Every key of the trust file, also those that count no more."""
    return {key.public.keyid: key for key in trust.keys}


def void(record: ChainRecord, keys: Mapping[str, TrustedKey]) -> Void | None:
    """Why the signatures of a record do not count; None when they do.

    Args:
        record: Whose signatures are genuine.
        keys: Those of the trust file as it is now, judged at the time of the record.
    """
    roles = (ROLES[type(record.body)], SECOND)
    owners = set()
    for signatory, wanted in zip(signatories(record), roles, strict=False):
        key = keys.get(signatory.keyid)
        found = _void(record, signatory, key, wanted)
        if key is None or found is not None:
            return found
        owners.add(key.owner)
    if isinstance(record.body, Override) and len(owners) == 1:
        return Void(reason=f"both signatures are {owners.pop()}'s; an override needs two people")
    return None


def _void(
    record: ChainRecord, signatory: Signatory, key: TrustedKey | None, wanted: frozenset[Role]
) -> Void | None:
    kind = _one(kind_of(record.body))
    if key is None:
        return Void(reason=f"the trust file has no key {signatory.keyid[:12]}")
    if not key.counts_in_chain(record.at, model=record.model, sequence=record.sequence):
        when = f"the key {signatory.keyid[:12]} of {key.owner} does not count on {record.at:%F}"
        why = "" if key.revoked is None else f": revoked, {key.revoked.reason}"
        return Void(reason=when + why, revoked=key.revoked is not None)
    if not wanted & key.roles:
        named = " or ".join(sorted(wanted))
        return Void(reason=f"{key.owner} has not the role {named}, which {kind} needs")
    if isinstance(record.body, PERSONAL) and key.kind is not Kind.PERSON:
        return Void(reason=f"{key.owner} is no person, and only people sign {kind}")
    if key.kind is Kind.CI and signatory.ci is None:
        return Void(reason=f"{key.owner} does not say which run of which commit it is")
    return None


def _one(kind: str) -> str:
    """`an approval`, `a promotion`."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"
