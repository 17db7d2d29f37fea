"""From the scores of one task's items to measurements of its metric."""

import math
from dataclasses import dataclass, replace

from policies.plan import Metric
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Measurement, Quantity
from stages.stats.means import clustered_mean
from stages.stats.paired import paired_difference
from stages.stats.shares import SHARE, clopper_pearson

Scores = tuple[float, ...]
"""One score in [0, 1] per item, in the items' order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How the scores of a task are read.

    Attributes:
        clusters: The cluster of each item, in the items' order.
        level: As the plan says it: two-sided for scores, one-sided per end for safety rates.
        safety: Whether it is a safety rate: shares of flagged answers, with exact bounds.
    """

    clusters: tuple[str, ...]
    level: float
    safety: bool

    @property
    def planned(self) -> int:
        """Number of independent units: clusters, or items where each stands alone."""
        return len(set(self.clusters))

    @property
    def two_sided_level(self) -> float:
        """Level of the two-sided, equal-tailed intervals."""
        return 2 * self.level - 1 if self.safety else self.level


def measure_metric(
    metric: Metric,
    candidate: Scores | Unmeasured,
    baseline: Scores | Unmeasured,
    design: Design,
) -> tuple[Measurement, Measurement, Measurement]:
    """Value, difference and ratio of one metric.

    Whatever lacks its scores is `Unmeasured` with the reason; a denominator never shrinks.
    """
    value: Estimate | Unmeasured
    difference: Estimate | Unmeasured
    ratio: Estimate | Unmeasured
    p_worse = None
    value = candidate if isinstance(candidate, Unmeasured) else _value(candidate, design)
    if isinstance(candidate, Unmeasured):
        difference = ratio = candidate
    elif isinstance(baseline, Unmeasured):
        difference = ratio = baseline
    else:
        paired = paired_difference(
            candidate,
            baseline,
            design.clusters,
            level=design.two_sided_level,
            unit=SHARE,
            higher_is_better=metric.higher_is_better,
        )
        difference, ratio, p_worse = paired.difference, paired.ratio, paired.p_worse
    return (
        _measurement(metric, Quantity.VALUE, value, design),
        _measurement(metric, Quantity.DIFFERENCE, difference, design, p_worse=p_worse),
        _measurement(metric, Quantity.RATIO, ratio, design),
    )


def _value(scores: Scores, design: Design) -> Estimate | Unmeasured:
    """The candidate's own value.

    Limits are held against it, so independent right or wrong answers have exact ends: Wilson's
    lower one passes a share at its limit up to 5 % of the time, where 2.5 % is said. A safety rate
    of dependent answers counts clusters, one being flagged when any of its answers is: the exact
    bound then rests on independent units.
    """
    alone = design.planned == len(scores)
    if design.safety:
        flagged = {c for c, s in zip(design.clusters, scores, strict=True) if s}
        found = clopper_pearson(len(flagged), design.planned, level=design.two_sided_level)
        return found if alone or isinstance(found, Unmeasured) else _of_clusters(found)
    if alone and set(scores) <= {0.0, 1.0}:
        return _with_error(
            clopper_pearson(int(sum(scores)), len(scores), level=design.two_sided_level)
        )
    return clustered_mean(scores, design.clusters, level=design.two_sided_level, unit=SHARE)


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
        planned=design.planned,
        p_worse=p_worse,
    )
