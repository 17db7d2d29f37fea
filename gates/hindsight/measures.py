"""A measure of each checkpoint, where it can be held against that of the others; pure."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.decide.verdict import Verdict
from gates.hindsight.checkpoints import Checkpoint
from policies.measured_anew import measured_anew
from policies.policy import Policy
from stages.evidence.estimate import Bounds, Estimate
from stages.evidence.records import Evidence, Quantity, StageName, Validity
from stages.stats.levels import normal_quantile


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One measure of one checkpoint.

    Attributes:
        estimate: What was measured.
        error: Its standard error.
        derived: Whether the error was derived from the interval.
    """

    estimate: Estimate
    error: float
    derived: bool


def value_of(checkpoint: Checkpoint, stage: StageName, metric: str) -> Measured | None:
    """The checkpoint's own value of a metric; None where it was not measured."""
    return _measured(checkpoint, stage, metric, Quantity.VALUE)


def effect_of(checkpoint: Checkpoint, metric: str) -> Measured | None:
    """The effect of an A/B on a metric; None where none was measured.

    The leading primary's effect of an A/B that has ended is the one corrected for having stopped.
    """
    evidence = checkpoint.measured.get(StageName.ONLINE)
    look = None if evidence is None else evidence.look
    ended = checkpoint.decided.decision.verdict is not Verdict.HOLD
    if ended and look is not None and look.primary == metric and look.stopped_here is not None:
        return with_error(look.stopped_here)
    return _measured(checkpoint, StageName.ONLINE, metric, Quantity.DIFFERENCE)


def comparable(checkpoint: Checkpoint, newest: Checkpoint, stage: StageName, metric: str) -> bool:
    """Whether a metric was measured by the same plan, on the same data, as of the newest."""
    was, now = checkpoint.decided.policy, newest.decided.policy
    if stage is not StageName.OFFLINE:
        return stage.value not in measured_anew(_as_of(was, now), now).stages
    task = metric.partition(".")[0]
    if task in measured_anew(_as_of(was, now), now).tasks:
        return False
    here, there = (_data_of(one.measured.get(stage), task) for one in (checkpoint, newest))
    return all(there.get(name, digest) == digest for name, digest in here.items())


def with_error(estimate: Estimate) -> Measured:
    """An estimate with its standard error, or one that its interval would have if it were normal.

    Ends of an interval are one-sided bounds at `one_sided_level`, whichever of them there are.
    """
    if estimate.standard_error is not None:
        return Measured(estimate=estimate, error=estimate.standard_error, derived=False)
    low = estimate.value if estimate.low is None else estimate.low
    high = estimate.value if estimate.high is None else estimate.high
    reach = normal_quantile(1 - estimate.one_sided_level)
    sides = 2 if estimate.bounds is Bounds.TWO_SIDED else 1
    return Measured(estimate=estimate, error=(high - low) / (sides * reach), derived=True)


def _measured(
    checkpoint: Checkpoint, stage: StageName, metric: str, quantity: Quantity
) -> Measured | None:
    evidence = checkpoint.measured.get(stage)
    if evidence is None:
        return None
    found = [m for m in evidence.of(metric, quantity) if isinstance(m.measured, Estimate)]
    planned = [m for m in found if m.validity is not Validity.ANYTIME] or found
    if not planned or not isinstance(planned[0].measured, Estimate):
        return None
    return with_error(planned[0].measured)


def _as_of(was: Policy, now: Policy) -> Policy:
    """A policy with the baseline of another: a checkpoint's own values have no partner."""
    return was.model_copy(update={"baseline": now.baseline})


def _data_of(evidence: Evidence | None, task: str) -> dict[str, str]:
    pairs = () if evidence is None else evidence.provenance.data
    return {name: digest for name, digest in pairs if name.startswith(f"{task}/")}


def metrics_of(
    checkpoints: Sequence[Checkpoint], stage: StageName, policy: Policy
) -> tuple[str, ...]:
    """Metrics of a stage of which any checkpoint has a value, in the policy's order."""
    planned = [m.name for m in policy.plan.metrics().values() if m.stage == stage]
    return tuple(m for m in planned if any(value_of(c, stage, m) for c in checkpoints))
