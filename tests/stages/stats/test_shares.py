import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.proportion import proportion_confint

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.shares import clopper_pearson, exact_upper, wilson

counts = st.integers(1, 2000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))
levels = st.sampled_from([0.5, 0.8, 0.9, 0.95, 0.99])


def measured(value: Estimate | Unmeasured) -> tuple[float, float]:
    assert isinstance(value, Estimate)
    assert value.low is not None
    assert value.high is not None
    return value.low, value.high


@given(counts, levels)
def test_intervals_are_those_of_statsmodels(counted: tuple[int, int], level: float) -> None:
    successes, n = counted
    assert measured(wilson(successes, n, level=level)) == pytest.approx(
        proportion_confint(successes, n, alpha=1 - level, method="wilson"), abs=1e-12
    )
    assert measured(clopper_pearson(successes, n, level=level)) == pytest.approx(
        proportion_confint(successes, n, alpha=1 - level, method="beta"), abs=1e-9
    )


@given(counts, levels)
def test_exchanging_successes_and_failures_mirrors_the_interval(
    counted: tuple[int, int], level: float
) -> None:
    successes, n = counted
    for method in (wilson, clopper_pearson):
        low, high = measured(method(successes, n, level=level))
        assert (1 - high, 1 - low) == pytest.approx(
            measured(method(n - successes, n, level=level)), abs=1e-12
        )
        assert 0 <= low <= successes / n <= high <= 1
        assert low < high


@given(counts, levels)
def test_ten_times_the_items_narrow_the_interval(counted: tuple[int, int], level: float) -> None:
    successes, n = counted
    for method in (wilson, clopper_pearson):
        low, high = measured(method(successes, n, level=level))
        low_of_more, high_of_more = measured(method(10 * successes, 10 * n, level=level))
        assert high_of_more - low_of_more < high - low


@pytest.mark.parametrize(("n", "upper"), [(250, 0.0119), (1000, 0.0030)])
def test_no_failure_shows_what_the_exact_one_sided_bound_says(n: int, upper: float) -> None:
    _, high = measured(clopper_pearson(0, n, level=0.90))
    assert high == pytest.approx(1 - 0.05 ** (1 / n))
    assert round(high, 4) == upper


def test_wilson_would_claim_more_than_no_failure_shows() -> None:
    assert measured(wilson(0, 250, level=0.90))[1] == pytest.approx(0.0107, abs=5e-5)


def test_each_exact_end_has_its_own_error() -> None:
    low, high = measured(clopper_pearson(7, 90, level=0.9))
    assert stats.binom.sf(6, 90, low) == pytest.approx(0.05)
    assert stats.binom.cdf(7, 90, high) == pytest.approx(0.05)


def test_no_items_is_unmeasured() -> None:
    for method in (wilson, clopper_pearson):
        assert method(0, 0, level=0.95) == Unmeasured("no items were counted", Cause.WAITING)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, 0), (0, -1)])
def test_impossible_counts_are_the_callers_bug(successes: int, n: int) -> None:
    for method in (wilson, clopper_pearson):
        with pytest.raises(ValueError, match="is impossible"):
            method(successes, n, level=0.95)


def test_the_exact_interval_has_no_standard_error_and_the_score_interval_has() -> None:
    exact, score = clopper_pearson(5, 20, level=0.95), wilson(5, 20, level=0.95)
    assert isinstance(exact, Estimate)
    assert isinstance(score, Estimate)
    assert exact.standard_error is None
    assert score.standard_error == pytest.approx(math.sqrt(0.25 * 0.75 / 20))
    assert (exact.n, exact.unit, score.unit) == (20, "share", "share")


def test_when_every_item_is_an_event_the_upper_bound_is_one() -> None:
    assert exact_upper(8, 8, tail=0.05) == 1.0
