"""What every form of traffic is reduced to: moments of both arms at each look."""

from dataclasses import dataclass

from stages.evidence.estimate import Unmeasured
from stages.stats.moments import Moments


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricArms:
    """One metric at one look.

    Attributes:
        metric: Its name in the plan.
        champion: Moments of the champion's units; columns as in `tables.parts_of`.
        challenger: The same of the challenger's.
    """

    metric: str
    champion: Moments | Unmeasured
    challenger: Moments | Unmeasured

    @property
    def units(self) -> int | None:
        """Units of both arms; None when an arm is unmeasured."""
        if isinstance(self.champion, Unmeasured) or isinstance(self.challenger, Unmeasured):
            return None
        return self.champion.n + self.challenger.n


@dataclass(frozen=True, slots=True, kw_only=True)
class LookData:
    """Both arms at one look.

    Attributes:
        day: Planned day of the look, since the first exposure.
        champion_units: Distinct units the champion was shown to, whether or not their window
            closed.
        challenger_units: The same of the challenger.
        metrics: Every metric of the plan, in its order.
    """

    day: float
    champion_units: int
    challenger_units: int
    metrics: tuple[MetricArms, ...]

    def of(self, metric: str) -> MetricArms:
        """The metric's arms.

        Raises:
            KeyError: It was not reduced.
        """
        for found in self.metrics:
            if found.metric == metric:
                return found
        raise KeyError(metric)
