"""A mean of strata that have weights of their own, such as a benchmark's sections."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import bdtr, stdtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats, cluster_totals
from stages.stats.levels import t_quantile, tail_of
from stages.stats.means import NEGLIGIBLE, exact_range, refuse_values, wilson_of_error
from stages.stats.ranges import DIFFERENCES, SHARES, Range
from stages.stats.shares import SHARE

_WHOLE = 1e-9
"""How far weights may add up to something else than 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Strata:
    """Where each value belongs, and what each stratum weighs.

    Attributes:
        of: The stratum of each value, length n.
        weights: Of every stratum; they add up to 1.
    """

    of: tuple[str, ...]
    weights: Mapping[str, float]

    def __post_init__(self) -> None:
        if abs(sum(self.weights.values()) - 1) > _WHOLE:
            raise ValueError(f"weights add up to {sum(self.weights.values()):g}, not to 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class StratifiedDifference:
    """Candidate against baseline on the same items.

    Attributes:
        difference: Weighted mean of the candidate minus that of the baseline.
        p_worse: One-sided p-value of "the candidate is not worse"; None when there is none.
    """

    difference: Estimate | Unmeasured
    p_worse: float | None


def stratified_mean(
    values: Sequence[float], clusters: Sequence[Hashable], strata: Strata, *, level: float
) -> Estimate | Unmeasured:
    """Weighted mean of the strata's mean shares, with an interval by their own variances.

    The error is that of the strata alone: what lies between them is no error. Clusters may reach
    over several strata: their items move the score together. A stratum whose values are all equal
    is not believed to be so for ever: half a unit of G + 1 is taken to differ. Wilson's interval
    takes Student's t with Satterthwaite's degrees of freedom; near 0 and 1 its ends reach at least
    as far as the exact bound of `clustered_mean`, on Kish's number of clusters.

    Args:
        values: Shares in [0, 1], shape (n,).
        clusters: The cluster of each, length n.
        strata: Where each belongs.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The mean, n being the number of clusters; or `Unmeasured` with NaN, or when a stratum that
        has a weight has fewer than two clusters.

    References:
        Cochran (1977), Sampling Techniques, sections 5.3 and 5.4.
    """
    column = np.asarray(values, dtype=np.float64)
    refused = refuse_values(column[:, None], SHARES) or _too_few(clusters, strata)
    if refused is not None:
        return refused
    found = _moments(column, clusters, strata)
    return _estimate(found, limits=SHARES, level=level)


def stratified_difference(
    candidate: Sequence[float],
    baseline: Sequence[float],
    clusters: Sequence[Hashable],
    strata: Strata,
    *,
    level: float,
) -> StratifiedDifference:
    """Difference of two weighted means over the same items, in the same order.

    As `stratified_mean`, by Student's t. To prove a regression, a difference that fewer than 25
    clusters show must pass a sign test as well.
    """
    columns = np.column_stack([np.asarray(candidate, float), np.asarray(baseline, float)])
    refused = refuse_values(columns, SHARES) or _too_few(clusters, strata)
    if refused is not None:
        return StratifiedDifference(difference=refused, p_worse=None)
    found = _moments(columns[:, 0] - columns[:, 1], clusters, strata)
    difference = _estimate(found, limits=DIFFERENCES, level=level)
    return StratifiedDifference(difference=difference, p_worse=_p_worse(found, level=level))


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """A weighted mean, its error, and the clusters by their weight in it."""

    mean: float
    error: float
    degrees: float
    totals: ClusterTotals


def _too_few(clusters: Sequence[Hashable], strata: Strata) -> Unmeasured | None:
    if len(strata.of) != len(clusters):
        raise ValueError(f"{len(clusters)} clusters have {len(strata.of)} strata")
    units = {name: set[Hashable]() for name in strata.weights}
    for cluster, stratum in zip(clusters, strata.of, strict=True):
        units[stratum].add(cluster)
    few = [name for name, found in units.items() if len(found) < 2]  # noqa: PLR2004 - a spread needs two
    if not few:
        return None
    return Unmeasured(
        f"{few[0]} has {len(units[few[0]])} independent units, which show no spread",
        Cause.UNDERPOWERED,
    )


def _moments(column: Floats, clusters: Sequence[Hashable], strata: Strata) -> _Moments:
    """The mean, and its error from how far every cluster moves it within its strata."""
    names = np.array(strata.of)
    share, moves = np.zeros(len(column)), np.zeros(len(column))
    own, hidden = [], 0.0
    for name, weight in strata.weights.items():
        rows = np.flatnonzero(names == name)
        share[rows] = weight / len(rows)
        inside = [clusters[row] for row in rows.tolist()]
        groups = len(set(inside))
        moves[rows] = share[rows] * (column[rows] - column[rows].mean())
        moves[rows] *= math.sqrt(groups / (groups - 1))
        variance = float((cluster_totals(moves[rows][:, None], inside).sums ** 2).sum())
        unseen = weight**2 * _unseen(groups) / groups if variance <= NEGLIGIBLE**2 else 0.0
        own.append((variance + unseen, groups - 1))
        hidden += unseen
    totals = cluster_totals(np.column_stack([share, share * column]), clusters)
    seen = float((cluster_totals(moves[:, None], clusters).sums ** 2).sum())
    return _Moments(
        mean=float((share * column).sum()),
        error=math.sqrt(seen + hidden),
        degrees=sum(v for v, _ in own) ** 2 / sum(v**2 / degrees for v, degrees in own),
        totals=ClusterTotals(sizes=totals.sums[:, 0], sums=totals.sums[:, 1:]),
    )


def _unseen(groups: int) -> float:
    """Variance of a unit of a stratum whose units are all equal: half of one more may differ."""
    rate = 0.5 / (groups + 1)
    return rate * (1 - rate)


def _estimate(found: _Moments, *, limits: Range, level: float) -> Estimate:
    tail = tail_of(level)
    exact = exact_range(found.totals, tail=tail, limits=limits)
    t = t_quantile(tail, found.degrees)
    if limits == SHARES and NEGLIGIBLE < found.mean < 1 - NEGLIGIBLE:
        within = wilson_of_error(found.mean, error=found.error, t=t)
    else:
        reach = t * found.error
        within = Range(
            low=max(limits.low, found.mean - reach), high=min(limits.high, found.mean + reach)
        )
    if exact is not None:
        within = Range(low=min(within.low, exact.low), high=max(within.high, exact.high))
    name = "Wilson score with Student's t" if limits == SHARES else "Student's t"
    return Estimate(
        value=min(limits.high, max(limits.low, found.mean)),
        standard_error=found.error,
        low=within.low,
        high=within.high,
        level=level,
        n=found.totals.groups,
        unit=SHARE,
        method=f"stratified, cluster-robust {name}"
        + ("" if exact is None else ", widened to the exact binomial bound"),
    )


def _p_worse(found: _Moments, *, level: float) -> float:
    """Student's t; with few differing clusters no smaller than the exact sign test."""
    p_value = float(stdtr(found.degrees, found.mean / found.error))
    if exact_range(found.totals, tail=tail_of(level), limits=DIFFERENCES) is None:
        return p_value
    better = int((found.totals.sums > NEGLIGIBLE).sum())
    worse = int((found.totals.sums < -NEGLIGIBLE).sum())
    return max(p_value, float(bdtr(better, better + worse, 0.5)) if better + worse else 1.0)
