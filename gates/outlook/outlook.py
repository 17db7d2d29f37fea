"""Of each criterion that does not pass: what it misses, and what it would likely take; pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from gates.decide.limits import limit_of
from gates.decide.rules import Weighed
from gates.decide.spoken import count_words
from gates.decide.stage_gate import weigh_stage
from gates.decide.verdict import Finding, OnlineVerdict, StageDecision, Verdict
from gates.ledger.ledger import Stored
from gates.outlook.missing import Missed, amount, missed
from gates.outlook.needing import (
    Needed,
    Open,
    days_to_pass,
    measured,
    prompts_to_settle,
    units_to_settle,
)
from policies.criteria import Criterion
from policies.metric import Metric
from policies.policy import Policy
from policies.side_by_side import WIN_RATE
from stages.evidence.estimate import ASKED_ANEW, EITHER_WAY, Unmeasured
from stages.evidence.records import Evidence, Quantity, StageName, Validity
from stages.stats.units_needed import room_to_pass
from stages.stats.votes_needed import StillNeeded

POWER = 0.8
"""Four times in five: how often a checkpoint that is good enough should pass."""

STANDS = "a FAIL stands: measuring this checkpoint again is no way to a pass"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outlook:
    """What keeps a criterion from a pass, and what it would likely take.

    Attributes:
        stage: Its stage.
        finding: What it says.
        missed: By how much its limit is missed; None when nothing is measured, or where nothing may
            be read before all that is planned is there.
        final: Whether no further measurement of this plan can settle it.
        takes: What it would take, in one sentence.
        needed: How much of what is counted; None where that cannot be told or does not help.
    """

    stage: StageName
    finding: Finding
    missed: Missed | None
    final: bool
    takes: str
    needed: Needed | None = None


def outlooks(
    stored: Stored, *, still: StillNeeded | Unmeasured | None = None
) -> tuple[Outlook, ...]:
    """Every criterion that does not pass, stage by stage, in the policy's order.

    Args:
        stored: A decision with its evidence.
        still: What the votes of a held comparison foretell; None where they do not.
    """
    evidence = stored.evidence.get(stored.decision.candidate, {})
    return tuple(
        found
        for stage in stored.decision.stages
        if stage.stage in evidence
        for found in _Stage(stored.policy, stage, evidence[stage.stage], still).outlooks()
    )


@dataclass(frozen=True, slots=True)
class _Stage:
    policy: Policy
    decision: StageDecision
    evidence: Evidence
    still: StillNeeded | Unmeasured | None

    def outlooks(self) -> Iterator[Outlook]:
        stage = self.decision.stage
        criteria, metrics = self.policy.criteria_of(stage), self.policy.plan.metrics()
        weighed = weigh_stage(self.policy, stage, self.evidence)
        if len(criteria) != len(self.decision.findings):
            return  # rules of another version of the program found otherwise
        for criterion, finding, now in zip(criteria, self.decision.findings, weighed, strict=True):
            if finding.verdict is not Verdict.PASS:
                yield self._of(criterion, finding, now, metrics[criterion.metric])

    def _of(
        self, criterion: Criterion, finding: Finding, weighed: Weighed, metric: Metric
    ) -> Outlook:
        limit, estimate = limit_of(criterion, metric), finding.measured
        if isinstance(estimate, Unmeasured):
            return self._told(finding, None, f"it takes a measurement: {estimate.reason}")
        gap = missed(limit, estimate, metric)
        p_worse = self._p_worse(criterion.metric)
        found = Open(
            stage=self.decision.stage,
            demand=criterion.demand,
            limit=limit,
            estimate=estimate,
            p_worse=p_worse,
        )
        if self._is_over(finding):
            return self._told(finding, gap, self._another(found, metric))
        if finding.verdict is Verdict.FAIL:
            return self._told(finding, gap, STANDS)
        unread = self._planned(found) is not None  # where it stands may not be seen yet
        needed, takes = self._settled_by(found, final=weighed.final)
        return Outlook(
            stage=self.decision.stage,
            finding=finding,
            missed=None if unread else gap,
            final=weighed.final or self.decision.verdict is Verdict.FAIL,
            takes=takes,
            needed=needed,
        )

    def _settled_by(self, found: Open, *, final: bool) -> tuple[Needed | None, str]:
        """How much settles a criterion that cannot tell, and the same in words."""
        if self.decision.verdict is Verdict.FAIL:
            return None, "its stage is settled by another criterion, and a FAIL stands"
        if found.stage is StageName.ONLINE:
            return self._by_traffic(found)
        if not final:
            return self._by_the_plan(found)
        if EITHER_WAY in found.estimate.method:
            return None, "no further measurement can settle it: what is unresolved stays so"
        needed = units_to_settle(found)
        said = "no further measurement of this plan can settle it"
        if needed is None:
            return None, f"{said}, and how much more would cannot be told"
        return needed, f"{said}; by a larger plan {needed.words}"

    def _by_the_plan(self, found: Open) -> tuple[Needed | None, str]:
        """What the rest of the plan as it is does."""
        plan = self.policy.plan.side_by_side
        voted = self.decision.stage is StageName.SIDE_BY_SIDE and plan is not None
        planned = self._planned(found)
        if planned is not None:
            left = planned - found.estimate.n
            return None, (
                f"it may not be looked at before all {planned:,} are in: {left:,} are missing"
            )
        if ASKED_ANEW in found.estimate.method:
            return None, "it takes verdicts that can be read, which the next run asks for again"
        if voted and plan is not None and isinstance(self.still, Unmeasured):
            return None, f"how many more prompts it takes cannot be told: {self.still.reason}"
        counts = voted and self._is_win_rate(found)
        if counts and plan is not None and isinstance(self.still, StillNeeded):
            needed = prompts_to_settle(self.still, plan)
            most = count_words(plan.prompts_planned * plan.overlap, "votes")
            return needed, f"of at most {plan.prompts_planned:,} prompts ({most}), {needed.words}"
        return None, "it takes the rest of the plan, which may settle it at any time"

    def _by_traffic(self, found: Open) -> tuple[Needed | None, str]:
        plan, look = self.policy.plan.online, self.evidence.look
        if self.decision.online is OnlineVerdict.INVALID:
            return None, "it takes traffic that may be analysed: no amount of broken data helps"
        needed = None if plan is None else days_to_pass(found, self.evidence, plan)
        if needed is None or look is None:
            return None, "it takes the looks that are planned"
        return needed, (f"{needed.words}; the A/B ends by look {look.planned} and is not prolonged")

    def _is_over(self, finding: Finding) -> bool:
        """Whether the stage has said no by this criterion: an A/B that ended says it by all."""
        ended = self.decision.online is OnlineVerdict.INCONCLUSIVE
        return self.decision.verdict is Verdict.FAIL and (finding.verdict is Verdict.FAIL or ended)

    def _another(self, found: Open, metric: Metric) -> str:
        """What another checkpoint must be like to pass such a plan; nothing to try again with."""
        seen = measured(found)
        if seen is None:
            return STANDS
        wanted = room_to_pass(seen, power=POWER)
        return (
            f"{STANDS}; another one passes a plan of this size four times in five if it truly is "
            f"inside the limit by {amount(wanted, found.limit, metric)}"
        )

    def _told(self, finding: Finding, gap: Missed | None, takes: str) -> Outlook:
        return Outlook(
            stage=self.decision.stage,
            finding=finding,
            missed=gap,
            final=finding.verdict is Verdict.FAIL or self.decision.verdict is Verdict.FAIL,
            takes=takes,
        )

    def _p_worse(self, metric: str) -> float | None:
        found = self.evidence.of(metric, Quantity.DIFFERENCE)
        return next((m.p_worse for m in found if m.p_worse is not None), None)

    def _planned(self, found: Open) -> int | None:
        """The number before which nothing may be read; None where there is none, or all are in."""
        for measurement in self.evidence.measurements:
            same = measurement.measured == found.estimate
            if same and measurement.validity is Validity.FIXED and not measurement.decidable:
                return measurement.planned
        return None

    def _is_win_rate(self, found: Open) -> bool:
        return any(m.measured == found.estimate for m in self.evidence.of(WIN_RATE, Quantity.VALUE))
