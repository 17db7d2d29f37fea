"""A mean of bounded values whose interval may be looked at after every value."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.levels import tail_of
from stages.stats.means import refuse_values
from stages.stats.ranges import SHARES
from stages.stats.shares import SHARE

TRUNCATION = 0.5
"""Share of its capital that a gambler may lose on one value (Waudby-Smith and Ramdas: 1/2)."""

ON_THE_PLAN, TIGHTEST = 0.8, 0.5
"""Share of the capital whose bets know how many values are planned, and the share of the plan at
which their interval is tightest. Simulated: against a fixed design of power 0.9 that it may exceed
by half, half as many values as planned serve the planned effect and 1.6 times it; the bets that
know no plan keep a fifth for effects that are far larger."""

SEQUENCES, _AT_ONCE = 1_000, 50
"""Simulated sequences; how many are held in memory at a time."""

HALVINGS = 50
"""Bisections of [0, 1]: an end is found within 1e-15."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Bets:
    """What gamblers who share a capital of 1 put on values larger than supposed.

    Attributes:
        shares: The share of each in the first capital, shape (k,); they add up to 1.
        stakes: Their stakes per unit of gain, before the truncation, shape (k, ..., n).
    """

    shares: Floats
    stakes: Floats

    def capital(self, values: Floats, supposed: float) -> float:
        """Logarithm of what they hold together after the last value, shape of values (n,)."""
        grown = np.log1p(self._at(supposed) * (values - supposed)).sum(axis=-1)
        return float(np.logaddexp.reduce(np.log(self.shares) + grown))

    def capitals(self, values: Floats, supposed: float) -> Floats:
        """Logarithms of what they hold together after every value, shape (..., n)."""
        grown = np.log1p(self._at(supposed) * (values - supposed)).cumsum(axis=-1)
        shares = self.shares.reshape(-1, *[1] * values.ndim)
        together: Floats = np.logaddexp.reduce(np.log(shares) + grown, axis=0)
        return together

    def _at(self, supposed: float) -> Floats:
        truncated: Floats = np.minimum(self.stakes, TRUNCATION / supposed)
        return truncated


def betting_interval(
    values: Sequence[float], *, level: float, unit: str = SHARE, planned: int | None = None
) -> Estimate | Unmeasured:
    """Mean of values in [0, 1] with a confidence sequence, evaluated at the last value.

    Gamblers bet against every supposed mean m; means against which they hold 2 / (1 - level) times
    their first capital are excluded. What a stake may win or lose has mean 0 when m is true, and
    each stake rests on the values before its own; so the capital against the true mean, and that of
    any fixed mixture of gamblers, is a nonnegative martingale which ever grows that much with
    probability at most (1 - level) / 2 (Ville). The sequence of these intervals misses the true
    mean anywhere with probability at most 1 - level, split evenly over the ends, whatever the
    values' distribution, before and beyond the plan. The values need not be alike: each must have
    the same mean given those before it.

    Intervals of earlier looks are not intersected: values that drift would make them contradict.

    Args:
        values: One per independent unit, in the order in which they became known, shape (n,).
        level: Two-sided confidence level in (0, 1), for all n at once.
        unit: Unit of the values.
        planned: The most values that are planned, at least 1; said before the first one is seen. It
            makes the interval tighter there and rests on no limit. None when nothing is planned.

    Returns:
        The running mean with its interval (n from 1 on), or `Unmeasured` without values, with NaN
        or infinite ones, or when the values drift so much that no single mean explains them.

    Raises:
        ValueError: When a value lies outside [0, 1], or the level or the plan is impossible.

    References:
        Waudby-Smith and Ramdas (2023), JRSS B 86, theorem 3: the two capitals hedged by halves,
        and predictable plug-in bets. A bet on the plan has the planned number in place of theirs,
        i log(i + 1), as Howard et al. (2021), Annals of Statistics 49, tune a sequence for a time;
        a fixed mixture of bets as in Orabona and Jun (2024), IEEE Trans. Inf. Theory 70.
    """
    tail = tail_of(level)
    _check_plan(planned)
    column = np.asarray(values, dtype=np.float64)
    refused = refuse_values(column[:, None], SHARES)
    if refused is not None:
        return refused
    low = _excluded_below(column, tail, planned)
    high = 1 - _excluded_below(1 - column, tail, planned)
    value = float(column.mean())
    if not low <= value <= high:
        return Unmeasured(
            f"no single mean explains the {len(column)} values: they drift in their order",
            Cause.BROKEN,
        )
    return Estimate(
        value=value,
        standard_error=None,
        low=low,
        high=high,
        level=level,
        n=len(column),
        unit=unit,
        method="betting confidence sequence",
    )


