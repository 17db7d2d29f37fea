"""A mean over independent items or clusters, with its interval."""

import math
from collections.abc import Hashable, Sequence

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats, cluster_totals
from stages.stats.levels import t_quantile, tail_of
from stages.stats.ranges import SHARES, Range
from stages.stats.shares import SHARE, exact_upper
from stages.stats.student import corrected_mean, degrees_of, plain_mean

FEW_ITEMS, FEW_DIFFERENCES = 10, 25
"""Below this many deviating units score intervals of shares, and t-intervals of differences, miss
more often on one side than they say."""

NEGLIGIBLE = 1e-9
"""Spread, relative to 1 for shares and to the largest value else, that is rounding."""


def mean_t(values: Sequence[float], *, level: float, unit: str) -> Estimate | Unmeasured:
    """Mean of independent values with an interval by Student's t; see `clustered_mean`."""
    return clustered_mean(values, range(len(values)), level=level, unit=unit)


def clustered_mean(
    values: Sequence[float], clusters: Sequence[Hashable], *, level: float, unit: str
) -> Estimate | Unmeasured:
    """Mean of values whose errors depend on each other inside clusters.

    Standard error by the jackknife over clusters. Values without limits take t, corrected for
    skewed and for heavy units (`StudentMean`). For a share Wilson's interval takes t with G - 1
    degrees of freedom (Kish's G where clusters are uneven) and the effective number n of items that
    makes p (1 - p) / n the squared error: a symmetric t-interval near 0 or 1 misses twice as often
    as it says. Where fewer than 10 clusters differ from a value that most of them hold, a share's
    ends reach at least as far as the exact bound on how many could differ: identical values have an
    interval.

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
        Miller (2024), "Adding error bars to evals", section 2.2; Cameron and Miller (2015); for
        shares Korn and Graubard (1998) and Franco et al. (2019), effective sample size.
    """
    tail_of(level)
    limits = SHARES if unit == SHARE else None
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
    still = is_still(totals, limits)
    if still and limits is None:
        return Unmeasured(
            f"all {totals.groups} units are equal, which says nothing of their spread",
            Cause.UNDERPOWERED,
        )
    exact = exact_range(totals, tail=tail_of(level), limits=limits) if limits else None
    if still:
        within = Range(low=mean, high=mean)
    elif limits == SHARES:
        t = t_quantile(tail_of(level), degrees_of(totals))
        within = wilson_of_error(mean, error=error, t=t)
    else:
        found = corrected_mean(totals) if exact is None else plain_mean(totals)
        within = _inside(limits, found.reach(tail_of(level)))
    if exact is not None:
        within = Range(low=min(within.low, exact.low), high=max(within.high, exact.high))
    return Estimate(
        value=mean,
        standard_error=None if still else error,
        low=within.low,
        high=within.high,
        level=level,
        n=totals.groups,
        unit=unit,
        method=_method(totals, still=still, limits=limits, exact=exact),
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
        The range, or None when no value is held by most units, or when enough differ from it.
    """
    few = FEW_ITEMS if limits == SHARES else FEW_DIFFERENCES
    means = totals.sums[:, 0] / totals.sizes
    common = float(np.median(means))  # what most units hold is in the middle
    lower, higher = means < common - NEGLIGIBLE, means > common + NEGLIGIBLE
    differing = int(lower.sum() + higher.sum())
    effective, groups = totals.effective_groups, totals.groups
    if differing * effective / groups >= few or 2 * differing >= groups:
        return None
    below = exact_upper(lower.sum() * effective / groups, effective, tail=tail)
    above = exact_upper(higher.sum() * effective / groups, effective, tail=tail)
    return Range(
        low=max(limits.low, common - below * (common - limits.low)),
        high=min(limits.high, common + above * (limits.high - common)),
    )


def is_still(totals: ClusterTotals, limits: Range | None) -> bool:
    """Whether the only column has the same mean in every cluster, but for rounding."""
    means = totals.sums[:, 0] / totals.sizes
    scale = 1.0 if limits else float(np.abs(means).max())
    return float(np.ptp(means)) <= NEGLIGIBLE * scale


def wilson_of_error(mean: float, *, error: float, t: float) -> Range:
    """Wilson's interval of a share whose squared error is that of a mean of dependent items.

    Args:
        mean: The share, strictly between 0 and 1.
        error: Its standard error.
        t: How many errors it reaches to either side.
    """
    spread = mean * (1 - mean)
    shrink = (t * error) ** 2 / spread
    middle = (mean + shrink / 2) / (1 + shrink)
    half = t * error * math.sqrt(1 + shrink / (4 * spread)) / (1 + shrink)
    return Range(low=max(0.0, middle - half), high=min(1.0, middle + half))


def _inside(limits: Range | None, found: Range) -> Range:
    if limits is None:
        return found
    return Range(low=max(limits.low, found.low), high=min(limits.high, found.high))


def _method(
    totals: ClusterTotals, *, still: bool, limits: Range | None, exact: Range | None
) -> str:
    if still:
        return "exact binomial bound, all units being equal"
    clustered = totals.sizes.max() > 1
    name = "Wilson score with Student's t" if limits == SHARES else "Student's t"
    name = f"cluster-robust {name}" if clustered else name
    return name if exact is None else f"{name}, widened to the exact binomial bound"
