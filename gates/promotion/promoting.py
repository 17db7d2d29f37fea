"""Promotion: the stored evidence is decided again, and on a yes an alias moves."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory

from gates.decide.chain import NotPromotable, promotable
from gates.decide.rounds import decide_round
from gates.decide.verdict import RoundDecision, Verdict
from gates.ledger.ledger import Stored, Version
from gates.measuring import plan_digest, subject_of
from gates.preregistration import registered
from gates.services import Services
from policies.canonical import sha256_of_bytes
from policies.errors import Broken
from policies.policy import Policy, PolicyFile
from stages.evidence.records import StageName

PROMOTED_TAG = "gate_promoted"
"""Tag of a version: the alias that was moved to it last."""


class Answer(StrEnum):
    """What a request to promote comes to."""

    PROMOTED = "promoted"
    WOULD_PROMOTE = "would promote"
    NO = "no"
    CANNOT_TELL = "cannot tell yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """The answer to a request to promote.

    Attributes:
        answer: Whether the alias moved, would move, or why not.
        candidate: The version asked for.
        alias: The alias asked for.
        before: URI of the version behind the alias before; None when there was none.
        reason: One sentence.
        decided: The round decided now, with this candidate only; None when there is no evidence to
            decide on.
    """

    answer: Answer
    candidate: Version
    alias: str
    before: str | None
    reason: str
    decided: RoundDecision | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    answer: Answer
    reason: str
    decided: RoundDecision | None = None


def promote(
    reference: str, file: PolicyFile, services: Services, *, alias: str, dry_run: bool
) -> Promotion:
    """Decides again under the operator's policy and, on a yes, moves the alias and reads it back.

    Args:
        reference: The version, `assistant/12` or a form MLflow knows.
        file: The operator's policy; what is stored beside the evidence is not used.
        services: The outside world.
        alias: The alias to move.
        dry_run: Answer only; nothing is changed.

    Raises:
        Broken: When the evidence is missing or tampered with, or the alias did not move.
        LedgerDown: When the store does not answer.
    """
    candidate = services.ledger.version(reference)
    with services.state.lock(f"promotions/{sha256_of_bytes(candidate.name.encode())}"):
        before = _holder(candidate.name, alias, services)
        judged = _judge(candidate, file, services, before=before)
        if judged.answer is Answer.WOULD_PROMOTE and not dry_run:
            if before != candidate.uri or candidate.tags.get(PROMOTED_TAG) != alias:
                _move(candidate, alias, services)
            reason = f"`{alias}` points to {candidate.uri}"
            judged = replace(judged, answer=Answer.PROMOTED, reason=reason)
    return Promotion(
        answer=judged.answer,
        candidate=candidate,
        alias=alias,
        before=before,
        reason=judged.reason,
        decided=judged.decided,
    )


def _judge(
    candidate: Version, file: PolicyFile, services: Services, *, before: str | None
) -> _Judged:
    stored = services.ledger.latest(candidate, file.policy.policy)
    if stored is None:
        return _Judged(
            answer=Answer.CANNOT_TELL,
            reason=f"nothing was decided on {candidate.uri} under policy {file.policy.policy}; "
            f"gate run {file.path} {candidate.name}/{candidate.version}",
        )
    stale = next(_stale(candidate, file.policy, stored, services), None)
    if stale is not None:
        return _Judged(answer=Answer.CANNOT_TELL, reason=stale)
    decided = _decide_again(candidate, file.policy, stored, services)
    (decision,) = decided.candidates
    found = promotable(file.policy, decision, adopted="gate_adopted" in candidate.tags)
    if isinstance(found, NotPromotable):
        no = decision.verdict is Verdict.FAIL
        answer = Answer.NO if no else Answer.CANNOT_TELL
        return _Judged(answer=answer, reason=found.reason, decided=decided)
    if (failed := _earlier_fail(candidate, file.policy, stored, services)) is not None:
        return _Judged(answer=Answer.NO, reason=failed, decided=decided)
    reason = "every stage passes; nothing was changed"
    if before == candidate.uri:
        reason = "every stage passes, and the alias points to it already"
    elif (now := _holder(candidate.name, file.policy.baseline, services)) != stored.baseline:
        reason = (
            f"the decision compared with {stored.baseline or 'nothing'}, but "
            f"`{file.policy.baseline}` now points to {now or 'nothing'}; gate run {file.path} "
            "compares with what serves now"
        )
        return _Judged(answer=Answer.CANNOT_TELL, reason=reason, decided=decided)
    return _Judged(answer=Answer.WOULD_PROMOTE, reason=reason, decided=decided)


def _earlier_fail(
    candidate: Version, policy: Policy, stored: Stored, services: Services
) -> str | None:
    """An earlier no to the same question: a candidate is not run again until it passes.

    The question is the same when policy and baseline are; a quota is part of the policy, so a
    candidate that lost to others cannot win alone.
    """
    for decided in services.ledger.history(candidate):
        same = (decided.policy_sha256, decided.baseline) == (policy.sha256, stored.baseline)
        if same and decided.decision.verdict is Verdict.FAIL:
            return (
                f"it failed under this policy and baseline on {decided.decided_at[:10]} "
                f"({decided.decision.reason}), and a FAIL stands; register what has changed as a "
                "new version, or change the policy in the open"
            )
    return None


def _stale(candidate: Version, policy: Policy, stored: Stored, services: Services) -> Iterator[str]:
    """Why the stored evidence is not about this candidate under this plan."""
    evidence = stored.evidence.get(candidate.uri, {})
    digest = _digest_now(candidate, services)
    for stage, found in evidence.items():
        if found.provenance.plan != plan_digest(policy, stage):
            yield f"the {stage} evidence was measured under another plan; gate run measures anew"
        nothing = not found.provenance.candidate  # it broke before the checkpoint was opened
        if not nothing and found.provenance.candidate != digest:
            yield (
                f"the {stage} evidence is about another checkpoint: its digest is "
                f"{found.provenance.candidate[:12]}, {candidate.uri} has {digest[:12]}"
            )
    if StageName.ONLINE in evidence:
        yield from _not_as_registered(candidate, policy, services)


def _not_as_registered(candidate: Version, policy: Policy, services: Services) -> Iterator[str]:
    """Whether the A/B is decided by what was demanded of it before anybody was exposed."""
    found = registered(policy.policy, candidate.uri, services.state)
    now = policy.stage_sha256(StageName.ONLINE)
    if found is None or found.sha256 != now:
        then = (
            "were never registered" if found is None else f"were registered as {found.sha256[:12]}"
        )
        yield f"plan and criteria of its A/B have digest {now[:12]}, and {then}"


def _digest_now(candidate: Version, services: Services) -> str:
    """Digest of the checkpoint as the ledger has it now, not as a copy at hand says."""
    with TemporaryDirectory() as folder:
        subject = subject_of(candidate, replace(services, cache=Path(folder)))
        if subject.client is not None:
            subject.client.close()
        return subject.digest


def _decide_again(
    candidate: Version, policy: Policy, stored: Stored, services: Services
) -> RoundDecision:
    round_ = decide_round(
        policy,
        evidence=stored.evidence,
        members=tuple(stored.evidence),
        baseline=stored.baseline,
        now=services.clock(),
    )
    mine = tuple(d for d in round_.candidates if d.candidate == candidate.uri)
    return replace(round_, candidates=mine)


def _holder(name: str, alias: str, services: Services) -> str | None:
    versions = services.ledger.versions(name)
    return next((v.uri for v in versions if alias in v.aliases), None)


def _move(candidate: Version, alias: str, services: Services) -> None:
    services.ledger.set_alias(candidate, alias)
    after = _holder(candidate.name, alias, services)
    if after != candidate.uri:
        raise Broken(
            f"{candidate.uri} was not promoted",
            why=f"after moving it, `{alias}` reads back as {after or 'nothing'}",
            fix="someone else moved it at the same time; look at the registry, then promote again",
        )
    services.ledger.tag(
        candidate, {PROMOTED_TAG: alias, "gate_promoted_at": services.clock().isoformat()}
    )
