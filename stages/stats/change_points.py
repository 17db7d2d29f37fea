"""Where in an ordered course of measures their level changes, with the error of saying so."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Unmeasured

SIDE = 2
"""Fewest measures on either side of a change: one alone is an outlier."""

DRAWS = 5000
"""Random orders that a course is held against, at most."""

_AT_ONCE, _ENOUGH = 500, 50
"""Orders drawn together, and how many as clear as the course settle that it is nothing special."""

_ROUNDING = 1e-12
"""Share of the measures' size that their spread must exceed to be more than rounding."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One measure of a course.

    Attributes:
        value: In any unit.
        error: Its standard error, in the same unit.
    """

    value: float
    error: float

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or not math.isfinite(self.error) or self.error < 0:
            raise ValueError(f"a reading is finite and its error is not negative, not {self}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A place where the level changes.

    Attributes:
        at: Place of the first reading of the new level, from 0.
        p_value: Of "the readings between the neighbouring changes might stand in any order".
        before: Mean of the level before, back to the change before it.
        after: Mean of the level after, as far as the next change.
    """

    at: int
    p_value: float
    before: float
    after: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """What is found in a course.

    Attributes:
        changes: In their order; empty where none is shown.
        p_value: Of "no change at all".
        alpha: Probability with which a course without change is said to have one, at most.
    """

    changes: tuple[Change, ...]
    p_value: float
    alpha: float


def change_points(readings: Sequence[Reading], *, alpha: float, seed: int) -> Course | Unmeasured:
    """The places where the level of a course changes.

    Every window of successive readings is held against all others: the largest weighted contrast
    is compared with that of random orders of the same readings, each with its error. Where all
    orders are equally likely, whatever the readings' distribution and however the same benchmark
    items move all of them together, the p-value is exact. The sharper edge of the window that was
    found parts the course, and each part is searched in turn with a share of alpha as large as its
    share of the readings. A steady drift is no order among equals either and is told as steps; so
    is a walk in which each checkpoint starts from the one before.

    Args:
        readings: In their order.
        alpha: Probability, at most, with which a course without change is said to have one.
        seed: Of the random orders.

    Returns:
        The changes; `Unmeasured` where so few readings could not show any at this alpha.

    Raises:
        ValueError: When alpha does not lie between 0 and 1.

    References:
        Olshen et al. (2004), Biostatistics 5, 557-572, for windows and permutations; Besag and
        Clifford (1991), Biometrika 78, 301-304, for when enough orders are drawn; Meinshausen
        (2008), Biometrika 95, 265-278, for shares of alpha by size.
    """
    if not 0 < alpha < 1:
        raise ValueError(f"alpha must lie between 0 and 1, not {alpha}")
    least = least_p(len(readings))
    if least > alpha:
        reason = (
            f"{len(readings)} readings can show no change: the p-value is at least {least:.2g}, "
            f"and {alpha:.2g} is asked for"
        )
        return Unmeasured(reason, Cause.WAITING)
    search = _Search(
        values=np.array([reading.value for reading in readings]),
        squares=np.array([reading.error for reading in readings]) ** 2,
        share=alpha / len(readings),
        random=np.random.default_rng(seed),
    )
    whole = search.best(0, len(readings))
    found = sorted(search.within(0, len(readings), whole), key=lambda place: place.at)
    return Course(changes=search.told(found), p_value=whole.p_value, alpha=alpha)


