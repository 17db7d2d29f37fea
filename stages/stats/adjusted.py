"""Chance imbalance of covariates taken out of the comparison of two arms (CUPED)."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Unmeasured

EXPLAINED = 1e-12
"""A share of variance this small is rounding: one column is a function of the others."""
_COLLINEAR = 1e-8
"""A covariate with a smaller share of variance of its own repeats the ones before it."""
_CONSTANT = 1e-12
"""A standard deviation this small relative to the mean is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmValue:
    """A metric and its p covariates in one arm; variances are of one unit.

    Attributes:
        value: The metric's value.
        variance: Variance of a unit's value (linearised for a ratio).
        n: Number of units.
        cross: Covariances of the value with the covariates, shape (p,).
        covariate_mean: Means of the covariates, shape (p,).
        covariate_covariance: Covariances among the covariates, shape (p, p).
    """

    value: float
    variance: float
    n: int
    cross: NDArray[np.float64]
    covariate_mean: NDArray[np.float64]
    covariate_covariance: NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class AdjustedArms:
    """Two values and what is needed for the variance of any contrast T - rho C of them.

    Attributes:
        treatment: Value of the treatment, less theta' times the covariates' difference.
        control: Value of the control.
        treatment_variance: Variance of `treatment`.
        control_variance: Variance of `control`.
        covariance: Their covariance; 0 without covariates.
        difference_variance: Variance of treatment - control, summed without cancellation.
        degrees_of_freedom: Welch-Satterthwaite, of treatment - control.
        n: Units of both arms.
        dropped: Positions of covariates that say nothing of their own.
    """

    treatment: float
    control: float
    treatment_variance: float
    control_variance: float
    covariance: float
    difference_variance: float
    degrees_of_freedom: float
    n: int
    dropped: tuple[int, ...]


def adjust(control: ArmValue, treatment: ArmValue) -> AdjustedArms | Unmeasured:
    """Both arms with the covariates' chance difference taken out of the treatment's value.

    The coefficients weigh the arms by 1 / n, which is right at any split and unlike pooled slopes
    does not take the effect itself for imbalance. Without covariates nothing is changed.

    Returns:
        The adjusted arms, or `Unmeasured` when the arms have too few units for the covariates
        (waiting), or the covariates explain the metric completely, or a number overflows.

    References:
        Deng, Xu, Kohavi & Walker (2013); Lin (2013); Deng, Knoblich & Lu (2018), section 3.
    """
    if not len(control.cross):
        return _unadjusted(control, treatment)
    kept = _independent(control, treatment)
    freedom = min(control.n, treatment.n) - 1 - len(kept)
    if freedom < 1:
        return Unmeasured("an arm has too few units for the covariates", Cause.WAITING)
    with np.errstate(all="ignore"):
        theta = _coefficients(control, treatment, kept)
        return _adjusted(control, treatment, theta, kept)


def _unadjusted(control: ArmValue, treatment: ArmValue) -> AdjustedArms | Unmeasured:
    """Both arms as they are."""
    own = (control.variance / control.n, treatment.variance / treatment.n)
    total = sum(own)
    if not 0 < total < math.inf:
        return Unmeasured("the standard error is not finite")
    shares = [
        (part / total) ** 2 / (arm.n - 1)
        for part, arm in zip(own, (control, treatment), strict=True)
    ]
    return AdjustedArms(
        treatment=treatment.value,
        control=control.value,
        treatment_variance=own[1],
        control_variance=own[0],
        covariance=0.0,
        difference_variance=total,
        degrees_of_freedom=1 / sum(shares),
        n=control.n + treatment.n,
        dropped=(),
    )


def is_constant(variance: float, mean: float) -> bool:
    """Whether a variance is zero but for rounding."""
    return variance <= (_CONSTANT * mean) * (_CONSTANT * mean)


def _independent(control: ArmValue, treatment: ArmValue) -> list[int]:
    """Positions of the covariates that vary and do not repeat earlier ones, in their order."""
    spread = _pooled(control, treatment)
    kept: list[int] = []
    for i, own in enumerate(np.diag(spread)):
        mean = max(abs(control.covariate_mean[i]), abs(treatment.covariate_mean[i]))
        if is_constant(float(own) * min(control.n, treatment.n), float(mean)):
            continue
        inner, towards = spread[np.ix_(kept, kept)], spread[kept, i]
        rest = own - towards @ np.linalg.solve(inner, towards)
        if rest > _COLLINEAR * own:
            kept.append(i)
    return kept


def _pooled(control: ArmValue, treatment: ArmValue) -> NDArray[np.float64]:
    return control.covariate_covariance / control.n + treatment.covariate_covariance / treatment.n


def _coefficients(control: ArmValue, treatment: ArmValue, kept: list[int]) -> NDArray[np.float64]:
    """Theta of every covariate, 0 for the ones not kept."""
    theta = np.zeros(len(control.cross))
    inner = _pooled(control, treatment)[np.ix_(kept, kept)]
    cross = control.cross / control.n + treatment.cross / treatment.n
    theta[kept] = np.linalg.solve(inner, cross[kept])
    return theta


def _adjusted(
    control: ArmValue, treatment: ArmValue, theta: NDArray[np.float64], kept: list[int]
) -> AdjustedArms | Unmeasured:
    own = [_residual_variance(arm, theta) / arm.n for arm in (control, treatment)]
    raw = control.variance / control.n + treatment.variance / treatment.n
    total = sum(own)
    if not np.isfinite(total):
        return Unmeasured("the standard error is not finite")
    if total <= EXPLAINED * raw:
        return Unmeasured("the covariates explain the metric completely: no variance is left")
    parts = [
        (u / total) * (u / total) / (arm.n - 1 - len(kept))
        for u, arm in zip(own, (control, treatment), strict=True)
    ]
    carried = float(theta @ control.covariate_covariance @ theta) / control.n
    imbalance = theta @ (treatment.covariate_mean - control.covariate_mean)
    return AdjustedArms(
        treatment=float(treatment.value - imbalance),
        control=control.value,
        treatment_variance=own[1] + carried,
        control_variance=control.variance / control.n,
        covariance=float(theta @ control.cross) / control.n,
        difference_variance=total,
        degrees_of_freedom=1 / sum(parts),
        n=control.n + treatment.n,
        dropped=tuple(i for i in range(len(theta)) if i not in kept),
    )


def _residual_variance(arm: ArmValue, theta: NDArray[np.float64]) -> float:
    found = arm.variance - 2 * theta @ arm.cross + theta @ arm.covariate_covariance @ theta
    return max(float(found), 0.0) if np.isfinite(found) else np.inf
