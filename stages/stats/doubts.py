"""Where the normal approximation behind an interval of an A/B may not hold, said in sentences.

Nothing here changes an interval. At each limit simulated coverage is still 95 +- 0.4 %, and one end
alone is wrong in at most a sixth more cases than said; infra/docs/statistics.md has the rates.
"""

import math
from dataclasses import dataclass

from scipy.special import ndtri

from stages.evidence.estimate import Unmeasured
from stages.stats.experiments import MetricColumns, contrast, of_one_arm
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm
from stages.stats.two_shares import ArmShare

MOST_SKEWNESS = 0.05
"""Skewness of a unit's value / sqrt n of an arm: that of its mean."""
FEWEST_EVENTS = 200
"""Expected events, and expected units without one, in an arm; units beyond a quantile."""
FEWEST_FREEDOM = 100
"""Degrees of freedom below which normal bounds are too narrow for an estimated error."""
FEWEST_PER_COVARIATE = 100
"""Units of an arm for each covariate, whose estimated slope adds its own noise."""
NOISIEST_DENOMINATOR = 0.05
"""Relative standard error of a ratio's mean denominator."""


def doubts_of_means(
    control: Moments,
    treatment: Moments,
    columns: MetricColumns,
    *,
    skewness: tuple[float, float] | None,
    tail: float = 0.025,
) -> tuple[str, ...]:
    """What speaks against a normal interval of a mean, or of a ratio of means.

    Args:
        control: Moments of the champion's units.
        treatment: Moments of the challenger's units.
        columns: The metric.
        skewness: Third standardised moment of units' values, control and treatment; None where it
            is not known.
        tail: How often one end of the interval may be wrong, in (0, 0.5).

    Returns:
        One sentence for each doubt; none when there is none, or no effect to doubt.
    """
    found = contrast(control, treatment, columns)
    if isinstance(found, Unmeasured):
        return ()
    said = list[str]()
    if found.degrees_of_freedom < FEWEST_FREEDOM:
        said.append(
            f"few units: {found.degrees_of_freedom:.0f} degrees of freedom of the error, normal "
            f"bounds want {FEWEST_FREEDOM}"
        )
    arms = (("champion", control), ("challenger", treatment))
    if skewness is None:
        said.append("how skewed units' values are is not known, so a normal mean is assumed")
    else:
        said += _of_skewness(_shape(control, treatment, columns, skewness), tail)
    for name, arm in arms:
        said += _of_denominator(arm, columns, name)
        said += _of_covariates(arm, columns, name)
    return tuple(said)


def doubts_of_shares(control: ArmShare, treatment: ArmShare) -> tuple[str, ...]:
    """What speaks against a normal interval of two shares: arms that expect few events.

    Returns:
        One sentence for each arm that expects fewer than 200 events, or 200 units without one, at
        the share of both arms together.
    """
    units = control.n + treatment.n
    events = control.value * control.n + treatment.value * treatment.n
    rarer = min(events, units - events) / units
    kind = "events" if events <= units - events else "units without an event"
    return tuple(
        f"rare: the {name} arm expects {rarer * arm.n:.0f} {kind}, normal ends want {FEWEST_EVENTS}"
        for name, arm in (("champion", control), ("challenger", treatment))
        if rarer * arm.n < FEWEST_EVENTS
    )


def doubts_of_quantiles(
    control: QuantileArm, treatment: QuantileArm, *, quantile: float
) -> tuple[str, ...]:
    """What speaks against a normal interval of quantiles: few units beyond them.

    Args:
        control: The champion's quantile.
        treatment: The challenger's quantile.
        quantile: Which one, in (0, 1).
    """
    beyond = min(quantile, 1 - quantile)
    return tuple(
        f"extreme quantile: about {beyond * arm.n:.0f} units of the {name} arm lie beyond it, "
        f"normal ends want {FEWEST_EVENTS}"
        for name, arm in (("champion", control), ("challenger", treatment))
        if beyond * arm.n < FEWEST_EVENTS
    )


def end_error(tail: float, skewness: float) -> float:
    """How often an end is wrong that should be in a share `tail`, by a skewed effect.

    Args:
        tail: Nominal error of one end, in (0, 0.5).
        skewness: Of the effect, in its own standard error; above 0 for the upper end.

    Returns:
        A probability; between 0 and 0.5, as the expansion alone may leave it.

    References:
        Hall (1992), The Bootstrap and Edgeworth Expansion, section 2.6: the studentised mean's
        first term, skewness (2 z^2 + 1) phi(z) / 6.
    """
    z = float(ndtri(tail))
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return min(0.5, max(0.0, tail + skewness / 6 * (2 * z * z + 1) * density))


def skewness_of_effect(
    control: Moments, treatment: Moments, columns: MetricColumns, skewness: tuple[float, float]
) -> float:
    """Skewness of treatment minus control, in its own standard error, before covariates.

    Arguments as for `doubts_of_means`, for arms of which a contrast is known.
    """
    return _shape(control, treatment, columns, skewness).effect


@dataclass(frozen=True, slots=True, kw_only=True)
class _Shape:
    """Skewness of each arm's mean, and of their difference."""

    champion: float
    challenger: float
    effect: float


def _shape(
    control: Moments, treatment: Moments, columns: MetricColumns, skewness: tuple[float, float]
) -> _Shape:
    """At equal arms the effect's skewness is 0; at 90/10 nearly that of the small arm."""
    own = [_mean_variance(arm, columns) for arm in (control, treatment)]
    of_mean = [g / math.sqrt(arm.n) for g, arm in zip(skewness, (control, treatment), strict=True)]
    share = [variance / sum(own) for variance in own]
    return _Shape(
        champion=of_mean[0],
        challenger=of_mean[1],
        effect=of_mean[1] * share[1] ** 1.5 - of_mean[0] * share[0] ** 1.5,
    )


def _mean_variance(arm: Moments, columns: MetricColumns) -> float:
    value = of_one_arm(arm, columns, arm="")
    assert not isinstance(value, Unmeasured), "a contrast has both arms"
    return value.variance / value.n


def _of_skewness(shape: _Shape, tail: float) -> list[str]:
    worst = max(abs(shape.champion), abs(shape.challenger))
    if worst <= MOST_SKEWNESS:
        return []
    said = f"heavy tails: skewness / sqrt n is up to {worst:.2f} in an arm, at most 0.05 is tested"
    if abs(shape.effect) <= MOST_SKEWNESS:
        return [f"{said}; it cancels in the difference of the arms"]
    end, error = "upper" if shape.effect > 0 else "lower", end_error(tail, abs(shape.effect))
    wrong = f"may be wrong in {error:.2%} of cases, not {tail:.2%}"
    return [f"{said}; the {end} end of the difference {wrong}"]


def _of_denominator(arm: Moments, columns: MetricColumns, name: str) -> list[str]:
    if columns.denominator is None:
        return []
    i = arm.index(columns.denominator)
    error = math.sqrt(arm.covariance[i][i] / arm.n) / arm.mean[i]
    if error <= NOISIEST_DENOMINATOR:
        return []
    known = f"the mean of {columns.denominator} in the {name} arm is known to {error:.1%}"
    return [f"noisy denominator: {known}, the delta method wants {NOISIEST_DENOMINATOR:.0%}"]


def _of_covariates(arm: Moments, columns: MetricColumns, name: str) -> list[str]:
    count = len(columns.covariates)
    wanted = FEWEST_PER_COVARIATE * count
    if arm.n >= wanted:
        return []
    return [f"few units for covariates: the {name} arm has {arm.n}, {count} want {wanted}"]
