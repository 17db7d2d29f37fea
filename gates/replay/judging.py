"""One stored round decided again under a proposed policy; pure."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from gates.decide.limits import demand_words
from gates.decide.quota import OTHERS
from gates.decide.rounds import decide_round
from gates.decide.spoken import metric_words
from gates.decide.verdict import CandidateDecision, Finding, RoundDecision, StageDecision, Verdict
from gates.ledger.ledger import Stored
from policies.criteria import DEMANDS, Criterion, Severity
from policies.measured_anew import MeasuredAnew, measured_anew
from policies.policy import Policy
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import Evidence, Measurement, Quantity, StageName, Validity

_OTHERWISE = Unmeasured(
    "the proposed policy plans its task otherwise; gate run measures it", Cause.WAITING
)


class Outcome(StrEnum):
    """What a proposed policy does to a decision."""

    FLIPS = "flips"
    LACKS = "lacks"
    UNCHANGED = "unchanged"


@dataclass(frozen=True, slots=True, kw_only=True)
class CriterionChange:
    """One criterion whose verdict is another under the proposed policy.

    Attributes:
        metric: Full metric name.
        demanded: The demand before, in words; None when nothing was demanded.
        demands: The demand now; None when nothing is.
        before: Its verdict before; None when it was not decided.
        after: Its verdict now; None when it is not decided.
        sentence: What the finding says now, or said when it is gone.
    """

    metric: str
    demanded: str | None
    demands: str | None
    before: Verdict | None
    after: Verdict | None
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """What a proposed policy says of one candidate of a stored round.

    Attributes:
        outcome: Whether the decision flips, lacks evidence or stays.
        before: The verdict that was recorded.
        after: The verdict under the proposed policy, as far as the evidence goes.
        reason: One sentence: why it flips, what it lacks, or why it stays.
        criteria: The criteria whose verdicts differ.
        keeps_ab: Whether its A/B was decided by what was registered for it, not by the proposal.
        other_rules: Whether today's program decides otherwise even under the recorded policy: then
            the difference is not the proposal's alone.
    """

    outcome: Outcome
    before: Verdict
    after: Verdict
    reason: str
    criteria: tuple[CriterionChange, ...] = ()
    keeps_ab: bool = False
    other_rules: bool = False


def judge_again(stored: Stored, proposed: Policy) -> Mapping[str, Again]:
    """Every member of a stored round under a proposed policy, by candidate URI.

    Evidence counts where the proposed policy measures as the recorded one did. What it measures
    otherwise is absent, so it can never pass; a FAIL on what is left stands whatever is measured
    anew. An A/B that has evidence is decided by the plan and the criteria that were registered
    before it began: a later policy does not reach back.

    Args:
        stored: A recorded decision with the evidence of its whole round.
        proposed: The policy that may come.

    Raises:
        PolicyError: When a quota's deadline is no time.
    """
    policy = _with_registered_ab(stored, proposed)
    anew = measured_anew(stored.policy, policy)
    then = _decided(stored, stored.policy, stored.evidence)
    left = {uri: _left(stages, anew, policy) for uri, stages in stored.evidence.items()}
    now = _decided(stored, policy, left)
    kept = policy is not proposed
    return {
        before.candidate: _Pair(
            before=before,
            after=after,
            was=stored.policy,
            policy=policy,
            keeps_ab=kept and StageName.ONLINE in stored.evidence[before.candidate],
        ).compared()
        for before, after in zip(then.candidates, now.candidates, strict=True)
    }


def with_recorded(again: Again, recorded: CandidateDecision) -> Again:
    """Held against the verdict that was recorded, which today's rules may not repeat."""
    if recorded.verdict is again.before:
        return again
    outcome = again.outcome
    if outcome is not Outcome.LACKS:
        outcome = Outcome.UNCHANGED if recorded.verdict is again.after else Outcome.FLIPS
    return replace(again, before=recorded.verdict, outcome=outcome, other_rules=True)


def _decided(
    stored: Stored, policy: Policy, evidence: Mapping[str, Mapping[StageName, Evidence]]
) -> RoundDecision:
    """The round as it was at its time: a quota's deadline is held against that."""
    return decide_round(
        policy,
        evidence=evidence,
        members=tuple(stored.evidence),
        baseline=stored.baseline,
        now=datetime.fromisoformat(stored.decided_at),
    )


def _with_registered_ab(stored: Stored, proposed: Policy) -> Policy:
    """The proposed policy, with the recorded A/B where one was measured and its terms differ."""
    was, stage = stored.policy, StageName.ONLINE
    measured = any(stage in stages for stages in stored.evidence.values())
    if not measured or was.plan.online is None or proposed.plan.online is None:
        return proposed
    if was.stage_sha256(stage) == proposed.stage_sha256(stage):
        return proposed
    others = tuple(c for c in proposed.criteria if c not in proposed.criteria_of(stage))
    return proposed.model_copy(
        update={
            "plan": proposed.plan.model_copy(update={"online": was.plan.online}),
            "criteria": (*others, *was.criteria_of(stage)),
            "keep": {s: q for s, q in proposed.keep.items() if s != stage}
            | {s: q for s, q in was.keep.items() if s == stage},
        }
    )


