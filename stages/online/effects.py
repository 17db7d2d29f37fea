"""The two arms of a metric compared, whatever the metric is made of."""

from stages.evidence.estimate import Estimate, Unmeasured
from stages.online.arm_value import arm_value
from stages.online.look_data import MetricArms
from stages.stats.experiments import Contrast, MetricColumns, contrast, ratio
from stages.stats.moments import Moments
from stages.stats.quantiles import (
    QuantileArm,
    contrast_of_quantiles,
    ratio_of_quantiles,
    value_of_quantile,
)

_MIXED = Unmeasured("one arm has moments and the other a quantile")


def effect(arms: MetricArms, columns: MetricColumns) -> Contrast | Unmeasured:
    """Challenger minus champion with its standard error."""
    match arms.champion, arms.challenger:
        case (Unmeasured() as absent, _) | (_, Unmeasured() as absent):
            return absent
        case Moments() as champion, Moments() as challenger:
            return contrast(champion, challenger, columns)
        case QuantileArm() as champion, QuantileArm() as challenger:
            return contrast_of_quantiles(champion, challenger)
        case _:
            return _MIXED


def quotient(
    arms: MetricArms, columns: MetricColumns, *, level: float, critical: float
) -> Estimate | Unmeasured:
    """Challenger divided by champion, its interval reaching `critical` standard errors."""
    match arms.champion, arms.challenger:
        case (Unmeasured() as absent, _) | (_, Unmeasured() as absent):
            return absent
        case Moments() as champion, Moments() as challenger:
            return ratio(champion, challenger, columns, level=level, critical=critical)
        case QuantileArm() as champion, QuantileArm() as challenger:
            return ratio_of_quantiles(champion, challenger, level=level, critical=critical)
        case _:
            return _MIXED


def own_value(
    arms: MetricArms, columns: MetricColumns, *, level: float, critical: float, unit: str
) -> Estimate | Unmeasured:
    """The challenger's own value, without covariates."""
    match arms.challenger:
        case Unmeasured() as absent:
            return absent
        case QuantileArm() as challenger:
            return value_of_quantile(challenger, level=level, unit=unit, critical=critical)
        case Moments() as challenger:
            return arm_value(challenger, columns, bound=critical, level=level, unit=unit)
