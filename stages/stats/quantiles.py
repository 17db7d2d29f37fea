"""Quantiles of an A/B's arms, such as the 95th percentile of latency, by unit."""

import math
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.adjusted import AdjustedArms, ArmValue, adjust
from stages.stats.experiments import Contrast, contrast_of_arms
from stages.stats.quotients import quotient
from stages.stats.reporting import Found, reported, reporting

_METHOD = "quantiles (normal, errors by unit)"
_NONE = np.empty(0)
"""Moments of no covariate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileArm:
    """A quantile of one arm's events, with an error that counts units, not events.

    Attributes:
        value: The quantile, in the metric's unit.
        standard_error: Its standard error, above 0.
        n: Units with at least one event.
    """

    value: float
    standard_error: float
    n: int

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or not 0 < self.standard_error < math.inf:
            raise ValueError(f"{self.value} +- {self.standard_error} is no quantile")
        if self.n < 1:
            raise ValueError(f"a quantile of {self.n} units")


def contrast_of_quantiles(control: QuantileArm, treatment: QuantileArm) -> Contrast | Unmeasured:
    """Treatment minus control with its standard error, the arms being independent.

    Degrees of freedom are Welch and Satterthwaite's with n - 1 of each arm, as if the error of a
    quantile were known as well as that of a mean.

    Returns:
        The contrast, or `Unmeasured` (cause waiting) with fewer than two units in an arm, or
        (cause broken) when the result is not finite.
    """
    arms = _arms(control, treatment)
    return arms if isinstance(arms, Unmeasured) else contrast_of_arms(arms, method=_METHOD)


def ratio_of_quantiles(
    control: QuantileArm,
    treatment: QuantileArm,
    *,
    level: float,
    unit: str = "ratio",
    critical: float | None = None,
) -> Estimate | Unmeasured:
    """Treatment divided by control (1 means equal), with Fieller's interval.

    Arguments and failures as for `experiments.ratio`.
    """
    arms = _arms(control, treatment)
    if isinstance(arms, Unmeasured):
        return arms
    how = reporting(arms.degrees_of_freedom, level=level, unit=unit, critical=critical)
    return quotient(arms, how, method=_METHOD)


def value_of_quantile(
    arm: QuantileArm, *, level: float, unit: str, critical: float | None = None
) -> Estimate | Unmeasured:
    """One arm's quantile +- critical x standard error; arguments as for `experiments.interval`."""
    if arm.n < 2:  # noqa: PLR2004 - an error needs two units
        return Unmeasured(f"the arm has {arm.n} of at least 2 units", Cause.WAITING)
    how = reporting(arm.n - 1, level=level, unit=unit, critical=critical)
    found = Found(
        value=arm.value, standard_error=arm.standard_error, n=arm.n, method="quantile, by unit"
    )
    return reported(found, how)


def _arms(control: QuantileArm, treatment: QuantileArm) -> AdjustedArms | Unmeasured:
    for name, arm in (("control", control), ("treatment", treatment)):
        if arm.n < 2:  # noqa: PLR2004 - an error needs two units
            return Unmeasured(f"the {name} arm has {arm.n} of at least 2 units", Cause.WAITING)
    return adjust(_of_units(control), _of_units(treatment))


def _of_units(arm: QuantileArm) -> ArmValue:
    """The quantile as if it were a mean of units."""
    return ArmValue(
        value=arm.value,
        variance=arm.standard_error * arm.standard_error * arm.n,
        n=arm.n,
        cross=_NONE,
        covariate_mean=_NONE,
        covariate_covariance=_NONE,
    )
