"""What every form of traffic is reduced to: moments of both arms at each look."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from stages.evidence.estimate import Unmeasured
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm

_ROUNDING = 1e-9
"""Relative: of what is summed in another order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricArms:
    """One metric at one look.

    Attributes:
        metric: Its name in the plan.
        champion: Moments of the champion's units, columns as in `tables.parts_of`; or its quantile.
        challenger: The same of the challenger's.
        skewness: Third standardised moment of units' values, champion and challenger; None where
            it is not known.
    """

    metric: str
    champion: Moments | QuantileArm | Unmeasured
    challenger: Moments | QuantileArm | Unmeasured
    skewness: tuple[float, float] | None = None

    @property
    def units(self) -> int | None:
        """Units of both arms; None when an arm is unmeasured."""
        if isinstance(self.champion, Unmeasured) or isinstance(self.challenger, Unmeasured):
            return None
        return self.champion.n + self.challenger.n

    @property
    def smaller(self) -> int | None:
        """Units of the smaller arm; None when an arm is unmeasured."""
        if isinstance(self.champion, Unmeasured) or isinstance(self.challenger, Unmeasured):
            return None
        return min(self.champion.n, self.challenger.n)


def alike(one: MetricArms, other: MetricArms) -> bool:
    """Whether two reductions of a metric saw the same units and values, but for rounding of sums.

    Sums that several threads made differ in their last bits.
    """
    pairs = ((one.champion, other.champion), (one.challenger, other.challenger))
    return all(_same(a, b) for a, b in pairs)


def copied(metric: MetricArms) -> bool:
    """Whether both arms have the same units' values, but for rounding of sums."""
    return _same(metric.champion, metric.challenger)


@dataclass(frozen=True, slots=True, kw_only=True)
class PhaseUnits:
    """How the units of one phase of a ramp fell into the arms.

    Attributes:
        from_day: First day of the phase.
        champion_units: Distinct units first exposed in it.
        challenger_units: The same of the challenger.
    """

    from_day: float
    champion_units: int
    challenger_units: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentArms:
    """Both arms among the units of one segment.

    Attributes:
        column: Column of the exposures.
        value: Its value at a unit's first exposure; empty where there is none.
        metrics: Every metric of the plan, in its order.
    """

    column: str
    value: str
    metrics: tuple[MetricArms, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class LookData:
    """Both arms at one look.

    Attributes:
        day: Planned day of the look, since the first exposure.
        champion_units: Distinct units the champion was shown to, whether or not their window
            closed.
        challenger_units: The same of the challenger.
        metrics: Every metric of the plan, in its order.
        phases: The same counts by phase of a ramp; empty without one.
        triggered: Of the units of both arms, those that were triggered; None without a trigger.
        excluded_units: Units left out because the plan says so.
        segments: Both arms by segment.
        rows_read: Exposures and events that the look rests on; None where they are not counted.
    """

    day: float
    champion_units: int
    challenger_units: int
    metrics: tuple[MetricArms, ...]
    phases: tuple[PhaseUnits, ...] = ()
    triggered: tuple[int, int] | None = None
    excluded_units: int = 0
    segments: tuple[SegmentArms, ...] = ()
    rows_read: tuple[int, int] | None = None

    def of(self, metric: str) -> MetricArms:
        """The metric's arms.

        Raises:
            KeyError: It was not reduced.
        """
        for found in self.metrics:
            if found.metric == metric:
                return found
        raise KeyError(metric)


def _same(a: Moments | QuantileArm | Unmeasured, b: Moments | QuantileArm | Unmeasured) -> bool:
    match a, b:
        case Moments(), Moments():
            spread = [math.sqrt(row[i]) for i, row in enumerate(a.covariance)]
            close = (
                abs(p - q) <= _ROUNDING * (abs(p) + error)
                for p, q, error in zip(a.mean, b.mean, spread or a.mean, strict=True)
            )
            return (a.n, a.names) == (b.n, b.names) and all(close) and _close(a, b, spread)
        case QuantileArm(), QuantileArm():
            return a.n == b.n and math.isclose(a.value, b.value, rel_tol=_ROUNDING)
        case _:
            return a == b


def _close(a: Moments, b: Moments, spread: Sequence[float]) -> bool:
    """Whether covariances are alike, in the columns' own deviations."""
    return all(
        abs(p - q) <= _ROUNDING * spread[i] * spread[j]
        for i, (row, other) in enumerate(zip(a.covariance, b.covariance, strict=True))
        for j, (p, q) in enumerate(zip(row, other, strict=True))
    )
