"""Promotion: what was signed is judged again, and on a yes an alias moves."""

from dataclasses import replace

from gates.chain.alias_standing import promotion_intent
from gates.chain.bodies import Promotion as Promoted
from gates.chain.custody import Entry
from gates.chain.record import Kept
from gates.ledger.chain_keeping import Lease
from gates.ledger.ledger import Version
from gates.notify.events import EventKind
from gates.promotion.aftermath import Moved, after_move
from gates.promotion.answer import Answer, Promotion
from gates.promotion.ending import ended_abs
from gates.promotion.judging import Judging, Request, subject_now
from gates.promotion.moving import custody_of, endpoint_of, move, tag_moved
from gates.promotion.permission import answers_otherwise
from gates.promotion.production import Patience, recognition_of
from gates.promotion.refusal import Refusal
from gates.services import Services
from policies.policy import PolicyFile
from stages.models.build import Unclear


def promote(
    reference: str,
    file: PolicyFile,
    services: Services,
    *,
    request: Request,
    patience: Patience,
) -> Promotion:
    """Judges a candidate again from what was signed and, on a yes, moves the alias.

    What takes long is done before the model's lease is taken: under it only what may have changed
    is asked again, the alias is moved, read back and recorded. Then the workspace's script deploys
    it and production is asked what serves. Cut off anywhere and called again, it goes on.

    Args:
        reference: The version, `assistant/12` or a form MLflow knows.
        file: The operator's policy; what is stored beside the evidence is not used.
        services: The outside world.
        request: Which alias, and under what conditions.
        patience: How long production may take to serve it.

    Raises:
        WrongUsage: When the workspace names no trust file, or its key may not promote.
        Broken: When evidence or records are missing or tampered with, or the alias did not move.
        LedgerDown: When the store does not answer.
    """
    custody = custody_of(services)
    candidate = services.ledger.version(reference)
    try:
        subject = subject_now(candidate, services)
    except Unclear as error:
        return _not_what_was_measured(candidate, services, request=request, error=error)
    judged = Judging(candidate, subject, file=file, request=request, services=services)
    refusal = judged.refusal()
    if request.dry_run or refusal is not None:
        return _answer(judged, refusal)
    before = _version(judged.before, services)
    recognition = recognition_of(candidate, before, file=file, services=services)
    intent = promotion_intent(candidate.uri, request.alias)
    with custody.lease(candidate.name, intent=intent) as lease:
        judged = judged.again()
        refusal = judged.refusal()
        answer = _answer(judged, refusal)
        if refusal is not None:
            return answer
        record = judged.moved_already or _moved(judged, services, lease=lease)
        tag_moved(candidate, request.alias, services)
    done = Moved(
        version=candidate,
        alias=request.alias,
        record=record,
        kind=EventKind.PROMOTED,
        how=f"{candidate.uri} was promoted to {request.alias}",
    )
    aftermath = after_move(done, recognition, services=services, patience=patience)
    return replace(
        answer,
        answer=Answer.PROMOTED,
        reason=f"`{request.alias}` points to {candidate.uri}",
        record=record,
        aftermath=aftermath,
    )


def _moved(judged: Judging, services: Services, *, lease: Lease) -> Kept:
    """The alias is moved, read back and recorded; A/Bs against the old baseline end."""
    custody, candidate, alias = custody_of(services), judged.candidate, judged.request.alias
    assert judged.signed is not None
    body = Promoted(
        alias=alias,
        before=judged.before,
        decision=judged.signed.sha256,
        approvals=tuple(kept.sha256 for kept in judged.approvals.approvals),
        endpoint=endpoint_of(candidate, services),
    )
    custody.may_append(body)
    left_behind = judged.stranded
    move(candidate, alias, services, lease=lease)
    ended = ended_abs(left_behind, why=f"its baseline was replaced by {candidate.uri}")
    entries = (Entry(subject=judged.subject, body=body), *ended)
    return custody.append_all(candidate.name, entries, lease=lease)[0]


def _answer(judged: Judging, refusal: Refusal | None) -> Promotion:
    """The answer before anything moved."""
    reason = "every stage passes; nothing was changed"
    answer = Answer.WOULD_PROMOTE
    if refusal is not None:
        reason, answer = refusal.reason, Answer.NO if refusal.is_no else Answer.CANNOT_TELL
    elif judged.moved_already is not None:
        reason = "every stage passes, and the alias points to it already"
    return Promotion(
        answer=answer,
        candidate=judged.candidate,
        alias=judged.request.alias,
        before=judged.holder.uri if judged.holder else None,
        reason=reason,
        refusal=refusal,
        decided=judged.decided,
        signed=judged.signed,
        approved_by=judged.approvals.owners,
        stranded=judged.stranded,
    )


def _not_what_was_measured(
    candidate: Version, services: Services, *, request: Request, error: Unclear
) -> Promotion:
    """A decision is signed, so somebody wrote over what the version was then.

    Raises:
        Unclear: The one given, where nobody ever decided on the version.
    """
    chain = custody_of(services).chain(candidate.name)
    refusal = answers_otherwise(chain, candidate.uri, why=error.in_short)
    if refusal is None:
        raise error
    holder = services.ledger.holder(candidate.name, request.alias)
    return Promotion(
        answer=Answer.NO,
        candidate=candidate,
        alias=request.alias,
        before=holder.uri if holder else None,
        reason=refusal.reason,
        refusal=refusal,
    )


def _version(uri: str | None, services: Services) -> Version | None:
    return None if uri is None else services.ledger.version(uri)
