"""Which approvals of a decision count; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from gates.chain.bodies import Approval
from gates.chain.record import Kept
from gates.promotion.refusal import Refusal, Refused
from gates.trust.trust import Trust, TrustedKey
from gates.trust.trust_document import Kind

FORGE = "github:"
"""What begins the accounts under which a CI names the person who started it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The approvals of a decision that count, and why others do not.

    Attributes:
        approvals: One a person.
        owners: Their names, in the order of the approvals.
        not_counted: A sentence for each other.
    """

    approvals: tuple[Kept, ...]
    owners: tuple[str, ...]
    not_counted: tuple[str, ...]


def count_approvals(decision: Kept, approvals: Collection[Kept], trust: Trust) -> Counted:
    """Approvals by distinct people other than the author, for this record and no other.

    The author is whoever signed the decision and, of one that a CI signed, whoever started that CI.

    Args:
        decision: The decision's record.
        approvals: Those that the chain has, whose signatures count.
        trust: Who is who.
    """
    found: dict[str, Kept] = {}
    others: list[str] = []
    for kept in approvals:
        body, owner = kept.record.body, kept.record.by.owner
        if not isinstance(body, Approval) or body.decision != decision.sha256:
            continue
        why = why_no_approver(owner, decision, trust)
        if why is not None:
            others.append(why)
        else:
            found.setdefault(owner, kept)
    return Counted(approvals=tuple(found.values()), owners=tuple(found), not_counted=tuple(others))


def not_approved(counted: Counted, *, needed: int, version: str) -> Refusal | None:
    """Too few people other than the author agree.

    Args:
        counted: The approvals that count.
        needed: How many the trust file asks for.
        version: As a command names it, `assistant/12`.
    """
    have = len(counted.approvals)
    if have >= needed:
        return None
    more = "".join(f"; {why}" for why in dict.fromkeys(counted.not_counted))
    return Refusal(
        Refused.NOT_APPROVED,
        f"{have} of {needed} people other than the author approve of this decision{more}; "
        f'another person: gate approve {version} --reason "..."',
    )


def why_no_approver(owner: str, decision: Kept, trust: Trust) -> str | None:
    """Why somebody's approval of a decision does not count; None when it does."""
    keys = [key for key in trust.keys if key.owner == owner]
    if not keys or any(key.kind is Kind.CI for key in keys):
        return f"{owner} is no person of the trust file"
    by = decision.record.by
    if owner == by.owner:
        return f"{owner} is the author"
    if by.ci is None:
        return None
    accounts = _accounts(keys)
    if f"{FORGE}{by.ci.actor}".lower() in accounts:
        return f"{owner} started the CI that decided"
    if not any(account.startswith(FORGE) for account in accounts):
        return (
            f"{owner} has no {FORGE} account in the trust file, so that nobody can tell whether "
            f"{owner} started the CI that decided"
        )
    return None


def _accounts(keys: Sequence[TrustedKey]) -> frozenset[str]:
    return frozenset(account.lower() for key in keys for account in key.accounts)
