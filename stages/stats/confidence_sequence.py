"""Asymptotic confidence sequences: intervals that hold at every look, planned or not."""

import math

from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.levels import SMALLEST


def best_rho_squared(planned_units: int, *, alpha: float, two_sided: bool = False) -> float:
    """The mixture variance that makes the sequence tightest at the planned number of units.

    Args:
        planned_units: Units of both arms at which the A/B should be decided, at least 1.
        alpha: Error in (0, 1); below 0.5 when one-sided, where 2 alpha stands in its place.
        two_sided: Whether alpha is shared by both ends.

    Returns:
        rho^2, above 0; confseq's rho is its inverse.

    References:
        Waudby-Smith et al. (2021), on optimising the sequence for a time; Howard et al. (2021),
        whose exact minimum over the planned time this approximates from above to first order.
    """
    _check_alpha(alpha, two_sided=two_sided)
    if planned_units < 1:
        raise ValueError(f"at least one unit is planned, not {planned_units}")
    miss = -2 * math.log(alpha if two_sided else 2 * alpha)
    return (miss + math.log1p(miss)) / planned_units


def half_width(
    n: int, standard_error: float, *, alpha: float, rho_squared: float, two_sided: bool = False
) -> float:
    """Distance from the effect to the end of the sequence after n units.

    Args:
        n: Units of both arms so far, at least 1.
        standard_error: Standard error of the effect after n units.
        alpha: Probability that it ever misses: of one end, or of both when `two_sided`.
        rho_squared: Mixture variance, above 0, fixed before the first look.
        two_sided: Whether alpha is shared by both ends.

    Returns:
        The half width, in the unit of the standard error.

    Raises:
        ValueError: alpha, n or rho^2 out of range.

    References:
        Waudby-Smith et al. (2021), the two-sided and the one-sided Gaussian mixture boundary.
    """
    _check_alpha(alpha, two_sided=two_sided)
    mixed = n * rho_squared
    if not 0 < mixed < math.inf:
        raise ValueError(f"n ({n}) and rho^2 ({rho_squared}) must be above 0")
    root = math.sqrt(mixed + 1)
    reach = math.log(root / alpha) if two_sided else math.log1p(root / (2 * alpha))
    return standard_error * math.sqrt(2 * (mixed + 1) / mixed * reach)


def asymptotic_confidence_sequence(
    found: Contrast | Unmeasured,
    *,
    alpha: float,
    planned_units: int,
    unit: str,
    bounds: Bounds = Bounds.TWO_SIDED,
    burn_in_units: int = 100,
) -> Estimate | Unmeasured:
    """The interval of an effect that may be read after every unit.

    Args:
        found: The effect so far.
        alpha: Probability in (0, 1) that the sequence ever misses: of the one end (UPPER, LOWER;
            below 0.5) or of both together (TWO_SIDED).
        planned_units: Units of both arms at which it is tightest.
        unit: Unit of the metric.
        bounds: Which ends.
        burn_in_units: No sequence before this many units of both arms.

    Returns:
        The estimate at level 1 - alpha, or `Unmeasured` (waiting) during burn-in.
    """
    two_sided = bounds is Bounds.TWO_SIDED
    rho_squared = best_rho_squared(planned_units, alpha=alpha, two_sided=two_sided)
    if isinstance(found, Unmeasured):
        return found
    if found.n < burn_in_units:
        have = f"{found.n} of {burn_in_units} units of burn-in"
        return Unmeasured(f"the always-valid interval begins after burn-in: {have}", Cause.WAITING)
    half = half_width(
        found.n, found.standard_error, alpha=alpha, rho_squared=rho_squared, two_sided=two_sided
    )
    return _interval(found, half, bounds=bounds, level=1 - alpha, unit=unit)


def anytime_p_value(found: Contrast, *, planned_units: int, alpha: float, higher: bool) -> float:
    """One-sided always-valid p-value of "no effect" against "above 0" (`higher`) or "below 0".

    The A/B's p-value is the running minimum of this over its looks; it is at most alpha exactly
    when the one-sided sequence at alpha excluded 0.

    Args:
        found: The effect so far.
        planned_units: As for the sequence.
        alpha: The alpha that the sequence was tuned for.
        higher: Direction of the alternative.

    Returns:
        A number above 0, at most 1: exact to 1e-9 of itself down to 1e-300, never below 2.2e-308.
    """
    rho_squared = best_rho_squared(planned_units, alpha=alpha)
    z = found.z if higher else -found.z
    mixed = found.n * rho_squared
    evidence = z * z * mixed / (2 * (mixed + 1))
    if z <= 0 or evidence == 0:
        return 1.0
    inverse = math.exp(-evidence) / -math.expm1(-evidence)
    return min(1.0, max(SMALLEST, math.sqrt(mixed + 1) / 2 * inverse))


def _interval(
    found: Contrast, half: float, *, bounds: Bounds, level: float, unit: str
) -> Estimate | Unmeasured:
    low, high = found.effect - half, found.effect + half
    if not math.isfinite(low) or not math.isfinite(high):
        return Unmeasured("the always-valid interval is not finite")
    return Estimate(
        value=found.effect,
        standard_error=found.standard_error,
        low=None if bounds is Bounds.UPPER else low,
        high=None if bounds is Bounds.LOWER else high,
        bounds=bounds,
        level=level,
        n=found.n,
        unit=unit,
        method=f"{found.method}, asymptotic confidence sequence",
    )


def _check_alpha(alpha: float, *, two_sided: bool) -> None:
    most = 1.0 if two_sided else 0.5
    if not 0 < alpha < most:
        raise ValueError(f"alpha must lie between 0 and {most:g}, not {alpha}")
