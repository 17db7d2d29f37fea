import math
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.betting import betting_interval, betting_p_lower, first_shown, shown_after

SLOW_MACHINE = 4
"""A look takes 9 ms on an idle machine; other work may run beside the tests."""

PLANS = [None, 1, 60, 1_000]


def ends(value: Estimate | Unmeasured) -> tuple[float, float]:
    assert isinstance(value, Estimate)
    assert value.low is not None
    assert value.high is not None
    return value.low, value.high


def capital(values: list[float], supposed: float, tail: float, planned: int | None) -> float:
    """The gamblers' capital, one bet after the other."""
    wary, tuned = (1.0, 0.0) if planned is None else (0.2, 0.8)
    total, squares, variance = 0.5, 0.25, 0.25
    for count, value in enumerate(values, start=1):
        scaled = math.sqrt(2 * math.log(1 / tail) / variance)
        bet = scaled / math.sqrt(count * math.log(count + 1))
        wary *= 1 + min(bet, 0.5 / supposed) * (value - supposed)
        bet = scaled / math.sqrt((planned or 1) / 2)
        tuned *= 1 + min(bet, 0.5 / supposed) * (value - supposed)
        total += value
        squares += (value - total / (count + 1)) ** 2
        variance = squares / (count + 1)
    return wary + tuned


@given(
    st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40),
    st.sampled_from([0.5, 0.9, 0.95]),
    st.sampled_from(PLANS),
)
@settings(max_examples=100)
def test_the_interval_holds_the_means_that_a_slow_gambler_cannot_exclude(
    values: list[float], level: float, planned: int | None
) -> None:
    found = betting_interval(values, level=level, planned=planned)
    if isinstance(found, Unmeasured):
        return
    low, high = ends(found)
    tail = (1 - level) / 2
    for supposed in np.linspace(0.01, 0.99, 50):
        if abs(supposed - low) > 1e-6:
            assert (capital(values, supposed, tail, planned) >= 1 / tail) == (supposed < low)
        mirrored = [1 - value for value in values]
        if abs(supposed - high) > 1e-6:
            excluded = capital(mirrored, 1 - supposed, tail, planned) >= 1 / tail
            assert excluded == (supposed > high)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=40), st.sampled_from(PLANS))
def test_exchanging_wins_and_losses_mirrors_the_interval(
    values: list[float], planned: int | None
) -> None:
    found = betting_interval(values, level=0.95, planned=planned)
    mirrored = betting_interval([1 - value for value in values], level=0.95, planned=planned)
    if isinstance(found, Unmeasured):
        assert isinstance(mirrored, Unmeasured)
        return
    low, high = ends(found)
    assert 0 <= low < high <= 1
    assert (1 - high, 1 - low) == pytest.approx(ends(mirrored), abs=1e-9)


def test_more_values_narrow_the_interval() -> None:
    values = (np.random.default_rng(0).random(4000) < 0.6).astype(float)
    widths = [high - low for low, high in map(ends, map(_at_95, np.split(values, [50])))]
    assert widths[1] < widths[0]
    low, high = ends(betting_interval(list(values), level=0.95))
    assert high - low < 0.08


def _at_95(values: np.ndarray) -> Estimate | Unmeasured:
    return betting_interval(list(values), level=0.95)


def test_one_value_has_an_interval_already() -> None:
    found = betting_interval([1.0], level=0.95)
    assert ends(found) == (0.0, 1.0)
    assert isinstance(found, Estimate)
    assert (found.n, found.standard_error, found.method) == (1, None, "betting confidence sequence")


def test_equal_values_keep_a_width() -> None:
    low, high = ends(betting_interval([0.0] * 250, level=0.95))
    assert low == 0.0
    assert 0.0147 < high < 0.04  # never tighter than the exact fixed-n bound


def test_ten_thousand_values_bound_a_mean_within_three_points() -> None:
    values = np.random.default_rng(1).random(10_000)
    low, high = ends(betting_interval(list(values), level=0.95))
    assert low < 0.5 < high
    assert high - low < 0.03


def test_values_that_drift_are_unmeasured() -> None:
    found = betting_interval([1.0] * 30 + [0.0] * 1000, level=0.95)
    assert isinstance(found, Unmeasured)
    assert "drift" in found.reason


