"""Approval: a person other than the author agrees to one signed decision, and to no other."""

from dataclasses import dataclass

from gates.chain.bodies import Approval, Decision
from gates.chain.record import Kept
from gates.decide.verdict import Verdict
from gates.ledger.ledger import Version
from gates.promotion.approvers import count_approvals, why_no_approver
from gates.promotion.judging import subject_now
from gates.promotion.moving import custody_of
from gates.promotion.reasons import refuse_no_reason
from gates.services import Services
from policies.errors import WrongUsage
from policies.policy import PolicyFile


@dataclass(frozen=True, slots=True, kw_only=True)
class Approved:
    """An approval, and how many there are.

    Attributes:
        version: The version.
        decision: The decision's record.
        record: The approval's.
        owners: People whose approvals count now.
        needed: How many the alias asks for.
    """

    version: Version
    decision: Kept
    record: Kept
    owners: tuple[str, ...]
    needed: int


def approve(
    reference: str, file: PolicyFile, services: Services, *, alias: str, reason: str
) -> Approved:
    """Signs the approval of the newest signed decision on a version; a second one changes nothing.

    Args:
        reference: The version.
        file: The policy that it was decided under.
        services: The outside world.
        alias: The alias that it is to have.
        reason: Why, in a person's words.

    Raises:
        WrongUsage: When there is no PASS to approve, or this key's approval would not count.
        LedgerDown: When the store does not answer; nothing was changed.
    """
    custody = custody_of(services)
    version = services.ledger.version(reference)
    command = f"gate approve {version.name}/{version.version}"
    refuse_no_reason(reason, command)
    subject = subject_now(version, services)
    with custody.lease(version.name, intent=f"approve {version.uri}") as lease:
        chain = custody.chain(version.name)
        decision = chain.newest_decision(subject, file.policy.policy)
        if decision is None or not _passes(decision):
            raise _nothing_to_approve(version, decision, file)
        me = custody.signatory(custody.signer)
        why = why_no_approver(me.owner, decision, custody.trust)
        if why is not None:
            raise WrongUsage(
                f"cannot approve {version.uri} as {me.owner}",
                why=f"{why}, and the approval would not count",
                fix=f'another person: {command} --reason "..."',
            )
        given = chain.approvals(decision.sha256)
        record = next((kept for kept in given if kept.record.by.owner == me.owner), None)
        if record is None:
            body = Approval(decision=decision.sha256, reason=reason.strip())
            record = custody.append(version.name, subject, body, lease=lease)
            given = (*given, record)
    entry = custody.trust.entry(version.name, alias)
    return Approved(
        version=version,
        decision=decision,
        record=record,
        owners=count_approvals(decision, given, custody.trust).owners,
        needed=entry.approvals if entry else 0,
    )


def _passes(decision: Kept) -> bool:
    body = decision.record.body
    return isinstance(body, Decision) and body.verdict is Verdict.PASS


def _nothing_to_approve(version: Version, decision: Kept | None, file: PolicyFile) -> WrongUsage:
    policy = file.policy.policy
    if decision is None:
        why = f"no decision on it under policy {policy} is signed"
    else:
        body = decision.record.body
        assert isinstance(body, Decision)
        why = f"its decision under policy {policy} is {body.verdict}: {body.reason}"
    return WrongUsage(
        f"there is nothing to approve of {version.uri}",
        why=why,
        fix=f"gate run {file.path} {version.name}/{version.version}; a PASS can be approved, and "
        "what does not pass can be let in by gate override",
    )
