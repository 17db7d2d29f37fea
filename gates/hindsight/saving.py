"""What it saved that not everybody was sent to people; pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from gates.decide.verdict import StageDecision, Verdict
from gates.hindsight.checkpoints import Past
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import StageName
from stages.stats.means import mean_t

LEVEL = 0.95
"""Of every interval that looks back: nothing is decided by them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """Votes and money that stopped candidates did not cost.

    Attributes:
        stopped: Candidates that failed before people compared them.
        compared: Candidates whose comparison is settled: what one costs is their mean.
        votes: Votes saved.
        usd: Money for calls saved.
    """

    stopped: int
    compared: int
    votes: Estimate | Unmeasured
    usd: Estimate | Unmeasured


def saved_by(past: Past) -> Saved:
    """What sending everybody to people would have cost beyond what it did.

    Those who were stopped are taken to cost what those cost who were compared.
    """
    if past.policy.plan.side_by_side is None:
        nobody = Unmeasured("the policy sends nobody to people", Cause.WAITING)
        return Saved(stopped=0, compared=0, votes=nobody, usd=nobody)
    decisions = [c.decided.decision for c in past.checkpoints]
    stopped = sum(
        decision.verdict is Verdict.FAIL and decision.stages[-1].stage is StageName.OFFLINE
        for decision in decisions
    )
    settled = [stage for decision in decisions for stage in decision.stages if _is_settled(stage)]
    prices = [stage.cost.usd for stage in settled]
    known = [price for price in prices if price is not None]
    usd = _times(stopped, _mean(known, unit="USD"))
    if len(known) < len(prices):
        unknown = len(prices) - len(known)
        usd = Unmeasured(f"what {unknown} of {len(prices)} comparisons cost is not known")
    votes = _mean([float(stage.cost.votes) for stage in settled], unit="votes")
    return Saved(stopped=stopped, compared=len(settled), votes=_times(stopped, votes), usd=usd)


def _is_settled(stage: StageDecision) -> bool:
    return stage.stage is StageName.SIDE_BY_SIDE and stage.verdict is not Verdict.HOLD


def _mean(values: Sequence[float], *, unit: str) -> Estimate | Unmeasured:
    if len(values) < 2:  # noqa: PLR2004 - one alone has no spread
        said = "no candidate was" if not values else "one candidate alone was"
        return Unmeasured(f"{said} compared to the end", Cause.WAITING)
    if len(set(values)) > 1:
        return mean_t(values, level=LEVEL, unit=unit)
    return Estimate(
        value=values[0],
        standard_error=0.0,
        low=values[0],
        high=values[0],
        level=LEVEL,
        n=len(values),
        unit=unit,
        method="the same for all",
    )


def _times(count: int, mean: Estimate | Unmeasured) -> Estimate | Unmeasured:
    """The cost of several, each costing the mean; never below nothing."""
    if isinstance(mean, Unmeasured):
        return mean
    assert mean.standard_error is not None
    assert mean.low is not None
    assert mean.high is not None
    return replace(
        mean,
        value=count * mean.value,
        standard_error=count * mean.standard_error,
        low=count * max(0.0, mean.low),
        high=count * mean.high,
        method=f"{count} times the mean; {mean.method}",
    )
