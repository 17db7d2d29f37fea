"""How many units an interval that cannot tell likely needs, from what was measured so far.

A plan is enlarged, the units seen among those of the larger one, and read once when all are there.
What it will say is predicted from what is likely true given the data: predictive power, which
averages power over what is not known (Spiegelhalter, Freedman and Blackburn 1986, Controlled
Clinical Trials 7, 8-17), where power at the measured value would take chance for truth.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import bdtr, betaincinv, ndtr, ndtri

from stages.stats.clusters import Floats
from stages.stats.shares import exact_upper

MOST = 10_000_000
"""Units beyond which a plan is no plan."""

VERSIONS_DIFFER = 0.07
"""Standard deviation of the true difference of two versions of a model, as a share, before anything
is measured: 14 points with 95 %. A win rate is taken to vary as much (`votes_needed.PRIOR`)."""

_SHARES = (0.1, 0.5, 0.9)
"""Of the likely truths: after how many units so many of them are told."""

_STEP = 1.05
"""Sizes tried grow by so much: a size found may exceed the smallest by 5 %."""

_POINTS = (np.arange(100) + 0.5) / 100
"""Quantiles at which a posterior is summed."""

_JEFFREYS = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What was likely true before anything was measured.

    Attributes:
        room: How far inside the limit, in the metric's unit.
        deviation: Standard deviation of that; infinite where nothing was known.
    """

    room: float = 0.0
    deviation: float = math.inf

    def __post_init__(self) -> None:
        if not math.isfinite(self.room) or not self.deviation > 0:
            raise ValueError(f"{self.room} +- {self.deviation} expects nothing")


