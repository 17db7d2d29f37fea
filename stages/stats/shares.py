"""A share of independent items, from a count."""

import math

from scipy.special import betaincinv

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.levels import normal_quantile, tail_of

SHARE = "share"
"""Unit of a value between 0 and 1."""


def wilson(successes: int, n: int, *, level: float) -> Estimate | Unmeasured:
    """A share with its Wilson score interval: for shares that are reported.

    Args:
        successes: Number of items that count, 0 to n.
        n: Number of independent items.
        level: Two-sided confidence level in (0, 1).

    Returns:
        The share (0 to 1), or `Unmeasured` when there is no item.

    Raises:
        ValueError: When the counts or the level are impossible.

    References:
        Wilson (1927), without continuity correction.
    """
    z = normal_quantile(tail_of(level))
    if _checked(successes, n) == 0:
        return Unmeasured("no items were counted", Cause.WAITING)
    share = successes / n
    spread = share * (1 - share) / n
    middle = (share + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * math.sqrt(spread + z**2 / (4 * n**2)) / (1 + z**2 / n)
    return Estimate(
        value=share,
        standard_error=math.sqrt(spread),
        low=0.0 if successes == 0 else max(0.0, middle - half),
        high=1.0 if successes == n else min(1.0, middle + half),
        level=level,
        n=n,
        unit=SHARE,
        method="Wilson score",
    )


def clopper_pearson(successes: int, n: int, *, level: float) -> Estimate | Unmeasured:
    """A share with its exact interval: for rates that a release is blocked by.

    Each end alone is a one-sided bound at (1 + level) / 2, so a safety rate with a one-sided
    95 % bound takes `level=0.90`: no event in 250 items shows at most 1.19 %.

    Args:
        successes: Number of items that count, 0 to n.
        n: Number of independent items.
        level: Two-sided, equal-tailed confidence level in (0, 1).

    Returns:
        The share (0 to 1), or `Unmeasured` when there is no item.

    Raises:
        ValueError: When the counts or the level are impossible.

    References:
        Clopper and Pearson (1934). Coverage is never below the level.
    """
    tail = tail_of(level)
    if _checked(successes, n) == 0:
        return Unmeasured("no items were counted", Cause.WAITING)
    return Estimate(
        value=successes / n,
        standard_error=None,
        low=1 - exact_upper(n - successes, n, tail=tail) if successes else 0.0,
        high=exact_upper(successes, n, tail=tail),
        level=level,
        n=n,
        unit=SHARE,
        method="Clopper-Pearson",
    )


def exact_upper(events: float, n: float, *, tail: float) -> float:
    """The exact one-sided upper bound of a rate, at confidence 1 - tail.

    Args:
        events: Number of events, 0 to n; need not be whole for an effective sample size.
        n: Number of independent items.
        tail: Probability of a rate above the bound, in (0, 1).
    """
    return 1.0 if events >= n else float(betaincinv(events + 1, n - events, 1 - tail))


def _checked(successes: int, n: int) -> int:
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} items is impossible")
    return n
