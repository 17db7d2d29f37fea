"""The effect of the challenger on a metric of an A/B, out of the moments of both arms."""

from dataclasses import dataclass

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.moments import Moments


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

    @property
    def z(self) -> float:
        """Effect in standard errors."""
        return self.effect / self.standard_error

    @property
    def information(self) -> float:
        """Fisher information about the effect, 1 / standard error squared."""
        return self.standard_error**-2


def contrast(control: Moments, treatment: Moments, columns: MetricColumns) -> Contrast | Unmeasured:
    """Treatment minus control with its standard error; no level, no interval.

    Returns:
        The contrast, or `Unmeasured` (cause waiting) with fewer than two units in an arm, or
        (cause broken) when the metric has zero variance in an arm, a column is missing, a ratio's
        mean denominator is not positive, or the result is not finite.
    """
    raise NotImplementedError


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
        critical: None: Welch's t interval at `level`, for the planned n only. A number (the bound of
            a group-sequential look): effect +- critical x standard error, on the normal scale.

    Returns:
        The estimate (n: units of both arms), or `Unmeasured` as `contrast` says.
    """
    raise NotImplementedError


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

    Its ends answer every relative non-inferiority test at once: `low > 1 - delta` exactly when the linear
    contrast y_T - (1 - delta) y_C, with its own standard error, is above `critical` of them; and
    `high < 1 + delta` exactly when (1 + delta) y_C - y_T is.

    Args:
        control: Moments of the champion's units.
        treatment: Moments of the challenger's units.
        columns: The metric.
        level: Two-sided level in (0, 1) that the interval is reported at.
        unit: Unit of the quotient.
        critical: As for `difference`.

    Returns:
        The estimate, or `Unmeasured` as `contrast` says, and also unless the control's value is more
        than `critical` standard errors above 0.
    """
    raise NotImplementedError


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

    Arguments and failures as for `ratio`, except that the control's value may be negative: it must be
    more than `critical` standard errors away from 0.
    """
    raise NotImplementedError


def p_worse(found: Contrast, *, higher_is_better: bool) -> float:
    """One-sided p-value of "the challenger is not worse" (small proves a regression), Welch's t.

    Returns:
        A number in [0, 1]; below 1e-300 it may be 0.
    """
    raise NotImplementedError


def p_two_sided(found: Contrast) -> float:
    """Two-sided p-value of "no effect", Welch's t.

    Returns:
        A number in [0, 1]; below 1e-300 it may be 0.
    """
    raise NotImplementedError