def least_p(count: int) -> float:
    """The least p-value that any course of so many readings can have: 1 below four of them.

    The clearest course is of two values, of which half the readings have each; of all its orders
    as many are as clear as there are windows that hold all readings of one value.
    """
    if count < 2 * SIDE:
        return 1.0
    half = count // 2
    inner = sum(max(0, count - size - 2 * SIDE + 1) for size in (half, count - half))
    return max((2 + inner) / math.comb(count, half), 1 / (DRAWS + 1))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    at: int
    p_value: float


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """Segmentation of one course."""

    values: Vector
    squares: Vector
    share: float
    random: np.random.Generator

    def within(self, start: int, end: int, found: _Place) -> Iterator[_Place]:
        """Every change between two places, of which the likeliest is given."""
        if found.p_value > self.share * (end - start):
            return
        yield found
        for part in ((start, found.at), (found.at, end)):
            count = part[1] - part[0]
            if least_p(count) <= self.share * count:
                yield from self.within(*part, self.best(*part))

    def best(self, start: int, end: int) -> _Place:
        """The likeliest place of a change, and how often chance alone shows one as clear."""
        values = self.values[start:end] - self.values[start:end].mean()
        spread = float(values @ values) / len(values)
        size = float(np.abs(self.values[start:end]).max())
        if spread <= (_ROUNDING * size) ** 2:
            return _Place(at=start + SIDE, p_value=1.0)
        weights = 1 / (spread + self.squares[start:end])
        seen, at = _clearest(values, weights)
        return _Place(at=start + at, p_value=self._p_value(values, weights, seen))

    def _p_value(self, values: Vector, weights: Vector, seen: float) -> float:
        """Share of random orders as clear; drawn no longer than it takes to see 50 of them."""
        drawn = as_clear = 0
        while drawn < DRAWS:
            orders = np.tile(np.arange(len(values)), (_AT_ONCE, 1))
            orders = self.random.permuted(orders, axis=1)
            (places,) = np.nonzero(
                _greatest(values[orders], weights[orders]) >= seen * (1 - _ROUNDING)
            )
            if as_clear + len(places) >= _ENOUGH:
                return _ENOUGH / (drawn + int(places[_ENOUGH - as_clear - 1]) + 1)
            drawn, as_clear = drawn + _AT_ONCE, as_clear + len(places)
        return (1 + as_clear) / (1 + drawn)

    def told(self, found: Sequence[_Place]) -> tuple[Change, ...]:
        ends = [0, *(place.at for place in found), len(self.values)]
        levels = [float(self.values[start:end].mean()) for start, end in pairwise(ends)]
        return tuple(
            Change(at=place.at, p_value=place.p_value, before=before, after=after)
            for place, before, after in zip(found, levels[:-1], levels[1:], strict=True)
        )


def _greatest(values: Vector, weights: Vector) -> Vector:
    """The largest contrast of each order, shape (orders,)."""
    count = values.shape[1]
    greatest = np.zeros(len(values))
    weight, sums = _running(weights), _running(weights * values)
    for start in _starts(count):
        contrasts = _contrasts(weight, sums, start)
        greatest = np.maximum(greatest, contrasts.max(axis=1))
    return greatest


def _clearest(values: Vector, weights: Vector) -> tuple[float, int]:
    """The largest contrast of a course, and that edge of its window which is the sharper one."""
    count = len(values)
    weight, sums = _running(weights[None, :]), _running((weights * values)[None, :])
    each = {start: _contrasts(weight, sums, start)[0] for start in _starts(count)}
    start = max(each, key=lambda one: each[one].max())
    end = start + SIDE + int(each[start].argmax())
    edges = [edge for edge in (start, end) if SIDE <= edge <= count - SIDE]
    return float(each[start].max()), max(
        edges, key=lambda edge: _sharpness(weight[0], sums[0], (start, end), edge)
    )


def _sharpness(weight: Vector, sums: Vector, window: tuple[int, int], edge: int) -> float:
    """How far a window differs from what lies beyond one of its edges."""
    start, end = window
    beyond = (0, start) if edge == start else (end, len(weight) - 1)
    inside, outside = (weight[b] - weight[a] for a, b in (window, beyond))
    means = [(sums[b] - sums[a]) / (weight[b] - weight[a]) for a, b in (window, beyond)]
    return float(abs(means[0] - means[1]) * math.sqrt(inside * outside / (inside + outside)))


def _starts(count: int) -> list[int]:
    """Where a window may start: at the beginning, or with enough before it."""
    return [0, *range(SIDE, count - SIDE + 1)]


def _running(numbers: Vector) -> Vector:
    """Sums of the first 0, 1, ... n of each row."""
    return np.pad(numbers.cumsum(axis=1), ((0, 0), (1, 0)))


def _contrasts(weight: Vector, sums: Vector, start: int) -> Vector:
    """How far windows from one start differ from all else, in standard errors up to a factor.

    A window reaches to the end of the course, or leaves two readings or more after it: the one
    parts the course in two levels, the other is a level between two alike.

    Args:
        weight: Running sums of the weights, shape (orders, n + 1).
        sums: Of the weighted values, the same shape.
        start: Where the windows start.

    Returns:
        Shape (orders, windows), the shortest first; the whole course, which is no window, is 0.
    """
    inside = weight[:, start + SIDE :] - weight[:, start, None]
    found = sums[:, start + SIDE :] - sums[:, start, None]
    total = weight[:, -1:]
    outside = total - inside
    contrasts = np.abs(found - inside / total * sums[:, -1:])
    with np.errstate(divide="ignore", invalid="ignore"):
        contrasts = contrasts / np.sqrt(inside * outside / total)
    contrasts[:, -SIDE:-1] = 0.0
    if start == 0:
        contrasts[:, -1] = 0.0
    return np.asarray(contrasts)