def betting_p_lower(
    values: Sequence[float], mean: float, *, level: float, planned: int | None = None
) -> float:
    """One-sided always-valid p-value of "the true mean is at least `mean`", at the last value.

    One over the capital of the gamblers on smaller values, whose bets are those of the interval: at
    most (1 - level) / 2 exactly when the interval's upper end is at most `mean`, for a mean above
    the values'. Over all n together it is at most p with probability at most p (Ville), so that
    Holm's correction of such p-values holds at whatever time it is looked at.

    Args:
        values: As for `betting_interval`; at least one.
        mean: The supposed mean, strictly between 0 and 1.
        level: The two-sided level that the bets are tuned for.
        planned: As for `betting_interval`.
    """
    _check_plan(planned)
    turned = 1 - np.asarray(values, dtype=np.float64)
    if float(turned.mean()) <= 1 - mean:
        return 1.0
    capital = _bets(turned, tail_of(level), planned).capital(turned, 1 - mean)
    return min(1.0, math.exp(-max(0.0, capital)))


def shown_after(
    limit: float,
    *,
    horizon: int,
    deviation: float,
    level: float,
    random: np.random.Generator,
    planned: int | None = None,
) -> Floats:
    """After how many values the lower end reaches a limit, when the true mean is one half.

    A simulation of 1,000 sequences of 0, 0.5 and 1, looked at after every value.

    Args:
        limit: The limit, in (0, 1).
        horizon: Values after which the looking ends, at least 1.
        deviation: Standard deviation of a value, in (0, 0.5].
        level: Two-sided confidence level in (0, 1).
        random: Source of randomness.
        planned: As for `betting_interval`.

    Returns:
        One number of values per sequence, shape (1000,); infinite where it never happens.
    """
    if not 0 < deviation <= 0.5 or not 0 < limit < 1:  # noqa: PLR2004 - of values in [0, 1]
        raise ValueError(f"deviation {deviation} or limit {limit} cannot be of values in [0, 1]")
    win, found = 2 * deviation**2, []
    for _ in range(SEQUENCES // _AT_ONCE):
        values = random.choice([0.0, 0.5, 1.0], (_AT_ONCE, horizon), p=[win, 1 - 2 * win, win])
        found.append(first_shown(values, limit, level=level, planned=planned))
    return np.concatenate(found)


def first_shown(
    values: Floats, limit: float, *, level: float, planned: int | None = None, seen: int = 1
) -> Floats:
    """The number of values after which the lower end first reaches a limit, looking at each.

    Args:
        values: Sequences of values in [0, 1], shape (..., n).
        limit: The limit, in (0, 1).
        level: Two-sided confidence level in (0, 1).
        planned: As for `betting_interval`.
        seen: The first number of values that is looked at, from 1 to n.

    Returns:
        One number per sequence, shape (...); infinite where it never happens.
    """
    _check_plan(planned)
    tail = tail_of(level)
    capitals = _bets(values, tail, planned).capitals(values, limit)[..., seen - 1 :]
    reached = capitals >= math.log(1 / tail)
    first: Floats = np.where(reached.any(axis=-1), reached.argmax(axis=-1) + float(seen), np.inf)
    return first


def _excluded_below(values: Floats, tail: float, planned: int | None) -> float:
    """The largest mean that gamblers on larger ones have excluded; 0 when there is none.

    Their capital falls as the supposed mean grows, so bisection finds it.
    """
    bets, enough = _bets(values, tail, planned), math.log(1 / tail)
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        excluded = bets.capital(values, middle) >= enough
        low, high = (middle, high) if excluded else (low, middle)
    return low


def _bets(values: Floats, tail: float, planned: int | None) -> _Bets:
    """Predictable plug-in bets: each rests on the values before it only."""
    counts = np.arange(1, values.shape[-1] + 1)
    means = (0.5 + np.cumsum(values, axis=-1)) / (counts + 1)
    variances = (0.25 + np.cumsum((values - means) ** 2, axis=-1)) / (counts + 1)
    first = np.full((*values.shape[:-1], 1), 0.25)
    before = np.concatenate([first, variances[..., :-1]], axis=-1)
    scaled = np.sqrt(2 * math.log(1 / tail) / before)
    wary = scaled / np.sqrt(counts * np.log1p(counts))
    if planned is None:
        return _Bets(shares=np.ones(1), stakes=wary[None])
    tuned = scaled / math.sqrt(TIGHTEST * planned)
    shares = np.array([1 - ON_THE_PLAN, ON_THE_PLAN])
    return _Bets(shares=shares, stakes=np.stack([wary, tuned]))


def _check_plan(planned: int | None) -> None:
    if planned is not None and planned < 1:
        raise ValueError(f"at least one value is planned, not {planned}")