@pytest.mark.parametrize(
    ("values", "cause"), [([], Cause.WAITING), ([0.5, float("nan")], Cause.BROKEN)]
)
def test_what_cannot_be_averaged_is_unmeasured(values: list[float], cause: Cause) -> None:
    found = betting_interval(values, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is cause


def test_a_value_outside_the_limits_is_the_callers_bug() -> None:
    with pytest.raises(ValueError, match="outside"):
        betting_interval([0.5, 2.0], level=0.95)
    with pytest.raises(ValueError, match="level"):
        betting_interval([0.5], level=0.0)


@pytest.mark.parametrize("planned", [None, 150])
def test_a_simulated_sequence_shows_a_limit_when_its_interval_does(planned: int | None) -> None:
    """The first sequences drawn, looked at one interval after the other."""
    limit, horizon, deviation = 0.4, 150, 0.45
    after = shown_after(
        limit,
        horizon=horizon,
        deviation=deviation,
        level=0.9,
        random=np.random.default_rng(3),
        planned=planned,
    )
    win = 2 * deviation**2
    drawn = np.random.default_rng(3).choice(
        [0.0, 0.5, 1.0], (50, horizon), p=[win, 1 - 2 * win, win]
    )
    assert len(after) == 1_000
    for values, first in zip(drawn[:6], after[:6], strict=True):
        shown = [
            n
            for n in range(1, horizon + 1)
            if not isinstance(found := _planned(values[:n], planned), Unmeasured)
            and ends(found)[0] >= limit
        ]
        assert first == (shown[0] if shown else math.inf)


def test_a_true_limit_is_seldom_shown_however_often_one_looks() -> None:
    random = np.random.default_rng(5)
    after = shown_after(0.5, horizon=400, deviation=0.5, level=0.9, random=random)
    assert np.isfinite(after).mean() <= 0.05 + 2 * math.sqrt(0.05 / 1_000)


def _planned(values: np.ndarray, planned: int | None) -> Estimate | Unmeasured:
    return betting_interval(list(values), level=0.9, planned=planned)


@pytest.mark.parametrize(("limit", "deviation"), [(0.0, 0.4), (1.0, 0.4), (0.4, 0.0), (0.4, 0.51)])
def test_what_no_sequence_can_be_is_refused(limit: float, deviation: float) -> None:
    with pytest.raises(ValueError, match="cannot be"):
        shown_after(
            limit, horizon=9, deviation=deviation, level=0.9, random=np.random.default_rng(0)
        )


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("mean", [0.5, 0.6, 0.8])
@pytest.mark.parametrize("planned", [None, 120])
def test_its_p_value_proves_what_the_interval_excludes(
    seed: int, mean: float, planned: int | None
) -> None:
    values = np.random.default_rng(seed).choice([0.0, 0.5, 1.0], 120, p=[0.3, 0.4, 0.3]).tolist()
    found = betting_interval(values, level=0.95, planned=planned)
    assert isinstance(found, Estimate)
    assert found.high is not None
    p = betting_p_lower(values, mean, level=0.95, planned=planned)
    assert (p <= 0.025) == (found.high <= mean)
    assert p == 1.0 or found.value < mean


@pytest.mark.parametrize("mean", [0.5, 0.3, 0.9])
def test_a_plan_narrows_the_interval_where_it_ends(mean: float) -> None:
    values = (np.random.default_rng(4).random(600) < mean).astype(float).tolist()
    low, high = ends(betting_interval(values, level=0.95))
    planned_low, planned_high = ends(betting_interval(values, level=0.95, planned=600))
    assert planned_high - planned_low < 0.85 * (high - low)


def test_a_plan_of_nothing_is_the_callers_bug() -> None:
    with pytest.raises(ValueError, match="planned"):
        betting_interval([0.5], level=0.95, planned=0)
    with pytest.raises(ValueError, match="planned"):
        first_shown(np.array([0.5]), 0.4, level=0.95, planned=0)


def test_ten_thousand_values_are_looked_at_at_once() -> None:
    values = np.random.default_rng(1).random(10_000).tolist()
    begun = time.process_time()
    for _ in range(5):
        betting_interval(values, level=0.95, planned=10_000)
    assert (time.process_time() - begun) / 5 < 0.05 * SLOW_MACHINE
