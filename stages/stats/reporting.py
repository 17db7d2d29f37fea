"""How an effect is reported: a value with an interval that reaches so many standard errors."""

import math
from dataclasses import dataclass

from scipy.special import stdtrit

from stages.evidence.estimate import Estimate, Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Reporting:
    """How many standard errors an interval reaches, and what is said of it."""

    critical: float
    level: float
    unit: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A value; its interval, unless given, is symmetric."""

    value: float
    standard_error: float
    n: int
    method: str
    low: float | None = None
    high: float | None = None


def reporting(freedom: float, *, level: float, unit: str, critical: float | None) -> Reporting:
    """What an equal-tailed two-sided interval needs to know.

    Args:
        freedom: Degrees of freedom of the standard error, above 0.
        level: Two-sided level in (0, 1) that the interval is reported at.
        unit: Unit of the value.
        critical: None: Welch's t interval at `level`, for the planned n only. A number (the bound
            of a group-sequential look): value +- critical x standard error, on the normal scale.

    Raises:
        ValueError: A level outside (0, 1), or a critical value that is not positive and finite.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if critical is None:
        quantile = float(stdtrit(freedom, (1 + level) / 2))
        return Reporting(critical=quantile, level=level, unit=unit, name="Welch's t")
    if not 0 < critical < math.inf:
        raise ValueError(f"a critical value is positive and finite, not {critical}")
    name = f"normal, critical value {critical:.4f}"
    return Reporting(critical=critical, level=level, unit=unit, name=name)


def reported(found: Found, how: Reporting) -> Estimate | Unmeasured:
    """The estimate, or `Unmeasured` when a number of it is not finite."""
    half = how.critical * found.standard_error
    low = found.value - half if found.low is None else found.low
    high = found.value + half if found.high is None else found.high
    if not all(math.isfinite(x) for x in (found.value, found.standard_error, low, high)):
        return Unmeasured("the effect or its interval is not finite")
    return Estimate(
        value=found.value,
        standard_error=found.standard_error,
        low=low,
        high=high,
        level=how.level,
        n=found.n,
        unit=how.unit,
        method=f"{found.method}, {how.name}",
    )
