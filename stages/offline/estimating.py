"""From the scores of one task's items to measurements of its metric."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from policies.metric import Metric, Unit
from stages.evidence.estimate import LEFT_OUT, Cause, Estimate, Unmeasured
from stages.evidence.records import Measurement, Quantity, Validity
from stages.offline.instrument import Column, ScoredItem, Scores
from stages.stats.betting import betting_interval, betting_p_lower
from stages.stats.clusters import mean_of_each
from stages.stats.gap_difference import GapDifference, gap_difference
from stages.stats.means import clustered_mean
from stages.stats.paired import paired_difference
from stages.stats.shares import SHARE, clopper_pearson
from stages.stats.stratified import (
    Strata,
    StratifiedDifference,
    stratified_difference,
    stratified_mean,
)

_NO_ANYTIME_RATIO = Unmeasured(
    "no interval of a ratio holds at any time; demand a `margin`, or stop at a fixed number",
    Cause.UNDERPOWERED,
)

_NO_STRATIFIED_RATIO = Unmeasured(
    "no interval of a ratio holds for a score that weighs its parts; demand a `margin`",
    Cause.UNDERPOWERED,
)

_NO_RATIO_OF_GAPS = Unmeasured(
    "the gaps recovered are shares of one gap already; demand a `margin`", Cause.UNDERPOWERED
)

_NO_GAP = Unmeasured("the baseline has no gap recovered")

NUMBER = "number"
"""Unit of metrics that are no share."""

_DIGITS = 12
"""Of a level: what people write has fewer, and 2 * 0.95 - 1 is 0.8999999999999999."""

Values = tuple[float, ...]
"""One score per item, in the items' order; shares lie in [0, 1]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How the scores of a task are read.

    Attributes:
        clusters: The cluster of each item, in the items' order.
        level: As the plan says it: two-sided for scores, one-sided per end for safety rates.
        safety: Whether it is a safety rate: shares of flagged answers, with exact bounds.
        anytime: Whether the task may stop early: intervals and p-values that hold at any time.
    """

    clusters: tuple[str, ...]
    level: float
    safety: bool
    anytime: bool = False

    @property
    def planned(self) -> int:
        """Number of independent units: clusters, or items where each stands alone."""
        return len(set(self.clusters))

    @property
    def two_sided_level(self) -> float:
        """Level of the two-sided, equal-tailed intervals."""
        return two_sided(self.level) if self.safety else self.level


def two_sided(level: float) -> float:
    """Level of the two-sided, equal-tailed interval that has this level per end: 0.9 of 0.95."""
    return round(2 * level - 1, _DIGITS)


def measure_task(
    metrics: Sequence[Metric],
    candidate: Scores,
    baseline: Scores,
    *,
    level: float,
    anytime: bool = False,
) -> tuple[Measurement, ...]:
    """Every metric of a task.

    Args:
        metrics: The task's, in order.
        candidate: Scores of the candidate's answers.
        baseline: The same of the baseline's.
        level: As the plan says it.
        anytime: Whether the task may stop early.
    """
    candidate, baseline = _comparable(candidate, baseline)
    return tuple(
        measurement
        for metric in metrics
        for measurement in _measured(metric, candidate, baseline, level, anytime=anytime)
    )


def measure_metric(
    metric: Metric,
    candidate: Values | Unmeasured,
    baseline: Values | Unmeasured,
    design: Design,
) -> tuple[Measurement, ...]:
    """Value, difference and ratio of one metric; of one that is not paired the value alone.

    Whatever lacks its scores is `Unmeasured` with the reason; a denominator never shrinks.
    """
    unit = SHARE if metric.unit is Unit.SHARE else NUMBER
    difference: Estimate | Unmeasured
    ratio: Estimate | Unmeasured
    p_worse = None
    value = candidate if isinstance(candidate, Unmeasured) else _value(candidate, design, unit)
    measured = _measurement(metric, Quantity.VALUE, value, design)
    if not metric.paired:
        return (measured,)
    if isinstance(candidate, Unmeasured):
        difference = ratio = candidate
    elif isinstance(baseline, Unmeasured):
        difference = ratio = baseline
    elif design.anytime:
        difference, p_worse = _anytime_difference(candidate, baseline, metric, design)
        ratio = difference if isinstance(difference, Unmeasured) else _NO_ANYTIME_RATIO
    else:
        paired = paired_difference(
            candidate,
            baseline,
            design.clusters,
            level=design.two_sided_level,
            unit=unit,
            higher_is_better=metric.higher_is_better,
        )
        difference, ratio, p_worse = paired.difference, paired.ratio, paired.p_worse
    return (
        measured,
        _measurement(metric, Quantity.DIFFERENCE, difference, design, p_worse=p_worse),
        _measurement(metric, Quantity.RATIO, ratio, design),
    )


def _comparable(candidate: Scores, baseline: Scores) -> tuple[Scores, Scores]:
    """Both as they are, or unmeasured where they cannot be held against each other."""
    if candidate.origin and candidate.origin == baseline.origin:
        why = Unmeasured("candidate and baseline were read from the same files: one is not its own")
        return _unmeasured(candidate, why), _unmeasured(baseline, why)
    names = {**candidate.conditions, **baseline.conditions}
    apart = [n for n in names if candidate.conditions.get(n) != baseline.conditions.get(n)]
    if not apart or isinstance(baseline.columns, Unmeasured):
        return candidate, baseline
    one, other = (s.conditions.get(apart[0], "absent") for s in (candidate, baseline))
    why = Unmeasured(
        f"candidate and baseline were measured differently: {', '.join(apart)} ({apart[0]} is "
        f"{one[:80]} and {other[:80]})"
    )
    return candidate, _unmeasured(baseline, why)


def _unmeasured(scores: Scores, why: Unmeasured) -> Scores:
    return replace(scores, columns=why, estimates={}, gaps={})


def _measured(
    metric: Metric, candidate: Scores, baseline: Scores, level: float, *, anytime: bool
) -> tuple[Measurement, ...]:
    own = metric.name.partition(".")[2]
    if own in candidate.estimates:
        value = _estimated(metric, Quantity.VALUE, candidate.estimates[own], anytime=anytime)
        return (value, *_recovered(metric, own, candidate, baseline, level))
    mine, theirs = candidate.column(own), baseline.column(own)
    if not (isinstance(mine, Unmeasured) or isinstance(theirs, Unmeasured)):
        theirs = _of_the_same_items(candidate.items, mine, baseline.items, theirs)
    column = None if isinstance(mine, Unmeasured) else mine
    strata = candidate.strata.get(own)
    design = replace(_design(metric, candidate, column, level), anytime=anytime)
    if strata is not None:
        return _stratified(metric, _values(mine), _values(theirs), design, strata)
    found = measure_metric(metric, _values(mine), _values(theirs), design)
    missing = candidate.left_out.get(own)
    return (
        found if missing is None else tuple(_without(measurement, missing) for measurement in found)
    )


def _stratified(
    metric: Metric,
    candidate: Values | Unmeasured,
    baseline: Values | Unmeasured,
    design: Design,
    strata: Strata,
) -> tuple[Measurement, ...]:
    """A score that weighs its parts; it has no ratio, whose interval nobody has shown."""
    lacks = next((one for one in (candidate, baseline) if isinstance(one, Unmeasured)), None)
    value = (
        candidate
        if isinstance(candidate, Unmeasured)
        else stratified_mean(candidate, design.clusters, strata, level=design.level)
    )
    if isinstance(candidate, Unmeasured) or isinstance(baseline, Unmeasured):
        assert lacks is not None
        found = StratifiedDifference(difference=lacks, p_worse=None)
    else:
        found = stratified_difference(
            candidate, baseline, design.clusters, strata, level=design.level
        )
    return (
        _measurement(metric, Quantity.VALUE, value, design),
        _measurement(metric, Quantity.DIFFERENCE, found.difference, design, p_worse=found.p_worse),
        _measurement(metric, Quantity.RATIO, lacks or _NO_STRATIFIED_RATIO, design),
    )


def _recovered(
    metric: Metric, own: str, candidate: Scores, baseline: Scores, level: float
) -> tuple[Measurement, ...]:
    """A gap recovered, held against the baseline's; nothing of what is no gap."""
    if own not in candidate.gaps:
        return ()
    mine, theirs = candidate.gaps[own], baseline.gaps.get(own, _NO_GAP)
    if isinstance(baseline.columns, Unmeasured):
        theirs = baseline.columns
    lacks = next((one for one in (mine, theirs) if isinstance(one, Unmeasured)), None)
    if isinstance(mine, Unmeasured) or isinstance(theirs, Unmeasured):
        assert lacks is not None
        found = GapDifference(difference=lacks, p_worse=None)
    else:
        found = gap_difference(mine, theirs, level=level)
    return (
        _estimated(metric, Quantity.DIFFERENCE, found.difference, p_worse=found.p_worse),
        _estimated(metric, Quantity.RATIO, lacks or _NO_RATIO_OF_GAPS),
    )


