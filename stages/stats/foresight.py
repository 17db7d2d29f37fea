"""How far one measure foretells another over candidates: correlation of ranks, as seen and true."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.levels import normal_quantile, tail_of

FEWEST = 8
"""Candidates with both measures below which nothing is said of a correlation."""

_SPREAD_NODES, _CORRELATION_NODES = 20, 64
_NEGLIGIBLE = 1e-7
"""Share of the largest probability of a node below which the refined grid leaves it out."""

Vector = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """One candidate's two measures.

    Attributes:
        first: The earlier measure, in any unit.
        first_error: Its standard error, in the same unit.
        second: The later measure; None of a candidate that did not come so far.
        second_error: Its standard error; None with `second`.
    """

    first: float
    first_error: float
    second: float | None = None
    second_error: float | None = None

    def __post_init__(self) -> None:
        if (self.second is None) != (self.second_error is None):
            raise ValueError("a second measure has an error, and only a measure has one")
        numbers = (self.first, self.first_error, self.second or 0.0, self.second_error or 0.0)
        if not all(map(math.isfinite, numbers)) or min(numbers[1::2]) < 0:
            raise ValueError(f"measures are finite and errors are not negative, not {numbers}")


def seen_correlation(pairs: Sequence[Pair], *, level: float) -> Estimate | Unmeasured:
    """Spearman's correlation of the measures as they are, noise included.

    Args:
        pairs: Candidates; those without a second measure are left out.
        level: Level of the two-sided interval, in (0, 1).

    Returns:
        The correlation, -1 to 1; `Unmeasured` below 8 candidates, or where a measure is the same
        for all.

    References:
        Bonett and Wright (2000), Psychometrika 65, 23-28, for the error on Fisher's scale.
    """
    from scipy.stats import spearmanr

    both = [pair for pair in pairs if pair.second is not None]
    why = _too_little(both)
    if why is not None:
        return why
    first, second = [p.first for p in both], [p.second or 0.0 for p in both]
    found = float(spearmanr(first, second).statistic)
    scale = math.sqrt((1 + found**2 / 2) / (len(both) - 3))
    reach = normal_quantile(tail_of(level)) * scale
    centre = math.atanh(max(-1 + 1e-12, min(1 - 1e-12, found)))
    return Estimate(
        value=found,
        standard_error=scale * (1 - found**2),
        low=math.tanh(centre - reach),
        high=math.tanh(centre + reach),
        level=level,
        n=len(both),
        unit="rank correlation",
        method="Spearman, Bonett and Wright's interval",
    )


def true_correlation(pairs: Sequence[Pair], *, level: float) -> Estimate | Unmeasured:
    """The rank correlation of the true values behind two measures whose errors are known.

    Noise makes measures agree less than what they measure. The true values are taken to be
    bivariate normal, the measures normal around them with their own standard errors, independent
    of each other; means, spreads and the correlation's angle have flat priors and are integrated
    over. Without noise and selection this is the usual correlation.

    A candidate without a second measure tells about the first one only. Given such candidates the
    answer is for all of them, not for those alone that came further, and is right where who came
    further was settled by the first measure (missing at random); it is not where another measure,
    correlated with the second, settled it.

    Args:
        pairs: Candidates.
        level: Level of the equal-tailed interval, in (0, 1).

    Returns:
        Spearman's correlation of the true values, -1 to 1: median of its posterior. `Unmeasured`
        below 8 candidates with both measures, or where a measure is the same for all.

    References:
        Spearman (1904), American Journal of Psychology 15, 72-101, for attenuation; Rubin (1976),
        Biometrika 63, 581-592, for what may be ignored of selection; Kruskal (1958), JASA 53,
        814-861, for the rank correlation of a bivariate normal, 6 asin(r / 2) / pi.
    """
    both = [pair for pair in pairs if pair.second is not None]
    why = _too_little(both)
    if why is not None:
        return why
    data = _Data.of(pairs)
    coarse = _Grid.whole(data)
    grid = coarse.refined(coarse.logs(data))
    nodes, weights = grid.correlations(grid.logs(data))
    ranks = 6 / math.pi * np.arcsin(nodes / 2)
    tail = tail_of(level)
    low, middle, high = (_quantile(ranks, weights, p) for p in (tail, 0.5, 1 - tail))
    mean = float(weights @ ranks)
    return Estimate(
        value=middle,
        standard_error=math.sqrt(float(weights @ (ranks - mean) ** 2)),
        low=low,
        high=high,
        level=level,
        n=len(both),
        unit="rank correlation",
        method="Spearman of the true values, bivariate normal with known errors, flat priors",
    )


def _too_little(both: Sequence[Pair]) -> Unmeasured | None:
    if len(both) < FEWEST:
        reason = f"{len(both)} of {FEWEST} candidates that a correlation needs have both measures"
        return Unmeasured(reason, Cause.WAITING)
    if len({p.first for p in both}) == 1 or len({p.second for p in both}) == 1:
        return Unmeasured("a measure is the same for every candidate", Cause.UNDERPOWERED)
    return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Data:
    """Centred measures, squared errors: of candidates with both, and with the first alone."""

    first: Vector
    first_square: Vector
    second: Vector
    second_square: Vector
    alone: Vector
    alone_square: Vector

    @classmethod
    def of(cls, pairs: Sequence[Pair]) -> "_Data":
        both = [(p, p.second, p.second_error) for p in pairs]
        far = [(p, y, e) for p, y, e in both if y is not None and e is not None]
        alone = [p for p in pairs if p.second is None]
        centre = math.fsum(p.first for p, _, _ in far) / len(far)
        second = np.array([y for _, y, _ in far])
        return cls(
            first=np.array([p.first for p, _, _ in far]) - centre,
            first_square=np.array([p.first_error for p, _, _ in far]) ** 2,
            second=second - second.mean(),
            second_square=np.array([e for _, _, e in far]) ** 2,
            alone=np.array([p.first for p in alone]) - centre,
            alone_square=np.array([p.first_error for p in alone]) ** 2,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Axis:
    """Nodes of an integral and the logarithms of their weights, shape (m,)."""

    nodes: Vector
    logs: Vector

    @classmethod
    def between(cls, low: float, high: float, count: int) -> "_Axis":
        """Gauss and Legendre's nodes of an interval."""
        nodes, weights = np.polynomial.legendre.leggauss(count)
        half = (high - low) / 2
        return cls(nodes=low + half * (nodes + 1), logs=np.log(weights * half))

    def around(self, logs: Vector, *, low: float, high: float) -> "_Axis":
        """As many nodes where the probability is, given the logarithm of each node's share."""
        (kept,) = np.nonzero(logs > logs.max() + math.log(_NEGLIGIBLE))
        ends = np.concatenate([[low], self.nodes, [high]])
        return _Axis.between(float(ends[kept[0]]), float(ends[kept[-1] + 2]), len(self.nodes))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Spread:
    """All positive numbers s as shares s / (s + scale), so that nodes stand around the scale."""

    scale: float
    share: _Axis

    @classmethod
    def about(cls, seen: Vector) -> "_Spread":
        """Of true values, by what is seen of them."""
        return cls(scale=float(seen.std(ddof=1)), share=_Axis.between(0.0, 1.0, _SPREAD_NODES))

    @property
    def nodes(self) -> Vector:
        return np.asarray(self.scale * self.share.nodes / (1 - self.share.nodes))

    @property
    def logs(self) -> Vector:
        return np.asarray(self.share.logs - 2 * np.log1p(-self.share.nodes))

    def around(self, logs: Vector) -> "_Spread":
        return _Spread(scale=self.scale, share=self.share.around(logs, low=0.0, high=1.0))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grid:
    """Nodes of both spreads and of the angle whose sine is the correlation."""

    first: _Spread
    second: _Spread
    angle: _Axis

    @classmethod
    def whole(cls, data: _Data) -> "_Grid":
        return cls(
            first=_Spread.about(np.concatenate([data.first, data.alone])),
            second=_Spread.about(data.second),
            angle=_Axis.between(-math.pi / 2, math.pi / 2, _CORRELATION_NODES),
        )

    def refined(self, logs: NDArray[np.float64]) -> "_Grid":
        """The same number of nodes where the posterior is."""
        first, second, angle = (
            np.logaddexp.reduce(logs, axis=others) for others in ((1, 2), (0, 2), (0, 1))
        )
        return _Grid(
            first=self.first.around(first),
            second=self.second.around(second),
            angle=self.angle.around(angle, low=-math.pi / 2, high=math.pi / 2),
        )

    def correlations(self, logs: NDArray[np.float64]) -> tuple[Vector, Vector]:
        """Nodes of the correlation and their probabilities, shape (m,)."""
        marginal = np.logaddexp.reduce(logs, axis=(0, 1))
        weights = np.exp(marginal - marginal.max())
        return np.sin(self.angle.nodes), weights / weights.sum()

    def logs(self, data: _Data) -> NDArray[np.float64]:
        """Logarithm of each node's share of the posterior, shape (spreads, spreads, angles).

        The means are integrated over, under flat priors: what remains is the generalised least
        squares fit and the determinant of its precision.
        """
        spreads = np.meshgrid(
            self.first.nodes, self.second.nodes, np.sin(self.angle.nodes), indexing="ij"
        )
        sums = _sums(data, *spreads)
        weights = self.first.logs[:, None, None] + self.second.logs[None, :, None]
        return np.asarray(sums + weights + self.angle.logs)


