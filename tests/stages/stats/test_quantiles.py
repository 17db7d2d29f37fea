import math

import numpy as np
import pytest

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.quantiles import (
    QuantileArm,
    contrast_of_quantiles,
    ratio_of_quantiles,
    value_of_quantile,
)


def arm(value: float, error: float = 0.1, n: int = 100) -> QuantileArm:
    return QuantileArm(value=value, standard_error=error, n=n)


def test_independent_arms_add_their_variances() -> None:
    found = contrast_of_quantiles(arm(2.0, 0.3, 50), arm(2.5, 0.4, 80))
    assert isinstance(found, Contrast)
    assert found.effect == pytest.approx(0.5)
    assert found.standard_error == pytest.approx(0.5)
    assert found.n == 130
    assert found.degrees_of_freedom == pytest.approx(
        0.25**2 / (0.09**2 / 49 + 0.16**2 / 79), rel=1e-12
    )


def test_the_ratio_s_ends_are_the_quotients_that_the_contrast_just_fails_to_refute() -> None:
    control, treatment = arm(2.0, 0.1), arm(2.4, 0.2)
    found = ratio_of_quantiles(control, treatment, level=0.95, critical=2.0)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(1.2)
    for end in (found.low, found.high):
        assert end is not None
        assert abs(2.4 - end * 2.0) / math.hypot(0.2, end * 0.1) == pytest.approx(2.0, rel=1e-12)


def test_intervals_of_simulated_medians_cover_the_truth() -> None:
    random, missed, trials, n = np.random.default_rng(5), np.zeros(3), 3000, 400
    error = math.sqrt(0.25 / n) / 0.5
    medians = np.median(random.exponential(1, (trials, 2, n)), axis=2)
    for control, treatment in medians:
        arms = arm(control, error, n), arm(treatment, error, n)
        difference = contrast_of_quantiles(*arms)
        assert isinstance(difference, Contrast)
        quotient = ratio_of_quantiles(*arms, level=0.95)
        own = value_of_quantile(arms[0], level=0.95, unit="ms")
        truths = (1.0, math.log(2))
        missed += [
            abs(difference.z) > 1.96,
            *(
                not (e.low or 0) <= truth <= (e.high or 0)
                for e, truth in zip((quotient, own), truths, strict=True)
                if isinstance(e, Estimate)
            ),
        ]
    assert missed / trials == pytest.approx(0.05, abs=0.015)


@pytest.mark.parametrize("few", [0, 1])
def test_one_unit_has_no_error_to_compare_with(few: int) -> None:
    arms = [arm(1.0), arm(1.0)]
    arms[few] = arm(1.0, n=1)
    for found in (contrast_of_quantiles(*arms), ratio_of_quantiles(*arms, level=0.95)):
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.WAITING
    alone = value_of_quantile(arms[few], level=0.95, unit="ms")
    assert isinstance(alone, Unmeasured)
    assert alone.cause is Cause.WAITING


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (arm(1.0, 1e-200), arm(1.0, 1e-200)),
        (arm(1.0, 1e-160), arm(1.0, 1e-160)),
        (arm(1.0, 1e200), arm(1.0, 1e200)),
        (arm(-1.7e308), arm(1.7e308)),
    ],
)
def test_absurd_magnitudes_are_unmeasured(control: QuantileArm, treatment: QuantileArm) -> None:
    assert isinstance(contrast_of_quantiles(control, treatment), Unmeasured)
    assert isinstance(ratio_of_quantiles(control, treatment, level=0.95), Estimate | Unmeasured)


def test_a_quantile_around_zero_has_no_ratio() -> None:
    found = ratio_of_quantiles(arm(0.1, 0.1), arm(1.0), level=0.95)
    assert isinstance(found, Unmeasured)
    assert "not clearly above 0" in found.reason


@pytest.mark.parametrize(
    ("value", "error", "n"),
    [(math.nan, 1.0, 2), (math.inf, 1.0, 2), (1.0, 0.0, 2), (1.0, math.inf, 2), (1.0, 1.0, 0)],
)
def test_a_senseless_quantile_cannot_be_made(value: float, error: float, n: int) -> None:
    with pytest.raises(ValueError, match="quantile"):
        QuantileArm(value=value, standard_error=error, n=n)
