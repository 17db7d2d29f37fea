"""The ends that may stop an A/B for harm."""

import math

import pytest

from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.online.harm import Harm, sequences
from stages.online.look_data import MetricArms
from stages.stats.confidence_sequence import best_rho_squared, half_width
from stages.stats.experiments import MetricColumns
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm

HARM = Harm(
    columns=MetricColumns(numerator="value"),
    alpha=0.05,
    planned_units=2_000,
    burn_in_units=100,
    unit="number",
    bounds=Bounds.UPPER,
    shares=False,
)


def arm(n: int, mean: float, variance: float = 1.0) -> Moments:
    return Moments(n=n, names=("value",), mean=(mean,), covariance=((variance,),))


def arms_of(
    champion: Moments | QuantileArm,
    challenger: Moments | QuantileArm,
    skewness: tuple[float, float] | None = None,
) -> MetricArms:
    return MetricArms(metric="value", champion=champion, challenger=challenger, skewness=skewness)


def changed(**changes: object) -> Harm:
    values = {name: getattr(HARM, name) for name in HARM.__slots__}
    return Harm(**{**values, **changes})


def reach(found: Estimate | Unmeasured) -> float:
    """The harmful end in standard errors from the effect."""
    assert isinstance(found, Estimate)
    assert found.standard_error is not None
    end = found.high if found.bounds is Bounds.UPPER else found.low
    assert end is not None
    return abs(end - found.value) / found.standard_error


def normal(n: int) -> float:
    rho = best_rho_squared(HARM.planned_units, alpha=HARM.alpha)
    return half_width(n, 1.0, alpha=HARM.alpha, rho_squared=rho)


def test_no_sequence_begins_before_each_arm_has_half_of_the_burn_in() -> None:
    for found in sequences(arms_of(arm(441, 1.0), arm(49, 1.0)), HARM):
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.WAITING
        assert "49 of 50 units" in found.reason
    assert all(isinstance(f, Estimate) for f in sequences(arms_of(arm(450, 9), arm(50, 9)), HARM))
    few = sequences(arms_of(arm(49, 9), arm(50, 9)), HARM)
    assert all(isinstance(found, Unmeasured) for found in few)


@pytest.mark.parametrize("bounds", [Bounds.UPPER, Bounds.LOWER])
def test_a_skewed_end_reaches_farther_and_never_less_far(bounds: Bounds) -> None:
    harm, small = changed(bounds=bounds), (arm(1_800, 9.0), arm(200, 9.0))
    plain, skewed, left = (
        reach(sequences(arms_of(*small, skewness), harm)[0])
        for skewness in (None, (2.0, 2.0), (-2.0, -2.0))
    )
    assert plain == pytest.approx(normal(2_000))
    far, near = (skewed, left) if bounds is Bounds.UPPER else (left, skewed)
    assert far > 1.1 * plain
    assert near == pytest.approx(plain)


def test_skewness_cancels_in_equal_arms() -> None:
    found, _ = sequences(arms_of(arm(500, 9.0), arm(500, 9.0), (4.0, 4.0)), HARM)
    assert reach(found) == pytest.approx(normal(1_000))


def test_the_skewness_of_a_share_is_known_without_being_told() -> None:
    rare = (arm(1_800, 0.05, 0.0475), arm(200, 0.05, 0.0475))
    told = (1 - 0.1) / math.sqrt(0.0475)
    known, _ = sequences(arms_of(*rare), changed(shares=True))
    said, _ = sequences(arms_of(*rare, (told, told)), HARM)
    assert reach(known) == pytest.approx(reach(said))
    assert reach(known) > 1.2 * normal(2_000)


def test_the_quotient_reaches_as_far() -> None:
    plain, skewed = (
        sequences(arms_of(arm(1_800, 9.0), arm(200, 9.0), skewness), HARM)[1]
        for skewness in (None, (2.0, 2.0))
    )
    assert isinstance(plain, Estimate)
    assert isinstance(skewed, Estimate)
    assert plain.low is None
    assert plain.high is not None
    assert skewed.high is not None
    assert skewed.high > plain.high
    assert skewed.level == pytest.approx(0.95)


def test_quantiles_have_the_normal_end() -> None:
    quantile = QuantileArm(value=9.0, standard_error=0.1, n=500)
    found, _ = sequences(arms_of(quantile, quantile), HARM)
    assert reach(found) == pytest.approx(normal(1_000))


def test_an_arm_that_is_not_measured_has_no_sequence() -> None:
    missing = Unmeasured("no column")
    metric = MetricArms(metric="value", champion=arm(500, 9.0), challenger=missing)
    assert sequences(metric, HARM) == (missing, missing)