def _sums(data: _Data, first: Vector, second: Vector, correlation: Vector) -> Vector:
    """The logarithm of the likelihood, means integrated out, at nodes of one shape."""
    joint = correlation * first * second
    p11, p12, p22, fit, determinants = (np.zeros(first.shape) for _ in range(5))
    v1, v2 = np.zeros(first.shape), np.zeros(first.shape)
    both = zip(data.first, data.first_square, data.second, data.second_square, strict=True)
    for x, x_square, y, y_square in both:
        a, b = first**2 + x_square, second**2 + y_square
        determinant = a * b - joint**2
        d11, d12, d22 = b / determinant, -joint / determinant, a / determinant
        p11, p12, p22 = p11 + d11, p12 + d12, p22 + d22
        v1, v2 = v1 + d11 * x + d12 * y, v2 + d12 * x + d22 * y
        fit += d11 * x * x + 2 * d12 * x * y + d22 * y * y
        determinants += np.log(determinant)
    for x, x_square in zip(data.alone, data.alone_square, strict=True):
        d11 = 1 / (first**2 + x_square)
        p11, v1, fit = p11 + d11, v1 + d11 * x, fit + d11 * x * x
        determinants -= np.log(d11)
    whole = p11 * p22 - p12**2
    explained = (p22 * v1**2 - 2 * p12 * v1 * v2 + p11 * v2**2) / whole
    return np.asarray(-0.5 * (determinants + np.log(whole) + fit - explained))


def _quantile(values: Vector, weights: Vector, probability: float) -> float:
    middle = np.cumsum(weights) - weights / 2
    ends = (2 * values[0] - values[1], 2 * values[-1] - values[-2])
    known = np.concatenate([[max(-1.0, ends[0])], values, [min(1.0, ends[1])]])
    return float(np.interp(probability, np.concatenate([[0.0], middle, [1.0]]), known))
