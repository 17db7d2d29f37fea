"""Candidates decided together: their chains side by side, quotas between them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from gates.decide.chain import decide_chain
from gates.decide.quota import OTHERS, Standing, apply_quota, natural_order, standing_value
from gates.decide.stage_gate import decide_stage
from gates.decide.verdict import RoundDecision, StageDecision, Verdict
from policies.canonical import sha256_of
from policies.policy import Policy
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Evidence, StageName

RoundEvidence = Mapping[str, Mapping[StageName, Evidence]]
"""What was measured, by candidate URI and stage."""


def round_id(members: Sequence[str], baseline: str | None, policy: Policy) -> str:
    """Digest of members, baseline and policy; the order of the members does not matter."""
    return sha256_of({"members": sorted(members), "baseline": baseline, "policy": policy.sha256})


def decide_round(
    policy: Policy,
    *,
    evidence: RoundEvidence,
    members: Sequence[str],
    baseline: str | None,
    now: datetime,
) -> RoundDecision:
    """Decides every member of a round, stage by stage.

    Evidence of a stage counts only once the stages before it passed: whatever it says, it cannot
    undo an earlier block. Evidence of another candidate or against another baseline is refused.

    Args:
        policy: Plan, criteria and quotas.
        evidence: What was measured; members may lack some or all.
        members: MLflow URIs of the candidates, each once.
        baseline: MLflow URI of the baseline that is pinned for the round; None when none is needed.
        now: The time of the decision, with a time zone; only a quota's deadline asks for it.

    Raises:
        PolicyError: When a quota's deadline is not a time.
        ValueError: When there is no member, one is named twice, or `now` has no time zone.
    """
    _check(members, now)
    order = sorted(members, key=natural_order)
    round_ = _Round(policy=policy, evidence=evidence, baseline=baseline, now=now)
    reached: dict[str, tuple[StageDecision, ...]] = dict.fromkeys(order, ())
    for name in policy.plan.stages():
        decided = round_.decide(StageName(name), reached)
        reached = {m: (*s, decided[m]) if m in decided else s for m, s in reached.items()}
    return RoundDecision(
        round_id=round_id(members, baseline, policy),
        policy=policy.policy,
        policy_sha256=policy.sha256,
        baseline=baseline,
        candidates=tuple(decide_chain(policy, m, reached[m]) for m in order),
    )


def open_stage(policy: Policy, decision: RoundDecision, candidate: str) -> StageName | None:
    """The stage in which a candidate should be measured next.

    None when its chain has passed or failed, and while it waits for other candidates.

    Raises:
        ValueError: When the candidate is no member of the round, or the decision is not of this
            policy.
    """
    if decision.policy_sha256 != policy.sha256:
        raise ValueError("the decision was made under another policy")
    found = next((c for c in decision.candidates if c.candidate == candidate), None)
    if found is None:
        raise ValueError(f"{candidate} is no member of the round")
    if found.verdict is not Verdict.HOLD:
        return None
    last = found.stages[-1]
    assert last.waits_for is not None
    return None if last.waits_for.who == OTHERS else last.stage


def _check(members: Sequence[str], now: datetime) -> None:
    if not members or len(set(members)) != len(members):
        raise ValueError(f"a round has members, each once, not {list(members)}")
    if now.tzinfo is None:
        raise ValueError("the time of a decision has a time zone")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Round:
    policy: Policy
    evidence: RoundEvidence
    baseline: str | None
    now: datetime

    def decide(
        self, stage: StageName, reached: Mapping[str, tuple[StageDecision, ...]]
    ) -> dict[str, StageDecision]:
        """Decisions of a stage for the members that reach it, after its quota."""
        found = {
            member: self._evidence(member, stage)
            for member, before in reached.items()
            if all(s.verdict is Verdict.PASS for s in before)
        }
        known = {m: evidence for m, evidence in found.items() if isinstance(evidence, Evidence)}
        decided = {
            member: decide_stage(
                self.policy, stage, evidence, rivals=[known[m] for m in known if m != member]
            )
            for member, evidence in found.items()
        }
        quota = self.policy.keep.get(stage.value)
        if quota is None:
            return decided
        metric = self.policy.plan.metrics()[quota.by]
        standings = [
            Standing(
                candidate=member,
                decision=decided.get(member),
                out=any(s.verdict is Verdict.FAIL for s in before)
                or (member in decided and decided[member].verdict is Verdict.FAIL),
                value=standing_value(metric, self.evidence.get(member, {})),
            )
            for member, before in reached.items()
        ]
        return apply_quota(quota, metric, standings, now=self.now)

    def _evidence(self, member: str, stage: StageName) -> Evidence | Unmeasured | None:
        """The evidence of a member, unless it is about something else."""
        found = self.evidence.get(member, {}).get(stage)
        if found is None:
            return None
        if found.candidate != member or found.stage is not stage:
            return Unmeasured(f"the evidence is about {found.candidate} in {found.stage}")
        if found.baseline is not None and found.baseline != self.baseline:
            held = self.baseline or "no baseline"
            return Unmeasured(
                f"the evidence compares with {found.baseline}, but the round with {held}"
            )
        return found
