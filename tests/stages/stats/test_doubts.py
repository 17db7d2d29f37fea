import numpy as np
import pytest

from stages.stats.doubts import (
    doubts_of_means,
    doubts_of_quantiles,
    doubts_of_shares,
    end_error,
)
from stages.stats.experiments import MetricColumns
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm
from stages.stats.two_shares import ArmShare

Y = MetricColumns(numerator="y")
CALM = (0.0, 0.0)


def arm(n: int, *, variance: float = 1.0, below: float = 0.0) -> Moments:
    """Values around 3 over a denominator of mean 2, whose variance is `below`."""
    return Moments(
        n=n,
        names=("y", "n", "x", "w"),
        mean=(3.0, 2.0, 0.0, 0.0),
        covariance=(
            (variance, 0.0, 0.5, 0.0),
            (0.0, below, 0.0, 0.0),
            (0.5, 0.0, 1.0, 0.0),
            (0.0, 0.0, 0.0, 1.0),
        ),
    )


def test_many_calm_units_leave_no_doubt() -> None:
    assert doubts_of_means(arm(500), arm(500), Y, skewness=CALM) == ()


def test_where_there_is_no_effect_nothing_is_doubted() -> None:
    assert doubts_of_means(arm(500), arm(500, variance=0.3), Y, skewness=CALM) == ()
    absent = MetricColumns(numerator="q")
    assert doubts_of_means(arm(5), arm(5), absent, skewness=(9.0, 9.0)) == ()


def test_unknown_skewness_is_said() -> None:
    (said,) = doubts_of_means(arm(500), arm(500), Y, skewness=None)
    assert "not known" in said


def test_few_units_are_said() -> None:
    (said,) = doubts_of_means(arm(40), arm(40), Y, skewness=CALM)
    assert said.startswith("few units: 78 degrees of freedom")


def test_skewness_at_the_limit_is_not_doubted_and_above_it_is() -> None:
    assert doubts_of_means(arm(1600), arm(1600), Y, skewness=(2.0, -2.0)) == ()
    (said,) = doubts_of_means(arm(1599), arm(1600), Y, skewness=(2.0, 0.0))
    assert "0.05 in an arm" in said


def test_the_skewness_of_equal_arms_cancels_in_their_difference() -> None:
    (said,) = doubts_of_means(arm(400), arm(400), Y, skewness=(2.0, 2.0))
    assert "0.10 in an arm" in said
    assert "it cancels" in said


@pytest.mark.parametrize(
    ("sizes", "skewness", "end"),
    [
        ((3600, 400), (2.0, 2.0), "upper"),
        ((400, 3600), (2.0, 2.0), "lower"),
        ((3600, 400), (-2.0, -2.0), "lower"),
        ((400, 400), (-2.0, 2.0), "upper"),
    ],
)
def test_the_end_that_skewness_falsifies_is_named(
    sizes: tuple[int, int], skewness: tuple[float, float], end: str
) -> None:
    (said,) = doubts_of_means(arm(sizes[0]), arm(sizes[1]), Y, skewness=skewness)
    assert f"the {end} end of the difference may be wrong in 3." in said
    assert "not 2.50%" in said


def test_the_error_that_is_said_is_that_of_the_difference_s_skewness() -> None:
    """Third cumulants add: 4 / 600^2 - 4 / 1400^2, over the variance's power 1.5."""
    skewness = (4 / 600**2 - 4 / 1400**2) / (1 / 600 + 1 / 1400) ** 1.5
    (said,) = doubts_of_means(arm(1400), arm(600), Y, skewness=(4.0, 4.0))
    assert f"may be wrong in {end_error(0.025, skewness):.2%} of cases, not 2.50%" in said


@pytest.mark.parametrize("sizes", [(1800, 200), (700, 300), (200, 1800)])
def test_the_error_that_is_said_is_the_simulated_one(sizes: tuple[int, int]) -> None:
    random, trials, z = np.random.default_rng(7), 10_000, 1.959963984540054
    means, squares = [], []
    for n in sizes:
        values = random.standard_exponential((trials, n), dtype=np.float32)
        means.append(values.mean(axis=1))
        squares.append(values.var(axis=1, ddof=1) / n)
    missed = (means[1] - means[0]) / np.sqrt(squares[0] + squares[1])
    share = np.array([1 / n for n in sizes]) / sum(1 / n for n in sizes)
    own = 2 / np.sqrt(sizes) * share**1.5
    upper = end_error(0.025, own[1] - own[0])
    assert (missed < -z).mean() == pytest.approx(upper, abs=0.005)
    assert (missed > z).mean() == pytest.approx(0.05 - upper, abs=0.005)


def test_the_error_of_an_end_stays_a_probability() -> None:
    assert end_error(0.025, 0.0) == pytest.approx(0.025)
    assert end_error(0.025, 1e9) == 0.5
    assert end_error(0.025, -1e9) == 0.0


def test_a_noisy_denominator_is_said() -> None:
    per_n = MetricColumns(numerator="y", denominator="n")
    sure, noisy = arm(400, below=4.0), arm(400, below=4.1)
    assert doubts_of_means(sure, sure, per_n, skewness=CALM) == ()
    (said,) = doubts_of_means(sure, noisy, per_n, skewness=CALM)
    assert "the mean of n in the challenger arm is known to 5.1%" in said


def test_few_units_for_covariates_are_said() -> None:
    both = MetricColumns(numerator="y", covariates=("x", "w"))
    assert doubts_of_means(arm(200), arm(200), both, skewness=CALM) == ()
    (said,) = doubts_of_means(arm(199), arm(900), both, skewness=CALM)
    assert said == "few units for covariates: the champion arm has 199, 2 want 200"


def test_shares_want_events_and_units_without_one_in_both_arms() -> None:
    enough = ArmShare(value=0.02, n=10_000)
    assert doubts_of_shares(enough, enough) == ()
    (said,) = doubts_of_shares(ArmShare(value=0.02, n=90_000), ArmShare(value=0.02, n=9_000))
    assert said == "rare: the challenger arm expects 180 events, normal ends want 200"
    nearly_all = ArmShare(value=0.99, n=10_000)
    found = doubts_of_shares(nearly_all, nearly_all)
    assert len(found) == 2
    assert "expects 100 units without an event" in found[0]


def test_quantiles_want_units_beyond_them() -> None:
    few, many = (QuantileArm(value=1.0, standard_error=0.1, n=n) for n in (3_900, 4_000))
    assert doubts_of_quantiles(many, many, quantile=0.95) == ()
    (said,) = doubts_of_quantiles(few, many, quantile=0.95)
    assert "about 195 units of the champion arm" in said
    assert len(doubts_of_quantiles(few, few, quantile=0.01)) == 2