def _estimated(
    metric: Metric,
    quantity: Quantity,
    value: Estimate | Unmeasured,
    *,
    anytime: bool = False,
    p_worse: float | None = None,
) -> Measurement:
    """An estimate that is no mean of a column: planned is what it rests on.

    Its instrument counts all that there is; a difference of two groups of items rests on the
    smaller one, and would wait for ever for as many units as there are items.
    """
    return Measurement(
        metric=metric.name,
        quantity=quantity,
        measured=value,
        validity=Validity.ANYTIME if anytime else Validity.FIXED,
        planned=None if anytime else value.n if isinstance(value, Estimate) else 1,
        p_worse=p_worse,
    )


def _without(measurement: Measurement, missing: str) -> Measurement:
    """With what it leaves out, in its method's words."""
    measured = measurement.measured
    if isinstance(measured, Unmeasured):
        return measurement
    method = f"{measured.method}{LEFT_OUT}{missing}"
    return replace(measurement, measured=replace(measured, method=method))


def _of_the_same_items(
    items: Sequence[ScoredItem],
    column: Column,
    others: Sequence[ScoredItem],
    other: Column,
) -> Column | Unmeasured:
    """A column that pairs with another one, or why it does not."""
    mine = [item.id for item, score in zip(items, column, strict=True) if score is not None]
    theirs = [item.id for item, score in zip(others, other, strict=True) if score is not None]
    if mine == theirs:
        return other
    apart = sorted(set(mine) ^ set(theirs)) or ["their order"]
    return Unmeasured(
        f"candidate and baseline were measured on different items ({apart[0]} and "
        f"{len(apart) - 1} more)"
    )


