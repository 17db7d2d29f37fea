"""How far the measures of a stage foretell those of the next; pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from gates.decide.verdict import StageDecision, Verdict
from gates.hindsight.checkpoints import Checkpoint, Past
from gates.hindsight.measures import Measured, comparable, effect_of, metrics_of, value_of
from gates.hindsight.saving import LEVEL
from policies.criteria import Severity
from policies.policy import Policy
from policies.side_by_side import WIN_RATE
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import StageName
from stages.stats.foresight import Pair, seen_correlation, true_correlation


class LeftOut(StrEnum):
    """Why a candidate tells nothing of a correlation."""

    UNMEASURED = "have no such measure"
    OTHERWISE = "were measured by another plan or on other data"
    PARTNER = "were held against another baseline"
    OPEN = "were let through and have no result yet"
    STOPPED = "were stopped by another measure"


class Population(StrEnum):
    """Of whom a true correlation is told."""

    ALL = "all that the stage measured"
    UNSTOPPED = "those that no other measure stopped"
    LET_THROUGH = "only those let through"


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """One measure of a stage against one of the next.

    Attributes:
        stage: The earlier stage.
        metric: Its measure: the checkpoint's own value.
        next_stage: The later stage.
        target: Its primary measure: a win rate, or the effect of an A/B.
        seen: Rank correlation of the measures as they are.
        true: That of the true values behind them.
        both: Candidates with both measures.
        alone: Candidates that this measure stopped: they tell about it alone.
        ranked_by: Measure by which the quota between the stages ranked; None without a quota.
        baseline: The baseline that all were held against; None where there is none.
        left_out: How many tell nothing, and why.
        derived: How many standard errors were derived from intervals.
    """

    stage: StageName
    metric: str
    next_stage: StageName
    target: str
    seen: Estimate | Unmeasured
    true: Estimate | Unmeasured
    both: int
    alone: int
    ranked_by: str | None
    baseline: str | None
    left_out: tuple[tuple[LeftOut, int], ...]
    derived: int

    @property
    def population(self) -> Population:
        """Of whom the true correlation is told: who was stopped otherwise is not among them."""
        if not dict(self.left_out).get(LeftOut.STOPPED, 0):
            return Population.ALL
        return Population.UNSTOPPED if self.alone else Population.LET_THROUGH


def foretold_by(past: Past) -> tuple[Foretold, ...]:
    """Every measure of each stage against every primary of the next one demanded."""
    return tuple(_foretold(past))


def _foretold(past: Past) -> Iterator[Foretold]:
    demanded = [StageName(name) for name in past.policy.plan.stages()]
    for stage, following in pairwise(demanded):
        for metric in metrics_of(past.checkpoints, stage, past.policy):
            for target in _primaries(past.policy, following):
                yield _Sorted(past, stage, metric, following, target).correlated()


def _primaries(policy: Policy, stage: StageName) -> tuple[str, ...]:
    if stage is StageName.SIDE_BY_SIDE:
        return (WIN_RATE,)
    assert policy.plan.online is not None  # the only other stage that follows one
    return tuple(f"online.{name}" for name in policy.plan.online.all_primaries)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Both:
    first: Measured
    second: Measured | None

    @property
    def pair(self) -> Pair:
        second = self.second
        return Pair(
            first=self.first.estimate.value,
            first_error=self.first.error,
            second=None if second is None else second.estimate.value,
            second_error=None if second is None else second.error,
        )

    @property
    def derived(self) -> int:
        return sum(one.derived for one in (self.first, self.second) if one is not None)


@dataclass(frozen=True, slots=True)
class _Sorted:
    """Checkpoints by what they tell of one correlation."""

    past: Past
    stage: StageName
    metric: str
    following: StageName
    target: str

    def correlated(self) -> Foretold:
        baseline = self._baseline()
        sorted_ = [self._sort(one, baseline) for one in self.past.checkpoints]
        told = [one for one in sorted_ if isinstance(one, _Both)]
        pairs = [one.pair for one in told]
        both = sum(pair.second is not None for pair in pairs)
        counts = Counter(one for one in sorted_ if isinstance(one, LeftOut))
        quota = self.past.policy.keep.get(self.stage.value)
        return Foretold(
            stage=self.stage,
            metric=self.metric,
            next_stage=self.following,
            target=self.target,
            seen=seen_correlation(pairs, level=LEVEL),
            true=true_correlation(pairs, level=LEVEL),
            both=both,
            alone=len(pairs) - both,
            ranked_by=None if quota is None else quota.by,
            baseline=baseline,
            left_out=tuple((why, counts[why]) for why in LeftOut if counts[why]),
            derived=sum(one.derived for one in told),
        )

    def _baseline(self) -> str | None:
        """The baseline that most were held against in the later stage; of several the last one."""
        held = [c for c in self.past.checkpoints if self._second(c) is not None]
        counts = Counter(c.decided.baseline for c in held or self.past.checkpoints)
        newest = {c.decided.baseline: c.decided.decided_at for c in _by_time(self.past.checkpoints)}
        return max(counts, key=lambda baseline: (counts[baseline], newest[baseline]))

    def _second(self, checkpoint: Checkpoint) -> Measured | None:
        if self.following is StageName.ONLINE:
            return effect_of(checkpoint, self.target)
        return value_of(checkpoint, self.following, self.target)

    def _sort(self, checkpoint: Checkpoint, baseline: str | None) -> _Both | LeftOut:
        decision = _stage_of(checkpoint, self.stage)
        first = value_of(checkpoint, self.stage, self.metric)
        if first is None or decision is None:
            return LeftOut.UNMEASURED
        if not self._is_comparable(checkpoint):
            return LeftOut.OTHERWISE
        if checkpoint.decided.baseline != baseline:
            return LeftOut.PARTNER
        if decision.verdict is not Verdict.PASS:
            stopped_by = _stopped_by(decision, checkpoint.decided.policy)
            alone = _Both(first=first, second=None)
            return alone if stopped_by == {self.metric} else LeftOut.STOPPED
        second = self._second(checkpoint)
        return LeftOut.OPEN if second is None else _Both(first=first, second=second)

    def _is_comparable(self, checkpoint: Checkpoint) -> bool:
        later = self.following in checkpoint.measured
        return self._as_newest(checkpoint, self.stage, self.metric) and (
            not later or self._as_newest(checkpoint, self.following, self.target)
        )

    def _as_newest(self, checkpoint: Checkpoint, stage: StageName, metric: str) -> bool:
        there = [c for c in self.past.checkpoints if stage in c.measured]
        return comparable(checkpoint, _by_time(there)[-1], stage, metric)


def _by_time(checkpoints: Sequence[Checkpoint]) -> list[Checkpoint]:
    return sorted(checkpoints, key=lambda checkpoint: checkpoint.decided.decided_at)


def _stage_of(checkpoint: Checkpoint, stage: StageName) -> StageDecision | None:
    return next((s for s in checkpoint.decided.decision.stages if s.stage is stage), None)


def _stopped_by(decision: StageDecision, policy: Policy) -> set[str]:
    """The measures that kept a candidate from going on: its blocking criteria, else the quota."""
    missed = {
        finding.metric
        for finding in decision.findings
        if finding.severity is Severity.BLOCKING and finding.verdict is not Verdict.PASS
    }
    quota = policy.keep.get(decision.stage.value)
    return missed or ({quota.by} if quota is not None else set())
