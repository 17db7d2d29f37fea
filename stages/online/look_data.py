"""What every form of traffic is reduced to: moments of both arms at each look."""

from dataclasses import dataclass

from stages.evidence.estimate import Unmeasured
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm


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
