"""The value of one arm, with the interval of a look."""

import math
from dataclasses import dataclass

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import MetricColumns
from stages.stats.moments import Moments


def arm_value(
    arm: Moments, columns: MetricColumns, *, bound: float, level: float, unit: str
) -> Estimate | Unmeasured:
    """The mean, or the ratio of two means, +- bound x standard error.

    Args:
        arm: Moments of the arm's units.
        columns: The metric, without covariates.
        bound: Standard errors on each side, above 0: the look's bound.
        level: Two-sided level the interval is reported at.
        unit: Unit of the metric.

    Returns:
        The estimate (n: units of the arm), or `Unmeasured` with fewer than two units (waiting),
        zero variance, or a denominator whose mean is not positive.

    References:
        Deng, Knoblich & Lu (2018): Var(R) = (S_yy - 2 R S_yn + R^2 S_nn) / (n nbar^2).
    """
    if not arm.covariance:
        return Unmeasured(f"the arm has {arm.n} of at least 2 units", Cause.WAITING)
    found = _mean(arm, columns) if columns.denominator is None else _ratio(arm, columns)
    if isinstance(found, Unmeasured):
        return found
    if not (math.isfinite(found.variance) and found.variance > 0):
        return Unmeasured(f"{columns.numerator} has zero variance")
    error = math.sqrt(found.variance / arm.n)
    return Estimate(
        value=found.value,
        standard_error=error,
        low=found.value - bound * error,
        high=found.value + bound * error,
        level=level,
        n=arm.n,
        unit=unit,
        method=f"{found.method}, normal, critical value {bound:.4f}",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """A value, and the variance of one unit's share in it."""

    value: float
    variance: float
    method: str


def _mean(arm: Moments, columns: MetricColumns) -> _Value:
    top = arm.index(columns.numerator)
    return _Value(value=arm.mean[top], variance=arm.covariance[top][top], method="mean")


def _ratio(arm: Moments, columns: MetricColumns) -> _Value | Unmeasured:
    assert columns.denominator is not None
    top, under = arm.index(columns.numerator), arm.index(columns.denominator)
    below = arm.mean[under]
    if below <= 0:
        return Unmeasured(f"the mean of {columns.denominator} is not positive")
    value = arm.mean[top] / below
    own, cross, square = (
        arm.covariance[a][b] for a, b in ((top, top), (top, under), (under, under))
    )
    variance = (own - 2 * value * cross + value**2 * square) / below**2
    return _Value(value=value, variance=variance, method="ratio of means, delta method")