UNKNOWN = Expected()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A mean with an interval that shrinks with the square root of n.

    Attributes:
        room: How far the mean lies inside the limit, negative outside, in the metric's unit.
        error: Its standard error, above 0.
        reach_bad: How far its interval reaches toward the limit's bad side, above 0.
        reach_good: How far it reaches toward the good side, above 0.
        n: Number of independent units, at least 1.
        fails_below: Room below which the whole interval must lie to be a FAIL: 0, or the margin
            where a regression must be proven.
        correction: Continuity correction of an exact test that proves a FAIL, times n, at least 0.
        anytime: Whether the interval is that of a confidence sequence, whose width falls as that of
            sqrt(log(n) / n) (Waudby-Smith and Ramdas 2023, section 3): n is then at least 2.
    """

    room: float
    error: float
    reach_bad: float
    reach_good: float
    n: int
    fails_below: float = 0.0
    correction: float = 0.0
    anytime: bool = False

    def __post_init__(self) -> None:
        positive = (self.error, self.reach_bad, self.reach_good)
        if not all(0 < x < math.inf for x in positive) or not math.isfinite(self.room):
            raise ValueError(f"a mean with an interval has finite widths above 0, not {self}")
        if self.n < 1 + self.anytime or not (self.fails_below >= 0 and self.correction >= 0):
            raise ValueError(f"units and room below which it fails cannot be negative: {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """Events among independent units, held against the most that are allowed, by exact bounds.

    Attributes:
        events: How many were seen.
        n: Among how many, at least 1.
        limit: The share allowed at most, in (0, 1).
        tail: Error of each bound, in (0, 0.5).
    """

    events: int
    n: int
    limit: float
    tail: float

    def __post_init__(self) -> None:
        if not (0 <= self.events <= self.n and self.n >= 1):
            raise ValueError(f"{self.events} of {self.n} is impossible")
        if not (0 < self.limit < 1 and 0 < self.tail < 0.5):  # noqa: PLR2004 - half is no error
            raise ValueError(f"limit {self.limit}, tail {self.tail}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Foretold:
    """What a plan of so many units in all likely says.

    Attributes:
        passes: Probability that the whole interval lies inside the limit.
        fails: Probability of a FAIL.
    """

    passes: float
    fails: float

    @property
    def settled(self) -> float:
        """Probability of either."""
        return min(1.0, self.passes + self.fails)


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitsNeeded:
    """How many units in all, those seen among them, likely say yes or no.

    Attributes:
        n: Units seen.
        soonest: Number with which one in ten of the likely truths is told; None beyond ten million.
        half: Number with which half of them are.
        latest: Number with which nine in ten are.
        passes: Probability of a pass with that many; with ten million where `latest` is None.
    """

    n: int
    soonest: int | None
    half: int | None
    latest: int | None
    passes: float


def units_needed(seen: Measured | Counted, expected: Expected = UNKNOWN) -> UnitsNeeded:
    """How many units in all are likely needed until the interval says yes or no.

    Args:
        seen: What was measured and cannot tell.
        expected: What was likely before; of a `Counted` it is not read, whose prior is Jeffreys'.
    """
    found: dict[float, int] = {}
    for size in _sizes(seen.n):
        settled = foretold(seen, size, expected).settled
        found |= {s: size for s in _SHARES if s not in found and settled >= s}
        if len(found) == len(_SHARES):
            break
    soonest, half, latest = (found.get(share) for share in _SHARES)
    return UnitsNeeded(
        n=seen.n,
        soonest=soonest,
        half=half,
        latest=latest,
        passes=foretold(seen, latest or MOST, expected).passes,
    )


def foretold(seen: Measured | Counted, size: int, expected: Expected = UNKNOWN) -> Foretold:
    """What a plan of `size` units in all likely says, those seen among them.

    Raises:
        ValueError: Fewer units than were seen.
    """
    if size < seen.n:
        raise ValueError(f"a plan of {size} has not seen {seen.n}")
    if isinstance(seen, Counted):
        return _of_count(seen, size)
    return _of_mean(seen, size, expected)


def continuity_correction(p: float, *, gap: float, error: float, n: int) -> float:
    """What an exact p-value asks for beyond the normal test, times n; 0 where it asks for less.

    Args:
        p: One-sided p-value of "not worse".
        gap: How far the mean lies on the worse side of equality; negative on the better side.
        error: Its standard error, above 0.
        n: Number of independent units.
    """
    if not 0 < p < 1:
        return 0.0
    return max(0.0, n * (gap + float(ndtri(p)) * error))


def room_to_pass(seen: Measured, *, power: float) -> float:
    """How far inside the limit another checkpoint must truly be to pass a plan of this size.

    Args:
        seen: A measurement of the same plan: how wide its interval is, and its error.
        power: Probability to pass, in (0, 1).
    """
    if not 0 < power < 1:
        raise ValueError(f"power lies between 0 and 1, not {power}")
    return seen.reach_bad + float(ndtri(power)) * seen.error


def _of_mean(seen: Measured, size: int, expected: Expected) -> Foretold:
    """Normal: the mean of all is that of the units seen and of those to come."""
    more, error = size - seen.n, seen.error
    trust = 1.0
    if expected.deviation < math.inf:
        trust = expected.deviation**2 / (expected.deviation**2 + error**2)
    likely = expected.room + trust * (seen.room - expected.room)
    mean = (seen.n * seen.room + more * likely) / size
    one = error * math.sqrt(seen.n)
    spread = 0.0 if more == 0 else more / size * math.sqrt(trust * error**2 + one**2 / more)
    shrunk = math.sqrt(seen.n / size)
    if seen.anytime:
        shrunk *= math.sqrt(math.log(size) / math.log(seen.n))
    yes = seen.reach_bad * shrunk
    no = seen.fails_below - seen.reach_good * shrunk - seen.correction / size
    passes = _above(mean - yes, spread)
    return Foretold(passes=passes, fails=_above(min(yes, no) - mean, spread))


def _above(gap: float, spread: float) -> float:
    return float(gap >= 0) if spread == 0 else float(ndtr(gap / spread))


def _of_count(seen: Counted, size: int) -> Foretold:
    """Beta-binomial: the exact bounds of all events, over Jeffreys' posterior of the rate."""
    rates = _likely_rates(seen.events, seen.n)
    more = size - seen.n
    most, least = _most_allowed(seen, size), _least_refused(seen, size)
    return Foretold(
        passes=_at_most(most - seen.events, more, rates),
        fails=1 - _at_most(least - 1 - seen.events, more, rates),
    )


@lru_cache(maxsize=16)
def _likely_rates(events: int, n: int) -> Floats:
    found: Floats = betaincinv(events + _JEFFREYS, n - events + _JEFFREYS, _POINTS)
    return found


def _at_most(events: int, n: int, rates: Floats) -> float:
    if events < 0:
        return 0.0
    return 1.0 if events >= n else float(np.mean(bdtr(events, n, rates)))


def _most_allowed(seen: Counted, size: int) -> int:
    """The largest number of events whose upper bound is inside the limit; -1 for none."""
    return _last(size, lambda k: exact_upper(k, size, tail=seen.tail) <= seen.limit)


def _least_refused(seen: Counted, size: int) -> int:
    """The smallest number of events whose lower bound is beyond the limit; size + 1 for none."""
    return 1 + _last(
        size, lambda k: k == 0 or 1 - exact_upper(size - k, size, tail=seen.tail) <= seen.limit
    )


def _last(size: int, holds: Callable[[int], bool]) -> int:
    """The largest number up to `size` for which something holds that stops holding; -1 for none."""
    low, high = -1, size + 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return low


def _sizes(n: int) -> Iterator[int]:
    while n < MOST:
        yield n
        n = max(n + 1, math.ceil(n * _STEP))
    yield MOST
