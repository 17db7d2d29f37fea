import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.sample_ratio import (
    CONCENTRATION,
    SampleRatio,
    chi_square,
    log_alternative,
    log_null,
    sequential,
)


def sized(found: SampleRatio | Unmeasured) -> SampleRatio:
    assert isinstance(found, SampleRatio), found
    return found


@pytest.mark.parametrize(
    ("counts", "alternative", "null"),
    [
        ((1, 0, 0), -1.09861, -0.91629),
        ((1, 1, 0), -2.48491, -1.83258),
        ((2, 1, 0), -3.40120, -2.74887),
        ((2, 2, 0), -4.49981, -3.66516),
        ((2, 2, 1), -6.44572, -5.27460),
    ],
)
def test_likelihoods_agree_with_published_numbers(
    counts: tuple[int, ...], alternative: float, null: float
) -> None:
    assert log_alternative(counts, (1, 1, 1)) == pytest.approx(alternative, abs=1e-5)
    assert log_null(counts, (0.4, 0.4, 0.2)) == pytest.approx(null, abs=1e-5)
    found = sized(sequential(counts, (0.4, 0.4, 0.2), dirichlet=(1, 1, 1)))
    assert found.statistic == pytest.approx(alternative - null, abs=2e-5)
    assert found.p_value == pytest.approx(min(1, math.exp(null - alternative)), abs=2e-5)


@pytest.mark.parametrize("weights", [(1, 1), (9, 1), (2, 1, 1)])
def test_chi_square_agrees_with_scipy(weights: tuple[float, ...]) -> None:
    from scipy.stats import chisquare

    counts = (510, 460, 250)[: len(weights)]
    found = sized(chi_square(counts, weights))
    theirs = chisquare(counts, np.array(weights) / sum(weights) * sum(counts))
    assert found.statistic == pytest.approx(theirs.statistic, rel=1e-12)
    assert found.p_value == pytest.approx(theirs.pvalue, rel=1e-9)
    assert found.expected == pytest.approx(tuple(theirs_expected(counts, weights)))


def theirs_expected(counts: tuple[int, ...], weights: tuple[float, ...]) -> list[float]:
    return [sum(counts) * w / sum(weights) for w in weights]


def test_an_arm_without_weight_takes_no_degree_of_freedom() -> None:
    assert sized(chi_square((480, 520, 0), (1, 1, 0))).p_value == pytest.approx(
        sized(chi_square((480, 520), (1, 1))).p_value
    )
    with_empty = sized(sequential((480, 520, 0), (1, 1, 0)))
    assert with_empty.statistic == pytest.approx(sized(sequential((480, 520), (1, 1))).statistic)


@pytest.mark.parametrize("test", [chi_square, sequential])
def test_units_in_an_arm_that_should_have_none_alarm_at_once(test: object) -> None:
    assert callable(test)
    found = sized(test((50, 50, 1), (1, 1, 0)))
    assert found.p_value == 0
    assert found.statistic == math.inf
    assert found.alarms(1e-12)


def test_too_few_units_wait() -> None:
    for found in (
        chi_square((0, 0), (1, 1)),
        chi_square((2, 40), (1, 9)),
        sequential((0, 0), (1, 1)),
    ):
        assert isinstance(found, Unmeasured)
        assert found.cause is Cause.WAITING


def test_a_broken_split_alarms_and_a_true_one_does_not() -> None:
    assert sized(sequential((101_000, 99_000), (1, 1))).alarms(0.01)
    assert not sized(sequential((100_100, 99_900), (1, 1))).alarms(0.01)
    assert sized(sequential((100_000, 100_000), (1, 1))).p_value == 1


def test_the_default_prior_is_concentration_times_the_split() -> None:
    explicit = sequential((90, 20), (4, 1), dirichlet=(0.8 * CONCENTRATION, 0.2 * CONCENTRATION))
    assert sequential((90, 20), (4, 1)) == explicit
    assert sequential((90, 20), (4, 1), concentration=10) != explicit


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=4), st.floats(0.5, 1e5))
def test_the_bayes_factor_does_not_know_the_order_of_the_arms(
    counts: list[int], concentration: float
) -> None:
    weights = list(range(1, len(counts) + 1))
    forth = sequential(counts, weights, concentration=concentration)
    back = sequential(counts[::-1], weights[::-1], concentration=concentration)
    if isinstance(forth, Unmeasured):
        assert forth == back
        return
    assert 0 <= forth.p_value <= 1
    assert sized(back).statistic == pytest.approx(forth.statistic, rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(
    ("counts", "weights", "message"),
    [
        ((1, 2), (1, 1, 1), "cannot have 3 weights"),
        ((-1, 2), (1, 1), "at least 0"),
        ((1, 2), (1, -1), "at least 0"),
        ((1, 2), (1, math.nan), "at least 0"),
        ((1, 2), (1, math.inf), "at least 0"),
        ((1, 2), (1, 0), "two arms"),
    ],
)
def test_nonsense_is_refused(
    counts: tuple[int, ...], weights: tuple[float, ...], message: str
) -> None:
    for test in (chi_square, sequential):
        with pytest.raises(ValueError, match=message):
            test(counts, weights)


@pytest.mark.parametrize("prior", [(1.0,), (1.0, 0.0), (1.0, math.nan), (1.0, math.inf)])
def test_a_prior_that_is_not_positive_is_refused(prior: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="Dirichlet"):
        sequential((5, 5), (1, 1), dirichlet=prior)


def test_two_hundred_looks_at_a_true_split_rarely_alarm() -> None:
    rng, alarms, trials = np.random.default_rng(4), 0, 100
    for _ in range(trials):
        first = rng.binomial(500, 0.5, 200).cumsum()
        alarms += any(
            sized(sequential((int(a), 500 * (k + 1) - int(a)), (1, 1))).alarms(0.01)
            for k, a in enumerate(first)
        )
    assert alarms <= 4


def test_no_split_is_refuted_with_certainty() -> None:
    for test in (chi_square, sequential):
        found = sized(test((10**6, 10**5), (1, 1)))
        assert 0 < found.p_value < 1e-300
