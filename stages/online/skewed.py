"""How far an end must reach where units' values are skewed and arms unequal."""

from stages.evidence.estimate import Unmeasured
from stages.online.effects import effect
from stages.online.look_data import MetricArms
from stages.stats.doubts import skewness_of_effect
from stages.stats.experiments import MetricColumns
from stages.stats.moments import Moments
from stages.stats.ranges import Range
from stages.stats.student import untransformed
from stages.stats.two_shares import skewness_of_share


def reaches(arms: MetricArms, columns: MetricColumns, *, critical: float, shares: bool) -> Range:
    """Standard errors from the effect to its lower and upper end, each at least `critical`.

    At equal arms skewness cancels; at 90/10 the effect is nearly as skewed as the small arm's mean,
    and over fourteen looks a normal end errs up to three times as often as it says.

    Args:
        arms: Both arms.
        columns: The metric; covariates are taken to leave the values as skewed as they are.
        critical: Critical value of a normal effect, above 0.
        shares: Whether values are 0 and 1, so that their skewness is known.

    Returns:
        `critical` at both ends where the skewness is not known, or there is no effect.

    References:
        Hall (1992), JRSS B 54, 221-228, the inverse of his cubic transformation.
    """
    skewness = _skewness(arms, columns, shares=shares)
    return Range(
        low=max(critical, untransformed(critical, skewness)),
        high=max(critical, -untransformed(-critical, skewness)),
    )


def _skewness(arms: MetricArms, columns: MetricColumns, *, shares: bool) -> float:
    control, treatment = arms.champion, arms.challenger
    if not isinstance(control, Moments) or not isinstance(treatment, Moments):
        return 0.0
    if isinstance(effect(arms, columns), Unmeasured):
        return 0.0
    of_units = arms.skewness
    if shares:
        of_units = (skewness_of_share(control.mean[0]), skewness_of_share(treatment.mean[0]))
    if of_units is None:
        return 0.0
    return skewness_of_effect(control, treatment, columns, of_units)
