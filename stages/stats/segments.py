"""Effects by segment, shrunk towards each other, and warnings where one is harmed; exploratory."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.confidence_sequence import anytime_p_value
from stages.stats.experiments import Contrast
from stages.stats.holm import holm
from stages.stats.levels import tail_of

FEWEST_UNITS = 100
"""Units of both arms below which a segment's standard error is too rough to be used."""

_FEWEST_SEGMENTS = 3
"""With two the spread of segments has no proper posterior under a flat prior."""

_HALVINGS = 60
"""Bisections of an end: its error is far below that of the integration."""

_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(120)

Table = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shrunk:
    """The effects of a column's segments, each borrowing strength from the others.

    Attributes:
        effects: One per segment, in the order given.
        spread: Standard deviation of the true effects between segments (median of its posterior),
            in the metric's unit; None where there are too few segments to tell.
    """

    effects: tuple[Estimate | Unmeasured, ...]
    spread: float | None


def shrunk(found: Sequence[Contrast | Unmeasured], *, level: float, unit: str) -> Shrunk:
    """The effect in each segment under effects that vary normally between segments.

    Of many segments the largest effect is mostly chance; shrunk, it is believed as far as the
    segments differ by more than their errors. The segments' mean has a flat prior, and so has the
    standard deviation between them; it is integrated over rather than estimated, so that few
    segments give wider intervals instead of too narrow ones. Intervals are for this look alone.

    Args:
        found: Treatment minus control in each segment; segments share no unit.
        level: Level of the equal-tailed intervals, in (0, 1).
        unit: Unit of the metric.

    Returns:
        The effects. `Unmeasured` where a segment is, where it has fewer than 100 units, or (all
        of them) with fewer than three others to learn from.

    References:
        Rubin (1981), Journal of Educational Statistics 6, 377-401; Gelman (2006), Bayesian Analysis
        1, 515-534, for the flat prior of the standard deviation; Gelman et al., Bayesian Data
        Analysis, section 5.4, for its marginal posterior.
    """
    tail = tail_of(level)
    known = [_usable(one) for one in found]
    usable = [one for one in known if isinstance(one, Contrast)]
    if len(usable) < _FEWEST_SEGMENTS:
        few = Unmeasured(
            f"{len(usable)} segments with {FEWEST_UNITS} units or more are too few to shrink by",
            Cause.UNDERPOWERED,
        )
        return Shrunk(
            effects=tuple(one if isinstance(one, Unmeasured) else few for one in known),
            spread=None,
        )
    posterior = _posterior(usable)
    lows, highs = posterior.quantile(tail), posterior.quantile(1 - tail)
    ends = zip(usable, posterior.means, posterior.errors, lows, highs, strict=True)
    estimates = iter(
        Estimate(
            value=float(mean),
            standard_error=float(error),
            low=float(low),
            high=float(high),
            level=level,
            n=one.n,
            unit=unit,
            method=f"{one.method}, shrunk over {len(usable)} segments (exploratory)",
        )
        for one, mean, error, low, high in ends
    )
    effects = tuple(one if isinstance(one, Unmeasured) else next(estimates) for one in known)
    return Shrunk(effects=effects, spread=posterior.spread)


def harm_p_values(
    found: Sequence[Contrast | Unmeasured],
    *,
    planned_units: int,
    alpha: float,
    higher_is_better: bool,
) -> tuple[float, ...]:
    """How sure it is that a segment is harmed, however many there are and however often one looks.

    One-sided always-valid p-values of "not worse", adjusted by Holm over all that are given. At
    whatever look they are read, the smallest of a segment over all looks is a p-value too, so the
    probability that any unharmed segment is ever below alpha is at most alpha. Effects are taken as
    they are, not shrunk: shrinkage is no test.

    Args:
        found: Treatment minus control in each segment; give those of all columns together.
        planned_units: Units of both arms that a segment should have at the end, fixed before.
        alpha: Alpha that the p-values are sharpest at, in (0, 0.5).
        higher_is_better: Direction of the metric.

    Returns:
        One p-value per segment; 1 where there is no estimate that can be relied on.
    """
    share = alpha / max(1, len(found))
    values = [
        1.0
        if isinstance(one := _usable(each), Unmeasured)
        else anytime_p_value(
            one, planned_units=planned_units, alpha=share, higher=not higher_is_better
        )
        for each in found
    ]
    return holm(values)


def _usable(found: Contrast | Unmeasured) -> Contrast | Unmeasured:
    if isinstance(found, Contrast) and found.n < FEWEST_UNITS:
        reason = f"{found.n} of {FEWEST_UNITS} units that a segment needs"
        return Unmeasured(reason, Cause.WAITING)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class _Posterior:
    """Mixture of normals for each segment, one for every node of the spread.

    Attributes:
        spreads: Nodes, shape (m,).
        weights: Their probabilities, shape (m,).
        centres: Means given the spread, shape (m, k).
        deviations: Standard deviations given the spread, shape (m, k).
    """

    spreads: Table
    weights: Table
    centres: Table
    deviations: Table

    @property
    def means(self) -> Table:
        """Posterior means, shape (k,)."""
        return self.weights @ self.centres

    @property
    def errors(self) -> Table:
        """Posterior standard deviations, shape (k,)."""
        between = (self.centres - self.means) ** 2
        return np.asarray(np.sqrt(self.weights @ (self.deviations**2 + between)))

    @property
    def spread(self) -> float:
        """Posterior median of the spread."""
        return float(self.spreads[np.searchsorted(self.weights.cumsum(), 0.5)])

    def quantile(self, probability: float) -> Table:
        """The value that each effect is below with this probability, shape (k,)."""
        reach = 40 * self.deviations.max(axis=0)
        low, high = self.centres.min(axis=0) - reach, self.centres.max(axis=0) + reach
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            below = self.weights @ ndtr((middle - self.centres) / self.deviations)
            low, high = (
                np.where(below < probability, middle, low),
                np.where(below < probability, high, middle),
            )
        return np.asarray((low + high) / 2)


def _posterior(usable: Sequence[Contrast]) -> _Posterior:
    effects = np.array([one.effect for one in usable])
    variances = np.array([one.standard_error for one in usable]) ** 2
    scale = float(np.sqrt(np.median(variances)) + effects.std())
    share = (_NODES + 1) / 2
    spreads = scale * share / (1 - share)
    total = variances + spreads[:, None] ** 2
    precision = (1 / total).sum(axis=1)
    mean = (effects / total).sum(axis=1) / precision
    misfit = ((effects - mean[:, None]) ** 2 / total).sum(axis=1)
    density = -0.5 * (np.log(precision) + np.log(total).sum(axis=1) + misfit)
    logs = density - 2 * np.log1p(-share) + np.log(_WEIGHTS)
    weights = np.exp(logs - logs.max())
    kept = variances / total
    return _Posterior(
        spreads=spreads,
        weights=weights / weights.sum(),
        centres=effects * (1 - kept) + mean[:, None] * kept,
        deviations=np.sqrt(variances * (1 - kept) + kept**2 / precision[:, None]),
    )
