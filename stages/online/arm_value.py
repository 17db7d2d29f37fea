"""The value of one arm, with the interval of a look."""

import math

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
    top = arm.index(columns.numerator)
    value, variance = arm.mean[top], arm.covariance[top][top]
    method = "mean, normal"
    if columns.denominator is not None:
        under = arm.index(columns.denominator)
        below = arm.mean[under]
        if below <= 0:
            return Unmeasured(f"the mean of {columns.denominator} is not positive")
        value = value / below
        cross, square = arm.covariance[top][under], arm.covariance[under][under]
        variance = (variance - 2 * value * cross + value**2 * square) / below**2
        method = "ratio of means, delta method, normal"
    if not (math.isfinite(variance) and variance > 0):
        return Unmeasured(f"{columns.numerator} has zero variance")
    error = math.sqrt(variance / arm.n)
    return Estimate(
        value=value,
        standard_error=error,
        low=value - bound * error,
        high=value + bound * error,
        level=level,
        n=arm.n,
        unit=unit,
        method=f"{method}, critical value {bound:.4f}",
    )
