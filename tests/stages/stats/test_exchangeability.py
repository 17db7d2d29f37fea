"""The order test: scipy's t, a nominal rate of false alarms, and no verdict from too little."""

import numpy as np
import pytest
from scipy import stats

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.exchangeability import Exchangeability, exchangeability


def outcome(published: list[float], shuffled: list[list[float]]) -> Exchangeability:
    found = exchangeability(published, shuffled, level=0.95)
    assert isinstance(found, Exchangeability)
    return found


def test_it_is_the_one_sided_t_test_of_the_differences() -> None:
    rng = np.random.default_rng(0)
    published, shuffled = rng.normal(0.3, 1, 50), rng.normal(0, 1, (50, 10))
    found = outcome(list(published), [list(row) for row in shuffled])
    oracle = stats.ttest_1samp(published - shuffled.mean(axis=1), 0, alternative="greater")
    assert found.t == pytest.approx(oracle.statistic)
    assert found.p == pytest.approx(oracle.pvalue)
    assert found.difference.n == 50
    assert found.difference.unit == "nats"


def test_a_model_that_never_saw_the_order_is_accused_as_often_as_it_says() -> None:
    rng, accused, rounds = np.random.default_rng(1), 0, 2000
    for _ in range(rounds):
        orders = rng.normal(size=(50, 11)) + rng.normal(0, 5, (50, 1))  # shards differ in length
        found = outcome(list(orders[:, 0]), [list(row[1:]) for row in orders])
        accused += found.p < 0.05
    assert 0.035 < accused / rounds < 0.065


def test_too_few_shards_tell_nothing() -> None:
    found = exchangeability([0.0] * 4, [[1.0]] * 4, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED


def test_differences_without_spread_tell_nothing() -> None:
    assert isinstance(exchangeability([1.0] * 9, [[0.0]] * 9, level=0.95), Unmeasured)


def test_rounding_is_no_preference() -> None:
    rng = np.random.default_rng(3)
    items = rng.normal(-40, 5, (50, 20))
    published = [float(shard.sum()) for shard in items]  # in another order
    shuffled = [[sum(rng.permutation(shard).tolist())] for shard in items]
    noise = np.array(published) - np.array(shuffled)[:, 0]
    assert 0 < np.abs(noise).max() < 1e-11
    found = exchangeability([p + 3e-13 for p in published], shuffled, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED
    assert "50 shards are equal but for rounding" in found.reason


def test_a_preference_small_beside_the_likelihoods_is_still_one() -> None:
    rng = np.random.default_rng(4)
    shuffled = rng.normal(-800, 100, 50)
    published = shuffled + rng.normal(1e-4, 1e-5, 50)
    assert outcome(list(published), [[value] for value in shuffled]).p < 1e-9


@pytest.mark.parametrize("absent", [float("nan"), float("-inf")])
def test_a_shard_without_a_likelihood_is_told_as_broken(absent: float) -> None:
    found = exchangeability([absent] + [1.0] * 5, [[0.0]] * 6, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.BROKEN


@pytest.mark.parametrize("shuffled", [[[1.0]] * 4, [[1.0]] * 4 + [[]]])
def test_a_shard_without_another_order_is_a_mistake(shuffled: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="shuffled"):
        exchangeability([1.0] * 5, shuffled, level=0.95)