def _left(
    stages: Mapping[StageName, Evidence], anew: MeasuredAnew, policy: Policy
) -> Mapping[StageName, Evidence]:
    """The evidence that the proposed policy would have measured alike."""
    return {
        stage: _without(found, anew.tasks, policy) if stage is StageName.OFFLINE else found
        for stage, found in stages.items()
        if stage not in anew.stages
    }


def _without(evidence: Evidence, tasks: tuple[str, ...], policy: Policy) -> Evidence:
    if not tasks:
        return evidence
    planned = policy.plan.offline or {}
    stays = [m for m in evidence.measurements if m.metric.partition(".")[0] not in tasks]
    absent = [
        Measurement(metric=m.name, quantity=q, measured=_OTHERWISE, validity=Validity.ANYTIME)
        for name in tasks
        for m in planned[name].metrics(name)
        for q in Quantity
    ]
    return replace(evidence, measurements=(*stays, *absent))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Pair:
    """One candidate, decided twice."""

    before: CandidateDecision
    after: CandidateDecision
    was: Policy
    policy: Policy
    keeps_ab: bool

    def compared(self) -> Again:
        before, after = self.before.verdict, self.after.verdict
        lacks = tuple(self._lacking()) if after is Verdict.HOLD else ()
        outcome, reason = Outcome.UNCHANGED, self.after.reason
        if lacks:
            outcome, reason = Outcome.LACKS, f"there is no evidence of {', '.join(lacks)}"
        elif before is not after:
            outcome = Outcome.FLIPS
        return Again(
            outcome=outcome,
            before=before,
            after=after,
            reason=reason,
            criteria=() if outcome is Outcome.UNCHANGED else tuple(self._criteria()),
            keeps_ab=self.keeps_ab,
        )

    def _lacking(self) -> Iterator[str]:
        """What the stage that holds now has no evidence of, and had then or did not need then."""
        last = self.after.stages[-1]
        then = next((s for s in self.before.stages if s.stage is last.stage), None)
        words = metric_words(last.stage.value)
        if last.evidence_sha256 is None:
            if then is None or then.evidence_sha256 is not None:
                yield f"the {words} stage"
            return
        held = then is not None and then.verdict is Verdict.HOLD
        absent_then = _absent(then) if then is not None and held else set[str]()
        for metric in sorted(_absent(last) - absent_then):
            yield metric_words(metric)
        waits_for_others = last.waits_for is not None and last.waits_for.who == OTHERS
        if waits_for_others and not held:
            yield "other candidates of its round"

    def _criteria(self) -> Iterator[CriterionChange]:
        then, now = _by_criterion(self.was, self.before), _by_criterion(self.policy, self.after)
        for key in dict.fromkeys((*now, *then)):
            found, gone = now.get(key), then.get(key)
            after = None if found is None else found.verdict
            before = None if gone is None else gone.verdict
            said = found or gone
            assert said is not None  # the key is of one of them
            if after is not before:
                yield CriterionChange(
                    metric=said.metric,
                    demanded=self._demanded(self.was, key),
                    demands=self._demanded(self.policy, key),
                    before=before,
                    after=after,
                    sentence=said.sentence,
                )

    @staticmethod
    def _demanded(policy: Policy, key: "_Key") -> str | None:
        metrics = policy.plan.metrics()
        found = next((c for k, c in _keyed(policy.criteria) if k == key), None)
        return None if found is None else demand_words(found, metrics[found.metric])


_Key = tuple[str, str, int]
"""A criterion by its metric, its kind of demand, and which of several alike it is."""


def _keyed(criteria: tuple[Criterion, ...]) -> Iterator[tuple[_Key, Criterion]]:
    seen = Counter[tuple[str, str]]()
    for criterion in criteria:
        kind = next(name for name in DEMANDS if getattr(criterion, name) is not None)
        yield (criterion.metric, kind, seen[criterion.metric, kind]), criterion
        seen[criterion.metric, kind] += 1


def _by_criterion(policy: Policy, decision: CandidateDecision) -> dict[_Key, Finding]:
    """The findings of the stages that were reached, by their criterion."""
    found: dict[_Key, Finding] = {}
    for stage in decision.stages:
        keys = (key for key, _ in _keyed(policy.criteria_of(stage.stage)))
        found |= dict(zip(keys, stage.findings, strict=True))
    return found


def _absent(stage: StageDecision) -> set[str]:
    """The blocking metrics of a stage that are not measured."""
    return {
        f.metric
        for f in stage.findings
        if f.verdict is Verdict.UNMEASURED and f.severity is Severity.BLOCKING
    }
