"""The chain of one candidate: stage after stage, and whether its end may be promoted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from gates.decide.verdict import CandidateDecision, StageDecision, Verdict
from policies.policy import Kind, Policy
from stages.evidence.records import StageName

EVERY_STAGE = frozenset(StageName)
"""The stages a promotion needs unless the operator's trust in an alias says otherwise."""


@dataclass(frozen=True, slots=True)
class Promotable:
    """The whole chain passed."""


@dataclass(frozen=True, slots=True)
class NotPromotable:
    """Why a candidate may not be promoted, in one sentence."""

    reason: str


def decide_chain(
    policy: Policy, candidate: str, stages: Sequence[StageDecision]
) -> CandidateDecision:
    """What the stages reached so far say together.

    Args:
        policy: Names the demanded stages.
        candidate: MLflow URI.
        stages: The stages reached, in the policy's order; only the last may not have passed.

    Returns:
        PASS when every demanded stage passed; FAIL when one failed; HOLD otherwise.

    Raises:
        ValueError: When the stages are not a beginning of the demanded ones, or one follows a
            stage that did not pass.
    """
    reached = tuple(s.stage.value for s in stages)
    if not reached or reached != policy.plan.stages()[: len(reached)]:
        raise ValueError(f"{reached} is no beginning of {policy.plan.stages()}")
    if any(s.verdict is not Verdict.PASS for s in stages[:-1]):
        raise ValueError("no stage follows one that did not pass")
    last = stages[-1]
    verdict, reason = last.verdict, f"{_words(last.stage)}: {last.reason}"
    if verdict is Verdict.PASS and len(reached) < len(policy.plan.stages()):
        verdict, reason = (
            Verdict.HOLD,
            f"{_words(last.stage)} passed; the next stage is not decided",
        )
    if verdict is Verdict.PASS:
        reason = f"passed {', '.join(_words(s.stage) for s in stages)}"
    named = tuple(_with_policy_named(stage, policy) for stage in stages)
    return CandidateDecision(candidate=candidate, verdict=verdict, reason=reason, stages=named)


def promotable(
    policy: Policy,
    decision: CandidateDecision,
    *,
    stages_required: Collection[StageName] = EVERY_STAGE,
    demo: bool = False,
    adopted: bool = False,
) -> Promotable | NotPromotable:
    """Whether a decided candidate may be promoted.

    Args:
        policy: The operator's policy, under which the decision was made.
        decision: The chain of the candidate, decided from its evidence.
        stages_required: Stages that must have passed beside those the policy demands.
        demo: Whether this is a demo, where recorded traffic may promote.
        adopted: Whether the version was adopted; such a version never passed anything.
    """
    if adopted:
        return NotPromotable("it was adopted, which is no PASS; only a decided version is promoted")
    if decision.verdict is not Verdict.PASS:
        return NotPromotable(decision.reason)
    passed = {s.stage for s in decision.stages if _rests_on_evidence(s)}
    for stage in StageName:
        demanded = stage.value in policy.plan.stages()
        if (demanded or stage in stages_required) and stage not in passed:
            return NotPromotable(_missing(stage, policy, demanded=demanded))
    online = policy.plan.online
    if online is not None and online.retrospective and not demo:
        return NotPromotable("its A/B is retrospective, and recorded traffic promotes nothing")
    return Promotable()


def _with_policy_named(stage: StageDecision, policy: Policy) -> StageDecision:
    """The stage with a next command that can be run as it stands."""
    wait = stage.waits_for
    if wait is None or wait.command is None:
        return stage
    command = wait.command.replace("POLICY", policy.policy)
    return replace(stage, waits_for=replace(wait, command=command))


def _rests_on_evidence(stage: StageDecision) -> bool:
    return stage.verdict is Verdict.PASS and stage.evidence_sha256 is not None


def _missing(stage: StageName, policy: Policy, *, demanded: bool) -> str:
    if demanded:
        return f"{_words(stage)} did not pass"
    if policy.kind is Kind.JUDGE:
        return (
            f"a judge's policy cannot plan {_words(stage)}, and `stages` of the alias in the trust "
            f"file demands it; gate trust allow {policy.model} ALIAS {policy.policy} demands "
            "offline alone, then gate trust sign"
        )
    return (
        f"the policy does not demand {_words(stage)}, a stage that is not demanded is no PASS, and "
        "`stages` of the alias in the trust file demands it; plan it, or have a trust file signed "
        "that demands less"
    )


def _words(stage: StageName) -> str:
    return stage.value.replace("_", " ")
