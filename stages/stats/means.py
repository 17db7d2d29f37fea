"""A mean over independent items or clusters, with its interval."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats, cluster_totals
from stages.stats.levels import t_quantile, tail_of
from stages.stats.shares import SHARE, exact_upper

FEW = 25
"""Below this many deviating units a t-interval of a share covers too little (n min(p, 1 - p))."""

NEGLIGIBLE = 1e-9
"""Spread relative to the largest value that is rounding, not information."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Range:
    """The least and the greatest possible value of one item."""

    low: float
    high: float


def mean_t(values: Sequence[float], *, level: float, unit: str) -> Estimate | Unmeasured:
    """Mean of independent values with a t-interval; see `clustered_mean`."""
    return clustered_mean(values, range(len(values)), level=level, unit=unit)


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable], *, level: float, unit: str
) -> Estimate | Unmeasured:
    """Mean of values whose errors depend on each other inside clusters.

    Standard error CR1, quantile t with G - 1 degrees of freedom. A share stays inside [0, 1],
    and where fewer than 25 clusters differ from a value that most of them hold, both ends reach at
    least as far as the exact bound on how many could differ: identical values have an interval.

    Args:
        values: One per item, shape (n,); a `share` lies between 0 and 1.
        clusters: The cluster of each item, such as its passage or prompt, length n.
        level: Two-sided confidence level in (0, 1).
        unit: `share`, or any other name for values without limits.

    Returns:
        The mean over items, n being the number of clusters; or `Unmeasured` without values, with
        NaN or infinite ones, with fewer than two clusters, or when unlimited values do not vary.

    Raises:
        ValueError: When lengths differ, a share lies outside [0, 1] or the level is impossible.

    References:
        Miller (2024), "Adding error bars to evals", section 2.2; Cameron and Miller (2015).
    """
    tail_of(level)
    limits = Range(low=0.0, high=1.0) if unit == SHARE else None
    column = np.asarray(values, dtype=np.float64)[:, None]
    refused = refuse_values(column, limits)
    totals = cluster_totals(column, clusters)
    if refused is not None:
        return refused
    return interval_of_mean(totals, level=level, unit=unit, limits=limits)


def refuse_values(columns: Floats, limits: Range | None) -> Unmeasured | None:
    """Why values cannot be averaged, or None when they can.

    Args:
        columns: Values, shape (n, k).
        limits: The possible values, where there are limits.

    Raises:
        ValueError: When a value lies outside the limits.
    """
    if columns.size == 0:
        return Unmeasured("no items were scored", Cause.WAITING)
    unusable = int((~np.isfinite(columns)).any(axis=1).sum())
    if unusable:
        return Unmeasured(f"{unusable} of {len(columns)} values are NaN or infinite", Cause.BROKEN)
    if limits is not None and ((columns < limits.low) | (columns > limits.high)).any():
        raise ValueError(f"a value lies outside [{limits.low:g}, {limits.high:g}]")
    return None


def interval_of_mean(
    totals: ClusterTotals, *, level: float, unit: str, limits: Range | None
) -> Estimate | Unmeasured:
    """The mean of the only column of cluster totals, as `clustered_mean` describes it.

    Args:
        totals: Sums of one column over clusters.
        level: Two-sided confidence level in (0, 1).
        unit: Unit of the values.
        limits: The possible values; None when there are no limits.
    """
    if totals.groups < 2:  # noqa: PLR2004 - a spread needs two
        return Unmeasured("1 independent unit cannot show a spread", Cause.UNDERPOWERED)
    mean, error = float(totals.means[0]), math.sqrt(float(totals.covariance[0, 0]))
    still = is_negligible(error, totals)
    if still and limits is None:
        return Unmeasured(
            f"all {totals.groups} units are equal, which says nothing of their spread",
            Cause.UNDERPOWERED,
        )
    half = t_quantile(tail_of(level), totals.groups - 1) * error
    exact = exact_range(totals, tail=tail_of(level), limits=limits) if limits else None
    low, high = mean - half, mean + half
    if limits is not None:
        low, high = max(limits.low, low), min(limits.high, high)
    if exact is not None:
        low, high = min(low, exact.low), max(high, exact.high)
    return Estimate(
        value=mean,
        standard_error=None if still else error,
        low=low,
        high=high,
        level=level,
        n=totals.groups,
        unit=unit,
        method=_method(totals, still=still, exact=exact),
    )


def exact_range(totals: ClusterTotals, *, tail: float, limits: Range) -> Range | None:
    """How far the mean of limited values could lie, when few units differ from the others.

    When k of G units lie below the commonest value c, an exact bound r says how large a share of
    all units could; were all of them at the lowest value, the mean would be c - r (c - lowest). The
    same above. No assumption on the spread is made. Unequal clusters count as Kish's number.

    Args:
        totals: Sums of one column over clusters.
        tail: Error allowed at each end.
        limits: The possible values.

    Returns:
        The range, or None when no value is held by most units or `FEW` or more differ from it.
    """
    means = np.round(totals.sums[:, 0] / totals.sizes, 9)
    found, counts = np.unique(means, return_counts=True)
    common, held = float(found[counts.argmax()]), int(counts.max())
    if totals.groups - held >= FEW or 2 * held <= totals.groups:
        return None
    effective, groups = totals.effective_groups, totals.groups
    below = exact_upper((means < common).sum() * effective / groups, effective, tail=tail)
    above = exact_upper((means > common).sum() * effective / groups, effective, tail=tail)
    return Range(
        low=max(limits.low, common - below * (common - limits.low)),
        high=min(limits.high, common + above * (limits.high - common)),
    )


def is_negligible(error: float, totals: ClusterTotals) -> bool:
    """Whether a standard error is zero but for rounding."""
    scale = float(np.abs(totals.sums / totals.sizes[:, None]).max())
    return error <= NEGLIGIBLE * scale


def _method(totals: ClusterTotals, *, still: bool, exact: Range | None) -> str:
    if still:
        return "exact binomial bound, all units being equal"
    clustered = totals.sizes.max() > 1
    name = "cluster-robust t" if clustered else "t"
    return name if exact is None else f"{name}, widened to the exact binomial bound"
