"""The sequences that may stop an A/B for harm, of one metric at one look."""

from dataclasses import dataclass, replace
from functools import lru_cache

from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.online.effects import effect, quotient
from stages.online.look_data import MetricArms
from stages.online.skewed import reaches
from stages.stats.confidence_sequence import (
    asymptotic_confidence_sequence,
    best_rho_squared,
    half_width,
)
from stages.stats.experiments import MetricColumns


@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """What the harm sequences of one metric are made by, at every look.

    Attributes:
        columns: The metric's columns.
        alpha: Its share of the error.
        planned_units: Units at which the sequences are tightest.
        burn_in_units: No sequence before each arm has half as many.
        unit: Unit of its value.
        bounds: The end that tells of harm.
        shares: Whether its values are 0 and 1, so that their skewness is known.
    """

    columns: MetricColumns
    alpha: float
    planned_units: int
    burn_in_units: int
    unit: str
    bounds: Bounds
    shares: bool


@lru_cache(maxsize=4096)
def sequences(arms: MetricArms, harm: Harm) -> tuple[Estimate | Unmeasured, Estimate | Unmeasured]:
    """DIFFERENCE and RATIO of one look, one-sided.

    The ratio's end inverts the sequence of y_T - rho y_C for every rho: Fieller's interval with the
    sequence's own critical value, so that a relative margin needs no plugged-in baseline. Of
    unequal arms the small one is soon too small for a normal mean, and an end that was wrong once
    stays: the burn-in counts both arms as the smaller one, and where values are skewed the end
    reaches as far as Hall's (1992) correction.
    """
    found = effect(arms, harm.columns)
    difference = asymptotic_confidence_sequence(
        found,
        alpha=harm.alpha,
        planned_units=harm.planned_units,
        unit=harm.unit,
        bounds=harm.bounds,
        burn_in_units=harm.burn_in_units,
    )
    if isinstance(found, Unmeasured) or isinstance(difference, Unmeasured):
        return difference, difference
    smaller = arms.smaller
    assert smaller is not None, "an effect has two arms"
    if 2 * smaller < harm.burn_in_units:
        reason = f"the smaller arm has {smaller} of {harm.burn_in_units / 2:g} units of burn-in"
        waits = Unmeasured(f"the always-valid interval begins later: {reason}", Cause.WAITING)
        return waits, waits
    critical = _critical(arms, harm, found.n)
    reach = critical * found.standard_error
    ends = replace(
        difference,
        low=None if difference.low is None else found.effect - reach,
        high=None if difference.high is None else found.effect + reach,
    )
    relative = quotient(arms, harm.columns, level=1 - 2 * harm.alpha, critical=critical)
    if isinstance(relative, Estimate):
        relative = _one_end(relative, harm.bounds, level=1 - harm.alpha)
    return ends, relative


def _critical(arms: MetricArms, harm: Harm, n: int) -> float:
    """Standard errors that the harmful end reaches."""
    rho = best_rho_squared(harm.planned_units, alpha=harm.alpha)
    normal = half_width(n, 1.0, alpha=harm.alpha, rho_squared=rho)
    found = reaches(arms, harm.columns, critical=normal, shares=harm.shares)
    return found.high if harm.bounds is Bounds.UPPER else found.low


def _one_end(found: Estimate, bounds: Bounds, *, level: float) -> Estimate:
    upper = bounds is Bounds.UPPER
    return replace(
        found,
        low=None if upper else found.low,
        high=found.high if upper else None,
        bounds=bounds,
        level=level,
        method=f"{found.method}, asymptotic confidence sequence",
    )
