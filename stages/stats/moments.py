"""Moments of an arm's units: the border between the query that reads events and the mathematics."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Unmeasured

_CORRELATION_SLACK = 1e-6
_ROUNDING = 1e-12
_SMALLEST_DEVIATION = 1e-150
"""A smaller standard deviation has a variance that underflows to 0."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """Size, mean vector and covariance matrix of the units of one arm.

    What n cannot support is absent rather than zero: without units there is no mean, with fewer
    than two no covariance; both are then the empty tuple.

    Attributes:
        n: Number of randomisation units, at least 0.
        names: Names of the k columns, each once.
        mean: Means in the columns' own units, shape (k,); empty when n is 0.
        covariance: Sample covariance (ddof 1), shape (k, k); empty when n is below 2.
    """

    n: int
    names: tuple[str, ...]
    mean: tuple[float, ...]
    covariance: tuple[tuple[float, ...], ...]

    def __post_init__(self) -> None:
        k = len(self.names)
        if self.n < 0 or k == 0 or len(set(self.names)) < k:
            raise ValueError(
                f"moments need n >= 0 and distinct columns, not {self.n}, {self.names}"
            )
        if len(self.mean) != (k if self.n else 0):
            raise ValueError(f"{len(self.mean)} means for {k} columns of {self.n} units")
        rows = k if self.n > 1 else 0
        if [len(row) for row in self.covariance] != [k] * rows:
            raise ValueError(f"the covariance of {k} columns of {self.n} units has a wrong shape")
        if not all(math.isfinite(x) for row in (self.mean, *self.covariance) for x in row):
            raise ValueError("moments hold finite numbers only")
        _refuse_impossible(self.mean, self.covariance)

    def index(self, name: str) -> int:
        """Position of a column.

        Raises:
            ValueError: There is no such column.
        """
        return self.names.index(name)


def from_values(values: NDArray[np.float64], names: Sequence[str]) -> Moments:
    """Moments of a table of units.

    Args:
        values: One row per unit, one column per name, shape (n, k); n may be 0.
        names: Names of the columns.

    Returns:
        The moments; two-pass, so that a mean of 1e8 leaves a variance of 1 intact.

    Raises:
        ValueError: A value is NaN or infinite, or the shape is wrong.
    """
    if values.ndim != 2 or values.shape[1] != len(names):  # noqa: PLR2004 - a table
        raise ValueError(f"a table of {len(names)} columns cannot have shape {values.shape}")
    if not np.isfinite(values).all():
        raise ValueError("a unit's value is missing or not finite")
    n = values.shape[0]
    mean = values.mean(axis=0) if n else np.empty(0)
    centred = values - mean if n else values
    covariance = centred.T @ centred / (n - 1) if n > 1 else np.empty((0, 0))
    return _moments(n, tuple(names), mean, covariance)


def from_summary(
    n: int,
    mean: Sequence[float | None],
    covariance: Sequence[Sequence[float | None]],
    *,
    names: Sequence[str],
) -> Moments | Unmeasured:
    """Moments out of a row that a query or a file of arm moments gave.

    Args:
        n: Number of units.
        mean: Means, shape (k,); None and NaN stand for "missing".
        covariance: Sample covariances (ddof 1), shape (k, k); ignored when n is below 2, as SQL
            gives NULL there and files give anything.
        names: Names of the k columns.

    Returns:
        The moments, or `Unmeasured` when a number that n units must have is missing, not finite, or
        contradicts another one (a negative variance, a correlation above 1).
    """
    kept_mean = tuple(mean) if n > 0 else ()
    kept = tuple(tuple(row) for row in covariance) if n > 1 else ()
    if n < 0:
        return Unmeasured(f"an arm cannot have {n} units")
    if any(x is None or not math.isfinite(x) for row in (kept_mean, *kept) for x in row):
        return Unmeasured(f"a moment of {', '.join(names)} is missing or not finite")
    try:
        return Moments(
            n=n,
            names=tuple(names),
            mean=tuple(float(x) for x in kept_mean if x is not None),
            covariance=tuple(tuple(float(x) for x in row if x is not None) for row in kept),
        )
    except ValueError as impossible:
        return Unmeasured(f"impossible moments of {', '.join(names)}: {impossible}", Cause.BROKEN)


def merge(a: Moments, b: Moments) -> Moments:
    """Moments of two disjoint sets of units put together.

    Associative and commutative up to rounding: a unit must be in one of the sets only, since the
    squared sum of a unit's days is not the sum of its squared days.

    Raises:
        ValueError: The columns differ.

    References:
        Chan, Golub & LeVeque (1983); never through sums of squares, whose difference is
        lost to rounding when the mean is large.
    """
    if a.names != b.names:
        raise ValueError(f"columns {a.names} cannot be merged with {b.names}")
    if not a.n:
        return b
    if not b.n:
        return a
    n = a.n + b.n
    gap = np.array(b.mean) - np.array(a.mean)
    mean = np.array(a.mean) + gap * (b.n / n)
    scatter = _scatter(a) + _scatter(b) + np.outer(gap, gap) * (a.n * b.n / n)
    return _moments(n, a.names, mean, scatter / (n - 1))


def _scatter(moments: Moments) -> NDArray[np.float64]:
    """Sum of products of deviations, shape (k, k); zero for one unit."""
    k = len(moments.names)
    if not moments.covariance:
        return np.zeros((k, k))
    return np.array(moments.covariance) * (moments.n - 1)


def _moments(
    n: int, names: tuple[str, ...], mean: NDArray[np.float64], covariance: NDArray[np.float64]
) -> Moments:
    symmetric = (covariance + covariance.T) / 2
    return Moments(
        n=n,
        names=names,
        mean=tuple(float(x) for x in mean),
        covariance=tuple(tuple(float(x) for x in row) for row in symmetric),
    )


def _refuse_impossible(mean: tuple[float, ...], covariance: tuple[tuple[float, ...], ...]) -> None:
    if any(row[i] < 0 for i, row in enumerate(covariance)):
        raise ValueError("a variance is negative")
    deviation = [max(math.sqrt(row[i]), _SMALLEST_DEVIATION) for i, row in enumerate(covariance)]
    size = [abs(m) + d for m, d in zip(mean, deviation, strict=False)]
    for i, j in combinations(range(len(covariance)), 2):
        rounding = _ROUNDING * size[i] * size[j]
        if abs(covariance[i][j] - covariance[j][i]) > rounding:
            raise ValueError("the covariance is not symmetric")
        most = deviation[i] * deviation[j] * (1 + _CORRELATION_SLACK)
        if abs(covariance[i][j]) > most + rounding:
            raise ValueError("a correlation is above 1")
