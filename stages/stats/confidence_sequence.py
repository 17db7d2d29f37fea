"""Asymptotic confidence sequences: intervals that hold at every look, planned or not."""

from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.stats.experiments import Contrast


def best_rho_squared(planned_units: int, *, alpha: float, two_sided: bool = False) -> float:
    """The mixture variance that makes the sequence tightest at the planned number of units.

    Args:
        planned_units: Units of both arms at which the A/B should be decided, at least 1.
        alpha: Error in (0, 1); below 0.5 when one-sided, where 2 alpha stands in its place.
        two_sided: Whether alpha is shared by both ends.

    Returns:
        rho^2, above 0; confseq's rho is its inverse.

    References:
        Waudby-Smith et al. (2021), appendix B.2; Howard et al. (2021), eq. 3.6.
    """
    raise NotImplementedError


def half_width(
    n: int, standard_error: float, *, alpha: float, rho_squared: float, two_sided: bool = False
) -> float:
    """Distance from the effect to the end of the sequence after n units.

    References:
        Waudby-Smith et al. (2021), theorem 2.2 (two-sided) and appendix B.1 (one-sided).
    """
    raise NotImplementedError


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
    raise NotImplementedError


def anytime_p_value(found: Contrast, *, planned_units: int, alpha: float, higher: bool) -> float:
    """One-sided always-valid p-value of "no effect" against "above 0" (`higher`) or "below 0".

    The A/B's p-value is the running minimum of this over its looks; it is at most alpha exactly
    when the one-sided sequence at alpha excluded 0.

    Args:
        found: The effect so far.
        planned_units: As for the sequence.
        alpha: The alpha that the sequence was tuned for.
        higher: Direction of the alternative.
    """
    raise NotImplementedError
