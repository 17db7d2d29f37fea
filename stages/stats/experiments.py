"""The effect of the challenger on a metric of an A/B, out of the moments of both arms."""

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from scipy.special import stdtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.adjusted import EXPLAINED, AdjustedArms, ArmValue, adjust, is_constant
from stages.stats.levels import SMALLEST
from stages.stats.moments import Moments
from stages.stats.quotients import quotient, relative
from stages.stats.reporting import Found, reported, reporting

_NONE = np.empty(0)
"""Moments of no covariate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricColumns:
    """Which columns of the moments make a metric.

    Attributes:
        numerator: The column whose mean is the metric (a proportion is the mean of 0 and 1), or,
            with a denominator, what stands above the line.
        denominator: For a ratio metric, the column below the line; its mean must be positive.
        covariates: Columns measured before exposure, whose chance imbalance is taken out (CUPED).
    """

    numerator: str
    denominator: str | None = None
    covariates: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Contrast:
    """An effect with its standard error: all that a sequential rule needs to know.

    Attributes:
        effect: Treatment minus control, in the metric's unit.
        standard_error: Its standard error, above 0.
        n: Units of both arms.
        degrees_of_freedom: Welch-Satterthwaite degrees of freedom, above 0.
        method: Name of the method.
    """

    effect: float
    standard_error: float
    n: int
    degrees_of_freedom: float
    method: str

    def __post_init__(self) -> None:
        if not math.isfinite(self.effect) or not 0 < self.standard_error < math.inf:
            raise ValueError(f"{self.effect} +- {self.standard_error} is no effect")
        if self.n < 1 or not self.degrees_of_freedom > 0:
            raise ValueError(f"{self.n} units, {self.degrees_of_freedom} degrees of freedom")

    @property
    def z(self) -> float:
        """Effect in standard errors."""
        return self.effect / self.standard_error

    @property
    def information(self) -> float:
        """Fisher information about the effect, 1 / standard error squared."""
        return 1 / (self.standard_error * self.standard_error)


def contrast(control: Moments, treatment: Moments, columns: MetricColumns) -> Contrast | Unmeasured:
    """Treatment minus control with its standard error; no level, no interval.

    Returns:
        The contrast, or `Unmeasured` (cause waiting) with fewer than two units in an arm, or
        (cause broken) when the metric has zero variance in an arm, a column is missing, a ratio's
        mean denominator is not positive, or the result is not finite.
    """
    arms = _arms(control, treatment, columns)
    if isinstance(arms, Unmeasured):
        return arms
    return contrast_of_arms(arms, method=_method(columns, arms))


def contrast_of_arms(arms: AdjustedArms, *, method: str) -> Contrast | Unmeasured:
    """Treatment minus control of two values whose variances are known.

    Args:
        arms: Both values.
        method: What they are, in the plural.
    """
    effect, error = arms.treatment - arms.control, math.sqrt(arms.difference_variance)
    if not math.isfinite(effect / error) or not math.isfinite(1 / arms.difference_variance):
        return Unmeasured("the effect in standard errors is not finite")
    return Contrast(
        effect=effect,
        standard_error=error,
        n=arms.n,
        degrees_of_freedom=arms.degrees_of_freedom,
        method=f"difference of {method}",
    )


def difference(
    control: Moments,
    treatment: Moments,
    columns: MetricColumns,
    *,
    level: float,
    unit: str,
    critical: float | None = None,
) -> Estimate | Unmeasured:
    """Treatment minus control with an equal-tailed two-sided interval.

    Args:
        control: Moments of the champion's units.
        treatment: Moments of the challenger's units.
        columns: The metric.
        level: Two-sided level in (0, 1) that the interval is reported at.
        unit: Unit of the metric.
        critical: None: Welch's t interval at `level`, for the planned n only. A number (the bound
            of a group-sequential look): effect +- critical x standard error, on the normal scale.

    Returns:
        The estimate (n: units of both arms), or `Unmeasured` as `contrast` says.
    """
    found = contrast(control, treatment, columns)
    if isinstance(found, Unmeasured):
        return found
    return interval(found, level=level, unit=unit, critical=critical)


def interval(
    found: Contrast, *, level: float, unit: str, critical: float | None = None
) -> Estimate | Unmeasured:
    """The equal-tailed two-sided interval of a contrast; arguments as for `difference`.

    Raises:
        ValueError: A level outside (0, 1), or a critical value that is not positive and finite.
    """
    how = reporting(found.degrees_of_freedom, level=level, unit=unit, critical=critical)
    value = Found(
        value=found.effect, standard_error=found.standard_error, n=found.n, method=found.method
    )
    return reported(value, how)


def ratio(
    control: Moments,
    treatment: Moments,
    columns: MetricColumns,
    *,
    level: float,
    unit: str = "ratio",
    critical: float | None = None,
) -> Estimate | Unmeasured:
    """Treatment divided by control (1 means equal), with Fieller's interval.

    Its ends answer every relative non-inferiority test at once: `low > 1 - delta` exactly when the
    linear contrast y_T - (1 - delta) y_C, with its own standard error, is above `critical` of them;
    and `high < 1 + delta` exactly when (1 + delta) y_C - y_T is.

    Args:
        control: Moments of the champion's units.
        treatment: Moments of the challenger's units.
        columns: The metric.
        level: Two-sided level in (0, 1) that the interval is reported at.
        unit: Unit of the quotient.
        critical: As for `difference`.

    Returns:
        The estimate, or `Unmeasured` as `contrast` says, and also unless the control's value is
        more than `critical` standard errors above 0.
    """
    arms = _arms(control, treatment, columns)
    if isinstance(arms, Unmeasured):
        return arms
    how = reporting(arms.degrees_of_freedom, level=level, unit=unit, critical=critical)
    return quotient(arms, how, method=_method(columns, arms))


def relative_difference(
    control: Moments,
    treatment: Moments,
    columns: MetricColumns,
    *,
    level: float,
    unit: str = "share of control",
    critical: float | None = None,
) -> Estimate | Unmeasured:
    """(Treatment - control) / |control| by the delta method: for reports, not for margins.

    Arguments and failures as for `ratio`, except that the control's value may be negative: it must
    be more than `critical` standard errors away from 0.
    """
    arms = _arms(control, treatment, columns)
    if isinstance(arms, Unmeasured):
        return arms
    how = reporting(arms.degrees_of_freedom, level=level, unit=unit, critical=critical)
    return relative(arms, how, method=_method(columns, arms))


def p_worse(found: Contrast, *, higher_is_better: bool) -> float:
    """One-sided p-value of "the challenger is not worse" (small proves a regression), Welch's t.

    Returns:
        A number above 0, at most 1: exact to 1e-9 of itself down to 1e-300, and never below
        `SMALLEST`.
    """
    t = found.z if higher_is_better else -found.z
    return max(SMALLEST, float(stdtr(found.degrees_of_freedom, t)))


def p_two_sided(found: Contrast) -> float:
    """Two-sided p-value of "no effect", Welch's t.

    Returns:
        A number above 0, at most 1, as exact as `p_worse`.
    """
    return min(1.0, max(SMALLEST, 2 * float(stdtr(found.degrees_of_freedom, -abs(found.z)))))


def of_one_arm(moments: Moments, columns: MetricColumns, *, arm: str) -> ArmValue | Unmeasured:
    """A metric in one arm, with the variance of one unit's share in it (linearised for a ratio).

    Args:
        moments: Moments of the arm's units.
        columns: The metric.
        arm: What the arm is called in a reason.

    Returns:
        The value, or `Unmeasured` as `contrast` says.
    """
    if moments.n < 2:  # noqa: PLR2004 - a variance needs two units
        return Unmeasured(f"the {arm} arm has {moments.n} of at least 2 units", Cause.WAITING)
    wanted = (columns.numerator, columns.denominator, *columns.covariates)
    absent = [name for name in wanted if name is not None and name not in moments.names]
    if absent:
        return Unmeasured(f"the {arm} arm has no column {', '.join(absent)}")
    with np.errstate(all="ignore"):
        return _linearised(moments, columns, arm=arm)


@lru_cache(maxsize=4096)
def _arms(
    control: Moments, treatment: Moments, columns: MetricColumns
) -> AdjustedArms | Unmeasured:
    values = []
    for name, moments in (("control", control), ("treatment", treatment)):
        value = of_one_arm(moments, columns, arm=name)
        if isinstance(value, Unmeasured):
            return value
        values.append(value)
    return adjust(*values)


def _linearised(moments: Moments, columns: MetricColumns, *, arm: str) -> ArmValue | Unmeasured:
    """The value, and moments of L = y, or of L = (y - R n) / nbar for a ratio."""
    if columns.denominator is None and not columns.covariates:
        return _plain_mean(moments, columns, arm=arm)
    mean, covariance = np.array(moments.mean), np.array(moments.covariance)
    weights = np.zeros(len(mean))
    numerator = moments.index(columns.numerator)
    weights[numerator] = 1.0
    value = mean[numerator]
    if columns.denominator is not None:
        denominator = moments.index(columns.denominator)
        if mean[denominator] <= 0:
            return Unmeasured(f"the mean of {columns.denominator} in the {arm} arm is not positive")
        value = value / mean[denominator]
        weights[denominator] -= value
        weights /= mean[denominator]
    variance = weights @ covariance @ weights
    size = np.abs(weights) @ np.sqrt(np.diag(covariance))
    if not np.isfinite(variance) or not np.isfinite(value):
        return Unmeasured(f"{columns.numerator} in the {arm} arm is not finite")
    if is_constant(variance, value) or variance <= EXPLAINED * size * size:
        return Unmeasured(f"{columns.numerator} has zero variance in the {arm} arm")
    covariates = [moments.index(name) for name in columns.covariates]
    return ArmValue(
        value=float(value),
        variance=float(variance),
        n=moments.n,
        cross=(weights @ covariance)[covariates],
        covariate_mean=mean[covariates],
        covariate_covariance=covariance[np.ix_(covariates, covariates)],
    )


def _plain_mean(moments: Moments, columns: MetricColumns, *, arm: str) -> ArmValue | Unmeasured:
    """What `_linearised` gives of a mean alone, in a tenth of the time."""
    i = moments.index(columns.numerator)
    value, variance = moments.mean[i], moments.covariance[i][i]
    if is_constant(variance, value):
        return Unmeasured(f"{columns.numerator} has zero variance in the {arm} arm")
    return ArmValue(
        value=value,
        variance=variance,
        n=moments.n,
        cross=_NONE,
        covariate_mean=_NONE,
        covariate_covariance=_NONE.reshape(0, 0),
    )


def _method(columns: MetricColumns, arms: AdjustedArms) -> str:
    parts = ["means" if columns.denominator is None else "ratios (delta method)"]
    names = list(enumerate(columns.covariates))
    used = [name for i, name in names if i not in arms.dropped]
    dropped = [name for i, name in names if i in arms.dropped]
    if used:
        parts.append(f"CUPED on {', '.join(used)}")
    if dropped:
        parts.append(f"without {', '.join(dropped)} (constant or repeating others)")
    return ", ".join(parts)
