"""What is said of how far one measure foretells another."""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.foresight import FEWEST, Pair, seen_correlation, true_correlation


def pairs(
    count: int, *, correlation: float = 0.6, noise: float = 0.0, seed: int = 1
) -> tuple[Pair, ...]:
    random = np.random.default_rng(seed)
    truth = random.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], count)
    seen = truth + noise * random.standard_normal((count, 2))
    return tuple(
        Pair(first=float(x), first_error=noise, second=float(y), second_error=noise)
        for x, y in seen
    )


def alone(pair: Pair) -> Pair:
    return replace(pair, second=None, second_error=None)


def found(given_: Sequence[Pair]) -> tuple[float, float, float]:
    one = true_correlation(given_, level=0.95)
    assert isinstance(one, Estimate)
    assert one.low is not None
    assert one.high is not None
    return one.low, one.value, one.high


@pytest.mark.parametrize("of", [seen_correlation, true_correlation])
def test_fewer_than_eight_candidates_tell_nothing(of: object) -> None:
    assert callable(of)
    some = (*pairs(FEWEST - 1), alone(pairs(9)[8]))

    said = of(some, level=0.95)

    assert isinstance(said, Unmeasured)
    assert said.cause is Cause.WAITING
    assert "7 of 8" in said.reason
    assert isinstance(of(pairs(FEWEST), level=0.95), Estimate)


@pytest.mark.parametrize("which", ["first", "second"])
@pytest.mark.parametrize("of", [seen_correlation, true_correlation])
def test_a_measure_that_never_differs_tells_nothing(of: object, which: str) -> None:
    assert callable(of)
    said = of([replace(pair, **{which: 0.5}) for pair in pairs(12)], level=0.95)

    assert isinstance(said, Unmeasured)
    assert said.cause is Cause.UNDERPOWERED


def test_what_is_seen_is_spearmans_with_bonett_and_wrights_interval() -> None:
    given_ = pairs(30)
    of_ranks = spearmanr([p.first for p in given_], [p.second for p in given_]).statistic

    one = seen_correlation(given_, level=0.95)

    assert isinstance(one, Estimate)
    assert one.value == pytest.approx(of_ranks)
    error = math.sqrt((1 + of_ranks**2 / 2) / 27)
    assert one.low == pytest.approx(math.tanh(math.atanh(of_ranks) - 1.959964 * error))
    assert one.high == pytest.approx(math.tanh(math.atanh(of_ranks) + 1.959964 * error))


def test_ranks_that_agree_everywhere_are_still_no_certainty() -> None:
    same = [Pair(first=i, first_error=0, second=2 * i, second_error=0) for i in range(8)]

    one = seen_correlation(same, level=0.95)

    assert isinstance(one, Estimate)
    assert one.value == 1
    assert one.low is not None
    assert one.low < 1


def test_without_noise_many_candidates_show_the_correlation_itself() -> None:
    given_ = pairs(400, correlation=0.6)
    seen = float(np.corrcoef([p.first for p in given_], [p.second or 0 for p in given_])[0, 1])

    low, value, high = found(given_)

    assert value == pytest.approx(6 / math.pi * math.asin(seen / 2), abs=0.004)
    assert high - low == pytest.approx(2 * 1.96 * (1 - seen**2) / 20, rel=0.05)


def test_noise_is_taken_out_by_spearmans_correction() -> None:
    """Half of what is seen of either is noise, so the true correlation is twice the one seen."""
    given_ = pairs(4000, correlation=0.8, noise=1.0)
    seen = float(np.corrcoef([p.first for p in given_], [p.second or 0 for p in given_])[0, 1])

    low, value, high = found(given_)

    assert seen == pytest.approx(0.4, abs=0.03)
    assert value == pytest.approx(6 / math.pi * math.asin(seen), abs=0.03)
    assert low < 6 / math.pi * math.asin(0.4) < high


def test_all_noise_tells_next_to_nothing() -> None:
    low, _, high = found(pairs(12, correlation=0.0, noise=30.0))

    assert low < -0.85
    assert high > 0.85


def test_who_was_held_back_by_the_first_measure_is_accounted_for() -> None:
    """Among the best third by the first measure the correlation is far below the one of all."""
    given_ = sorted(pairs(3000, correlation=0.8), key=lambda pair: -pair.first)
    best, rest = given_[:1000], [alone(pair) for pair in given_[1000:]]
    everybody = 6 / math.pi * math.asin(0.4)

    _, among_the_best, above = found(best)
    low, value, high = found([*best, *rest])

    assert above < everybody
    assert low < everybody < high
    assert among_the_best < value


@settings(max_examples=10, deadline=None)
@given(st.floats(1e-3, 1e3), st.floats(-100, 100), st.floats(1e-3, 1e3), st.floats(-100, 100))
def test_units_do_not_matter(scale: float, shift: float, other: float, off: float) -> None:
    given_ = pairs(10, noise=0.4)
    moved = [
        Pair(
            first=scale * p.first + shift,
            first_error=scale * p.first_error,
            second=other * (p.second or 0) + off,
            second_error=other * (p.second_error or 0),
        )
        for p in given_
    ]

    assert found(moved) == pytest.approx(found(given_), abs=1e-5)


@settings(max_examples=10, deadline=None)
@given(st.permutations(range(10)))
def test_neither_does_the_order_of_candidates_nor_which_comes_first(order: list[int]) -> None:
    given_ = pairs(10, noise=0.4)
    turned = [
        Pair(
            first=given_[i].second or 0,
            first_error=given_[i].second_error or 0,
            second=given_[i].first,
            second_error=given_[i].first_error,
        )
        for i in order
    ]

    assert found(turned) == pytest.approx(found(given_), abs=1e-6)


def test_a_measure_turned_round_turns_the_correlation_round() -> None:
    given_ = pairs(10, noise=0.4)
    low, value, high = found([replace(p, first=-p.first) for p in given_])

    assert found(given_) == pytest.approx((-high, -value, -low), abs=1e-6)


@pytest.mark.parametrize(
    "said",
    [
        {"second": 1.0},
        {"second_error": 1.0},
        {"first": math.nan},
        {"first_error": -1.0},
        {"second": math.inf, "second_error": 1.0},
    ],
)
def test_a_pair_holds_finite_measures_with_their_errors(said: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="measure"):
        Pair(**{"first": 0.0, "first_error": 1.0, **said})


@pytest.mark.parametrize(("count", "seed"), [(8, 1), (8, 5), (12, 2), (20, 3)])
def test_without_noise_and_selection_the_posterior_is_the_exact_one(count: int, seed: int) -> None:
    """Spreads and means of complete data can be integrated over by hand but for one integral."""
    given_ = pairs(count, correlation=0.9, seed=seed)
    r = np.corrcoef([p.first for p in given_], [p.second or 0.0 for p in given_])[0, 1]
    angles, t = np.linspace(-math.pi / 2, math.pi / 2, 2001)[1:-1], np.linspace(-20, 20, 2001)
    rho = np.sin(angles)
    inner = ((np.cosh(t) - r * rho[:, None]) ** (2.0 - count)).sum(axis=1)
    shares = (1 - rho**2) ** ((count - 3) / 2) * inner
    below = (shares.cumsum() - shares / 2) / shares.sum()
    exact = np.interp([0.025, 0.5, 0.975], below, 6 / math.pi * np.arcsin(rho / 2))
    assert found(given_) == pytest.approx(tuple(exact), abs=0.01)
