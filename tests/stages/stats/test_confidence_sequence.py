import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.stats.confidence_sequence import (
    anytime_p_value,
    asymptotic_confidence_sequence,
    best_rho_squared,
    half_width,
)
from stages.stats.experiments import Contrast


def effect(value: float, *, n: int = 1000, error: float = 0.1) -> Contrast:
    return Contrast(
        effect=value, standard_error=error, n=n, degrees_of_freedom=n - 2, method="means"
    )


def sequence(
    found: Contrast | Unmeasured, *, bounds: Bounds = Bounds.TWO_SIDED, alpha: float = 0.05
) -> Estimate | Unmeasured:
    return asymptotic_confidence_sequence(
        found, alpha=alpha, planned_units=2000, unit="share", bounds=bounds
    )


def test_the_mixture_and_the_bound_agree_with_published_numbers() -> None:
    rho_squared = best_rho_squared(100, alpha=0.05, two_sided=True)
    assert 1 / rho_squared == pytest.approx(12.60056, abs=1e-5)
    half = half_width(100, 0.1, alpha=0.05, rho_squared=rho_squared, two_sided=True)
    assert 100 * half == pytest.approx(30.35209, abs=1e-5)


def test_the_one_sided_width_has_its_published_form() -> None:
    n, error, alpha, rho2 = 500, 0.2, 0.02, 0.01
    s2 = n * error**2
    width = math.sqrt(
        2
        * s2
        * (n * rho2 + 1)
        / (n * n * rho2)
        * math.log(1 + math.sqrt(n * rho2 + 1) / (2 * alpha))
    )
    assert half_width(n, error, alpha=alpha, rho_squared=rho2) == pytest.approx(width, rel=1e-12)


@pytest.mark.parametrize("two_sided", [False, True])
def test_the_mixture_is_near_the_best_at_the_planned_units(*, two_sided: bool) -> None:
    best = best_rho_squared(1000, alpha=0.025, two_sided=two_sided)
    widths = [
        half_width(1000, 1.0, alpha=0.025, rho_squared=best * k, two_sided=two_sided)
        for k in np.geomspace(0.1, 10, 41)
    ]
    assert widths[20] <= 1.001 * min(widths)


def test_each_kind_of_sequence_has_its_ends() -> None:
    both, upper, lower = (
        sequence(effect(0.3), bounds=bounds)
        for bounds in (Bounds.TWO_SIDED, Bounds.UPPER, Bounds.LOWER)
    )
    assert isinstance(both, Estimate)
    assert isinstance(upper, Estimate)
    assert isinstance(lower, Estimate)
    assert both.low is not None
    assert both.high is not None
    assert upper.high is not None
    assert lower.low is not None
    assert upper.low is None
    assert lower.high is None
    assert both.low < lower.low < 0.3 < upper.high < both.high
    assert both.level == upper.level == 0.95
    assert "confidence sequence" in both.method


def test_there_is_no_sequence_during_burn_in_or_without_an_effect() -> None:
    early = sequence(effect(0.3, n=99))
    assert isinstance(early, Unmeasured)
    assert early.cause is Cause.WAITING
    assert "99 of 100 units" in early.reason
    missing = Unmeasured("zero variance")
    assert sequence(missing) is missing


def test_an_interval_that_overflows_is_unmeasured() -> None:
    found = sequence(effect(1e308, error=1e308))
    assert isinstance(found, Unmeasured)
    assert "not finite" in found.reason


@pytest.mark.parametrize(
    ("alpha", "bounds"),
    [(0.5, Bounds.UPPER), (0.0, Bounds.LOWER), (1.0, Bounds.TWO_SIDED), (math.nan, Bounds.UPPER)],
)
def test_an_alpha_out_of_range_is_refused(alpha: float, bounds: Bounds) -> None:
    with pytest.raises(ValueError, match="alpha"):
        sequence(effect(0.3), bounds=bounds, alpha=alpha)
    with pytest.raises(ValueError, match="alpha"):
        half_width(10, 1.0, alpha=alpha, rho_squared=1.0, two_sided=bounds is Bounds.TWO_SIDED)


