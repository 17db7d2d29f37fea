"""Whether two samples of points come from one distribution, by their distances alone."""

import math
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.levels import normal_quantile, tail_of

DISTANCE = "energy distance"
"""Unit: mean Euclidean distances, as the points have it."""

_FEWEST = 4
"""Points of each sample below which leaving one out leaves no pair to spread."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSample:
    """What the distances of two samples say.

    Attributes:
        distance: 2 E|X - Y| - E|X - X'| - E|Y - Y'|, without bias: 0 on average where both come
            from one distribution.
        p: Of a permutation test that they do.
        permutations: Of that test.
    """

    distance: Estimate
    p: float
    permutations: int


def energy_test(
    first: Floats,
    second: Floats,
    *,
    level: float,
    permutations: int = 999,
    random: np.random.Generator,
) -> TwoSample | Unmeasured:
    """The energy distance of two samples, and a test that there is none.

    The interval is by leaving out each point in turn and holds where the distributions differ;
    where they do not, the statistic is no sum of independent parts, and the test says so.

    Args:
        first: Points, shape (n, d).
        second: Points, shape (m, d).
        level: Two-sided confidence level in (0, 1).
        permutations: Of the test: p is never below 1 / (permutations + 1).
        random: Source of the permutations.

    Returns:
        Distance and p-value; `Unmeasured` with fewer than 4 points in a sample or with points that
        are not finite.

    Raises:
        ValueError: When the samples have other dimensions, or the level is impossible.

    References:
        Székely and Rizzo (2013), "Energy statistics", Journal of Statistical Planning and
        Inference 143, 1249-1272; the U-statistic in place of their V-statistic.
    """
    tail = tail_of(level)
    if first.shape[1] != second.shape[1]:
        raise ValueError(f"points of {first.shape[1]} and {second.shape[1]} dimensions")
    n, m = len(first), len(second)
    if min(n, m) < _FEWEST:
        return Unmeasured(f"{n} and {m} points are too few to compare", Cause.UNDERPOWERED)
    points = np.concatenate([first, second]).astype(np.float64)
    if not np.isfinite(points).all():
        return Unmeasured("a point is not finite", Cause.BROKEN)
    distances = _distances(points)
    sides = np.zeros((n + m, permutations + 1))
    sides[:n, 0] = 1
    for column in range(1, permutations + 1):
        sides[random.permutation(n + m)[:n], column] = 1
    drawn = _statistics(distances, sides, n, m)
    value = float(drawn[0])
    error = _error(distances, n, m)
    half = normal_quantile(tail) * error
    return TwoSample(
        distance=Estimate(
            value=value,
            standard_error=error,
            low=value - half,
            high=value + half,
            level=level,
            n=n + m,
            unit=DISTANCE,
            method="U-statistic of distances, jackknife over points with the normal quantile",
        ),
        p=float((drawn >= value - 1e-12 * abs(value)).sum() / (permutations + 1)),
        permutations=permutations,
    )


def _distances(points: Floats) -> Floats:
    squares = (points**2).sum(axis=1)
    between = squares[:, None] + squares[None, :] - 2 * points @ points.T
    found: Floats = np.sqrt(np.clip(between, 0, None))
    np.fill_diagonal(found, 0)
    return found


def _statistics(distances: Floats, sides: Floats, n: int, m: int) -> Floats:
    """The statistic for every column of sides (1 in the first sample), shape (columns,)."""
    towards = distances @ sides
    inside = (sides * towards).sum(axis=0)
    rows = distances.sum(axis=1)
    across = (sides * rows[:, None]).sum(axis=0) - inside
    outside = rows.sum() - inside - 2 * across
    found: Floats = 2 * across / (n * m) - inside / (n * (n - 1)) - outside / (m * (m - 1))
    return found


def _error(distances: Floats, n: int, m: int) -> float:
    """Standard error by leaving out each point of either sample in turn."""
    within, across = distances[:n, :n].sum(axis=1), distances[:n, n:].sum(axis=1)
    beyond, back = distances[n:, n:].sum(axis=1), distances[:n, n:].sum(axis=0)
    total = across.sum()
    second = within.sum() / (n * (n - 1))
    third = beyond.sum() / (m * (m - 1))
    without_x = (
        2 * (total - across) / ((n - 1) * m)
        - (within.sum() - 2 * within) / ((n - 1) * (n - 2))
        - third
    )
    without_y = (
        2 * (total - back) / (n * (m - 1))
        - second
        - (beyond.sum() - 2 * beyond) / ((m - 1) * (m - 2))
    )
    return math.sqrt((n - 1) * float(without_x.var()) + (m - 1) * float(without_y.var()))
