"""Whether two samples fall into categories in the same shares."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import chdtrc

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.levels import normal_quantile, tail_of
from stages.stats.shares import SHARE
from stages.stats.two_shares import ArmShare, difference_range

_EXPECTED = 5.0
"""Cochran's rule: what is expected less often in a sample is put together, if need be with more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Homogeneity:
    """A test that shares are the same.

    Attributes:
        statistic: Pearson's chi-square.
        freedom: Its degrees of freedom.
        p: Of the hypothesis that shares are the same.
        pooled: Categories that were put together since few were expected in them.
    """

    statistic: float
    freedom: int
    p: float
    pooled: int


def homogeneity(first: Sequence[int], second: Sequence[int]) -> Homogeneity | Unmeasured:
    """Pearson's chi-square test that two samples have the same shares.

    Args:
        first: Counts by category.
        second: Counts by the same categories.

    Raises:
        ValueError: When lengths differ or a count is negative.

    References:
        Cochran (1954), "Some methods for strengthening the common chi-square tests".
    """
    table = _table(first, second)
    if not table.sum(axis=1).all():
        return Unmeasured("a sample is empty", Cause.WAITING)
    rows = table.sum(axis=1)
    least = table.sum(axis=0) * rows.min() / rows.sum()
    rare = least < _EXPECTED
    if 0 < least[rare].sum() < _EXPECTED and not rare.all():  # the rare are rare together, too
        rare[np.flatnonzero(~rare)[least[~rare].argmin()]] = True
    kept = table[:, ~rare]
    if rare.any():
        together = table[:, rare].sum(axis=1)
        kept = np.column_stack([kept, together]) if together.sum() else kept
    if kept.shape[1] < 2:  # noqa: PLR2004 - one category has the share 1 in both
        return Unmeasured("too few in all categories but one", Cause.UNDERPOWERED)
    expected = kept.sum(axis=0) * rows[:, None] / rows.sum()
    statistic = float(((kept - expected) ** 2 / expected).sum())
    freedom = kept.shape[1] - 1
    return Homogeneity(
        statistic=statistic,
        freedom=freedom,
        p=float(chdtrc(freedom, statistic)),
        pooled=int(rare.sum()),
    )


def share_differences(
    first: Sequence[int], second: Sequence[int], *, level: float
) -> tuple[Estimate | Unmeasured, ...]:
    """Second minus first share of every category, all intervals holding together.

    Args:
        first: Counts by category.
        second: Counts by the same categories.
        level: Probability, in (0, 1), that all intervals hold: each has its share of the rest
            (Bonferroni).

    Raises:
        ValueError: When lengths differ or a count is negative.

    References:
        Newcombe (1998), method 10.
    """
    table = _table(first, second)
    rows = table.sum(axis=1)
    if not rows.all():
        return tuple(Unmeasured("a sample is empty", Cause.WAITING) for _ in first)
    tail = tail_of(level) / table.shape[1]
    found = []
    for before, after in table.T:
        counts = zip((before, after), rows, strict=True)
        shares = [ArmShare(value=float(count / n), n=int(n)) for count, n in counts]
        ends = difference_range(*shares, critical=normal_quantile(tail))
        found.append(
            Estimate(
                value=float(shares[1].value - shares[0].value),
                standard_error=None,
                low=float(ends.low),
                high=float(ends.high),
                level=level,
                n=int(rows.sum()),
                unit=SHARE,
                method=f"Newcombe, Bonferroni over {table.shape[1]} categories",
            )
        )
    return tuple(found)


def _table(
    first: Sequence[int], second: Sequence[int]
) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    if len(first) != len(second) or not first or min(*first, *second) < 0:
        raise ValueError("two samples have counts, at least 0, of the same categories")
    return np.array([first, second], np.float64)
