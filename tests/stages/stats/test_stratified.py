"""Weighted means of strata: against a naive twin, exact bounds and simulated error rates."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.means import clustered_mean
from stages.stats.stratified import Strata, stratified_difference, stratified_mean

WEIGHTS = {"a": 0.25, "b": 0.75}


def _measured(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def _within(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_it_is_the_weighted_mean_with_the_textbook_error_where_items_stand_alone() -> None:
    a, b = [1.0, 0, 1, 1] * 10, [0.0, 1, 0, 0] * 20
    strata = Strata(of=("a",) * len(a) + ("b",) * len(b), weights=WEIGHTS)
    found = _measured(stratified_mean([*a, *b], range(120), strata, level=0.95))
    assert found.value == pytest.approx(0.25 * 0.75 + 0.75 * 0.25)
    variance = sum(
        weight**2 * float(np.var(each, ddof=1)) / len(each)
        for weight, each in ((0.25, a), (0.75, b))
    )
    assert found.standard_error == pytest.approx(math.sqrt(variance))
    assert found.n == 120


@given(st.lists(st.sampled_from([0.0, 0.5, 1.0]), min_size=30, max_size=60))
def test_one_stratum_of_items_that_stand_alone_is_nearly_the_plain_mean(
    values: list[float],
) -> None:
    one = Strata(of=("a",) * len(values), weights={"a": 1.0})
    mine = _measured(stratified_mean(values, range(len(values)), one, level=0.95))
    plain = _measured(clustered_mean(values, range(len(values)), level=0.95, unit="share"))
    assert mine.value == pytest.approx(plain.value)
    if plain.standard_error is not None:
        assert mine.standard_error == pytest.approx(plain.standard_error)
        assert _within(mine) == pytest.approx(_within(plain), abs=0.02)


def test_a_duplicated_item_adds_no_certainty() -> None:
    values, clusters = [1.0, 0, 1, 1, 0, 1, 1, 1] * 8, list(range(64))
    strata = Strata(of=("a", "b") * 32, weights=WEIGHTS)
    once = _measured(stratified_mean(values, clusters, strata, level=0.95))
    twice = Strata(of=strata.of * 2, weights=WEIGHTS)
    again = _measured(stratified_mean(values * 2, clusters * 2, twice, level=0.95))
    assert (again.value, again.n) == (pytest.approx(once.value), once.n)
    assert again.standard_error == pytest.approx(once.standard_error)


def test_values_that_are_all_right_still_have_an_interval() -> None:
    strata = Strata(of=("a", "b") * 10, weights={"a": 0.5, "b": 0.5})
    found = _measured(stratified_mean([1.0] * 20, range(20), strata, level=0.95))
    low, high = _within(found)
    assert high == 1.0
    assert low == pytest.approx(0.025 ** (1 / 20))


def test_strata_that_do_not_vary_inside_are_not_believed_to_be_constant() -> None:
    strata = Strata(of=("a", "b") * 15, weights={"a": 0.5, "b": 0.5})
    low, high = _within(_measured(stratified_mean([1.0, 0.0] * 15, range(30), strata, level=0.95)))
    assert high - low > 0.05


def test_a_stratum_of_one_unit_measures_nothing() -> None:
    strata = Strata(of=("a",) * 20 + ("b",) * 2, weights=WEIGHTS)
    clusters = [*range(20), "same", "same"]
    values = [1.0, 0.0] * 11
    assert isinstance(stratified_mean(values, clusters, strata, level=0.95), Unmeasured)
    assert isinstance(
        stratified_difference(values, values, clusters, strata, level=0.95).difference, Unmeasured
    )


def test_weights_that_are_no_whole_and_strata_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ValueError, match="add up"):
        Strata(of=("a",), weights={"a": 0.5})
    with pytest.raises(ValueError, match="strata"):
        stratified_mean([1.0], ["1", "2"], Strata(of=("a",), weights={"a": 1.0}), level=0.95)


def test_nan_measures_nothing() -> None:
    strata = Strata(of=("a", "b") * 4, weights=WEIGHTS)
    found = stratified_mean([math.nan] * 8, range(8), strata, level=0.95)
    assert isinstance(found, Unmeasured)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=20, max_size=80))
def test_swapping_the_two_mirrors_the_difference(pairs: list[tuple[bool, bool]]) -> None:
    mine, theirs = [float(a) for a, _ in pairs], [float(b) for _, b in pairs]
    of = tuple("ab"[i % 2] for i in range(len(pairs)))
    strata = Strata(of=of, weights=WEIGHTS)
    one = stratified_difference(mine, theirs, range(len(pairs)), strata, level=0.95)
    other = stratified_difference(theirs, mine, range(len(pairs)), strata, level=0.95)
    low, high = _within(_measured(one.difference))
    assert _within(_measured(other.difference)) == pytest.approx((-high, -low))
    assert one.p_worse is not None
    assert 0 <= one.p_worse <= 1


def test_a_clear_regression_is_proven_and_equality_is_not() -> None:
    strata = Strata(of=("a", "b") * 100, weights=WEIGHTS)
    good, bad = [1.0, 1, 1, 1, 0] * 40, [1.0, 0, 1, 0, 0] * 40
    worse = stratified_difference(bad, good, range(200), strata, level=0.95)
    same = stratified_difference(good, good, range(200), strata, level=0.95)
    assert worse.p_worse is not None
    assert worse.p_worse < 1e-6
    assert same.p_worse == 1.0
    low, high = _within(_measured(same.difference))
    assert low < 0 < high


def test_a_regression_that_two_clusters_show_needs_the_sign_test_too() -> None:
    strata = Strata(of=("a", "b") * 100, weights={"a": 0.99, "b": 0.01})
    good = [1.0] * 200
    bad = [0.0, 1.0, 0.0, 1.0, *[1.0] * 196]
    found = stratified_difference(bad, good, range(200), strata, level=0.95)
    assert found.p_worse == pytest.approx(0.25)


@pytest.mark.parametrize("rate", [0.7, 0.95])
def test_intervals_miss_about_as_often_as_they_say(rate: float) -> None:
    random = np.random.default_rng(7)
    of = ("a",) * 40 + ("b",) * 120
    strata, misses, rounds = Strata(of=of, weights={"a": 0.6, "b": 0.4}), 0, 400
    rates = np.array([rate] * 40 + [rate - 0.2] * 120)
    truth = 0.6 * rate + 0.4 * (rate - 0.2)
    for _ in range(rounds):
        values = (random.random(160) < rates).astype(float)
        found = _measured(stratified_mean(list(values), range(160), strata, level=0.95))
        low, high = _within(found)
        misses += not low <= truth <= high
    assert misses / rounds <= 0.08