def _design(metric: Metric, scores: Scores, column: Column | None, level: float) -> Design:
    scored = (
        scores.items
        if column is None
        else [i for i, score in zip(scores.items, column, strict=True) if score is not None]
    )
    return Design(
        clusters=tuple(item.cluster for item in scored), level=level, safety=metric.safety
    )


def _values(column: Column | Unmeasured) -> Values | Unmeasured:
    if isinstance(column, Unmeasured):
        return column
    values = tuple(score.value for score in column if score is not None)
    return values or Unmeasured("no item is of this kind", Cause.UNDERPOWERED)


def _value(scores: Values, design: Design, unit: str) -> Estimate | Unmeasured:
    """The candidate's own value.

    Limits are held against it, so independent right or wrong answers have exact ends: Wilson's
    lower one passes a share at its limit up to 5 % of the time, where 2.5 % is said. A safety rate
    of dependent answers counts clusters, one being flagged when any of its answers is: the exact
    bound then rests on independent units.
    """
    alone = design.planned == len(scores)
    if design.anytime:
        return betting_interval(
            mean_of_each(scores, design.clusters), level=design.two_sided_level, unit=unit
        )
    if design.safety:
        flagged = {c for c, s in zip(design.clusters, scores, strict=True) if s}
        found = clopper_pearson(len(flagged), design.planned, level=design.two_sided_level)
        return found if alone or isinstance(found, Unmeasured) else _of_clusters(found)
    if alone and unit == SHARE and set(scores) <= {0.0, 1.0}:
        return _with_error(
            clopper_pearson(int(sum(scores)), len(scores), level=design.two_sided_level)
        )
    return clustered_mean(scores, design.clusters, level=design.two_sided_level, unit=unit)


def _anytime_difference(
    candidate: Values, baseline: Values, metric: Metric, design: Design
) -> tuple[Estimate | Unmeasured, float | None]:
    """Confidence sequence of the mean difference, and the p-value of a regression.

    Differences of shares lie in [-1, 1] and are bet upon as (1 + d) / 2; clusters count once each,
    with the mean of their items.
    """
    gaps = [a - b for a, b in zip(candidate, baseline, strict=True)]
    halves = [(1 + gap) / 2 for gap in mean_of_each(gaps, design.clusters)]
    level = design.two_sided_level
    found = betting_interval(halves, level=level, unit=SHARE)
    if isinstance(found, Unmeasured):
        return found, None
    assert found.low is not None
    assert found.high is not None
    toward = halves if metric.higher_is_better else [1 - half for half in halves]
    p_worse = betting_p_lower(toward, 0.5, level=level)
    value, low, high = (2 * x - 1 for x in (found.value, found.low, found.high))
    return replace(found, value=value, low=low, high=high), p_worse


def _of_clusters(found: Estimate) -> Estimate:
    """Named as what it is: a share of clusters, not of answers."""
    return replace(found, method=f"{found.method}, of clusters with any flagged answer")


def _with_error(found: Estimate | Unmeasured) -> Estimate | Unmeasured:
    """With the binomial standard error, for people: the exact ends do not rest on it."""
    if isinstance(found, Unmeasured):
        return found
    return replace(found, standard_error=math.sqrt(found.value * (1 - found.value) / found.n))


def _measurement(
    metric: Metric,
    quantity: Quantity,
    measured: Estimate | Unmeasured,
    design: Design,
    *,
    p_worse: float | None = None,
) -> Measurement:
    return Measurement(
        metric=metric.name,
        quantity=quantity,
        measured=measured,
        validity=Validity.ANYTIME if design.anytime else Validity.FIXED,
        planned=None if design.anytime else max(1, design.planned),
        p_worse=p_worse,
    )
