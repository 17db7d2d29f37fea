"""The challenger's value in parts of the champion's, when both are uncertain."""

import math

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.adjusted import AdjustedArms
from stages.stats.reporting import Found, Reporting, reported


def quotient(arms: AdjustedArms, how: Reporting, *, method: str) -> Estimate | Unmeasured:
    """Treatment divided by control with Fieller's interval.

    Returns:
        The estimate, or `Unmeasured` unless the control's value is more than the critical number of
        standard errors above 0.

    References:
        Fieller (1954), JRSS B 16, 175-185.
    """
    if not _clearance(arms, how.critical) > 0:
        return Unmeasured(
            f"the control's value, {arms.control:.4g}, is not clearly above 0: "
            "a relative effect needs a positive baseline"
        )
    return reported(_fieller(arms, how.critical, method=f"quotient of {method}, Fieller"), how)


def relative(arms: AdjustedArms, how: Reporting, *, method: str) -> Estimate | Unmeasured:
    """(Treatment - control) / |control| with a symmetric interval.

    Returns:
        The estimate, or `Unmeasured` unless the control's value is more than the critical number of
        standard errors away from 0.
    """
    if not abs(arms.control) > how.critical * math.sqrt(arms.control_variance):
        return Unmeasured(
            f"the control's value, {arms.control:.4g}, is not clearly different from 0: "
            "a relative effect has no meaning there"
        )
    found = Found(
        value=(arms.treatment - arms.control) / abs(arms.control),
        standard_error=_quotient_error(arms),
        n=arms.n,
        method=f"relative difference of {method}, delta method",
    )
    return reported(found, how)


def _quotient_error(arms: AdjustedArms) -> float:
    """Delta-method standard error of treatment / control."""
    share = arms.treatment / arms.control
    variance = (
        arms.treatment_variance
        - 2 * share * arms.covariance
        + share * share * arms.control_variance
    )
    return math.sqrt(max(variance, 0.0)) / abs(arms.control)


def _clearance(arms: AdjustedArms, critical: float) -> float:
    """1 - (critical x error / value)^2 of the control: above 0 when it is clearly above 0."""
    if arms.control <= 0:
        return 0.0
    relative_variance = arms.control_variance / arms.control / arms.control
    return 1 - critical * critical * relative_variance


def _fieller(arms: AdjustedArms, critical: float, *, method: str) -> Found:
    """Every rho that the contrast T - rho C, in its own standard error, does not refute."""
    share, squared = arms.treatment / arms.control, critical * critical
    tt, tc, cc = (
        variance / arms.control / arms.control
        for variance in (arms.treatment_variance, arms.covariance, arms.control_variance)
    )
    spread = tt - 2 * share * tc + share * share * cc - squared * (tt * cc - tc * tc)
    middle = share - squared * tc
    half = critical * math.sqrt(spread) if spread > 0 else 0.0
    return Found(
        value=share,
        standard_error=_quotient_error(arms),
        n=arms.n,
        method=method,
        low=(middle - half) / _clearance(arms, critical),
        high=(middle + half) / _clearance(arms, critical),
    )