def test_units_and_mixture_must_be_positive() -> None:
    with pytest.raises(ValueError, match="at least one unit"):
        best_rho_squared(0, alpha=0.05)
    for n, rho_squared in ((0, 1.0), (10, 0.0), (10, math.nan)):
        with pytest.raises(ValueError, match="must be above 0"):
            half_width(n, 1.0, alpha=0.05, rho_squared=rho_squared)


@given(st.floats(-2, 2), st.integers(100, 10**6), st.floats(0.001, 0.2))
def test_the_p_value_is_below_alpha_exactly_when_the_sequence_excludes_zero(
    value: float, n: int, alpha: float
) -> None:
    found = effect(value, n=n)
    lower = sequence(found, bounds=Bounds.LOWER, alpha=alpha)
    assert isinstance(lower, Estimate)
    assert lower.low is not None
    p_value = anytime_p_value(found, planned_units=2000, alpha=alpha, higher=True)
    if abs(lower.low) > 1e-9:
        assert (p_value < alpha) == (lower.low > 0)
    mirrored = effect(-value, n=n)
    assert anytime_p_value(mirrored, planned_units=2000, alpha=alpha, higher=False) == p_value


def test_the_p_value_spans_from_certainty_to_nothing() -> None:
    sure = anytime_p_value(effect(100.0), planned_units=2000, alpha=0.05, higher=True)
    assert 0 <= sure < 1e-300
    assert anytime_p_value(effect(0.0), planned_units=2000, alpha=0.05, higher=True) == 1
    assert anytime_p_value(effect(1e-170), planned_units=2000, alpha=0.05, higher=True) == 1


@pytest.mark.parametrize("two_sided", [False, True])
def test_peeking_after_every_unit_misses_less_often_than_alpha(*, two_sided: bool) -> None:
    rng, trials, horizon, alpha = np.random.default_rng(3), 1000, 2000, 0.05
    n = np.arange(100, horizon + 1)
    rho_squared = best_rho_squared(horizon, alpha=alpha, two_sided=two_sided)
    width = np.array(
        [
            half_width(
                int(k), 1 / math.sqrt(k), alpha=alpha, rho_squared=rho_squared, two_sided=two_sided
            )
            for k in n
        ]
    )
    means = rng.normal(0, 1, (trials, horizon)).cumsum(axis=1)[:, 99:] / n
    missed = (np.abs(means) if two_sided else means) > width
    rate = missed.any(axis=1).mean()
    assert 0.002 < rate <= alpha + 0.01


def test_one_end_at_alpha_is_tuned_as_both_ends_at_twice_alpha() -> None:
    one = best_rho_squared(500, alpha=0.02)
    assert one == best_rho_squared(500, alpha=0.04, two_sided=True)


@pytest.mark.parametrize("evidence", [10.0, 100.0, 600.0, 690.0])
def test_anytime_p_values_are_exact_down_to_1e_300(evidence: float) -> None:
    import mpmath

    rho_squared = best_rho_squared(2000, alpha=0.025)
    mixed = 1000 * rho_squared
    z = math.sqrt(2 * (mixed + 1) / mixed * evidence)
    found = anytime_p_value(effect(z, error=1.0), planned_units=2000, alpha=0.025, higher=True)
    with mpmath.workdps(40):
        square = mpmath.mpf(z) ** 2 * mpmath.mpf(mixed) / (2 * (mpmath.mpf(mixed) + 1))
        exact = mpmath.sqrt(mpmath.mpf(mixed) + 1) / 2 / mpmath.expm1(square)
        assert abs(found / exact - 1) < 1e-9


def test_no_anytime_p_value_is_zero() -> None:
    found = anytime_p_value(effect(99.0, error=1.0), planned_units=2000, alpha=0.025, higher=True)
    assert 0 < found < 1e-300
