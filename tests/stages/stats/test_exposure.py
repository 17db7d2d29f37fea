import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.stats.exposure import (
    Exposure,
    PlannedLooks,
    Schedule,
    one_look,
    planned_looks,
    steady_exposure,
)
from stages.stats.sequential import bonferroni_bounds, lan_demets_bounds

WEEKS = Schedule(days=(3, 7, 14), minimum_days=7, window_days=1)


@given(st.floats(1, 1e6), st.floats(0, 1), st.integers(1, 60), st.floats(0.01, 70))
def test_a_steady_audience_brings_fewer_new_units_every_day(
    daily: float, returning: float, days: int, day: float
) -> None:
    exposure = steady_exposure(daily, returning=returning, days=days)
    gains = [b - a for a, b in zip((0.0, *exposure.by_day), exposure.by_day, strict=False)]
    slack = 1e-9 * exposure.by_day[-1]
    assert gains[0] == daily
    assert all(a >= b - slack for a, b in pairwise(gains))
    back = exposure.day_of(exposure.units_at(day))
    assert back is not None
    assert exposure.units_at(back) == pytest.approx(exposure.units_at(day), rel=1e-9)


def test_a_population_of_whom_each_comes_by_chance_is_seen_as_fast_as_said() -> None:
    exposure = steady_exposure(200, returning=0.2, days=5)
    assert exposure.by_day == pytest.approx([1000 * (1 - 0.8**d) for d in range(1, 6)])


def test_units_come_evenly_over_a_day() -> None:
    exposure = Exposure(by_day=(10.0, 30.0, 30.0))
    assert [exposure.units_at(day) for day in (-1, 0, 0.5, 1, 1.25, 2.5, 9)] == [
        0.0,
        0.0,
        5.0,
        10.0,
        15.0,
        30.0,
        30.0,
    ]
    assert [exposure.day_of(units) for units in (5, 10, 15, 30, 31)] == [0.5, 1, 1.25, 2, None]
    assert Exposure(by_day=(10.0, 10.0)).day_of(10.0) == 1


@pytest.mark.parametrize("curve", [(), (0.0, 1.0), (2.0, 1.0), (1.0, math.inf), (math.nan, 1.0)])
def test_a_curve_that_falls_or_has_no_units_is_refused(curve: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="units"):
        Exposure(by_day=curve)


@pytest.mark.parametrize(
    ("daily", "returning", "days"), [(0, 0, 1), (1, -0.1, 1), (1, 1.1, 1), (1, 0, 0)]
)
def test_a_senseless_audience_is_refused(daily: float, returning: float, days: int) -> None:
    with pytest.raises(ValueError, match="units a day"):
        steady_exposure(daily, returning=returning, days=days)


def test_looks_have_the_units_whose_window_has_closed() -> None:
    looks = planned_looks(WEEKS, steady_exposure(100, returning=0, days=14), 1300, alpha=0.025)
    assert looks is not None
    assert looks.information == pytest.approx((2 / 13, 6 / 13, 1.0))
    assert looks.spends == (False, True, True)
    assert looks.bounds == lan_demets_bounds(
        looks.information, alpha=0.025, spends=looks.spends, spend_all_at_last=True
    )


def test_without_a_window_each_look_spends_only_its_own() -> None:
    growing = Schedule(days=(7, 14))
    looks = planned_looks(growing, steady_exposure(100, returning=0, days=14), 1400, alpha=0.025)
    assert looks is not None
    assert looks.bounds == bonferroni_bounds((0.5, 1.0), alpha=0.025, spend_all_at_last=True)


def test_the_ab_ends_when_the_planned_units_are_in_but_not_before_the_minimum_run_time() -> None:
    exposure = steady_exposure(100, returning=0, days=14)
    early = planned_looks(WEEKS, exposure, 150, alpha=0.025)
    assert early is not None
    assert early.days == (3, 7)
    assert early.spends == (False, True)


def test_looks_that_bring_nothing_new_are_left_out() -> None:
    dry = Exposure(by_day=(100.0,))
    looks = planned_looks(WEEKS, dry, 1000, alpha=0.025)
    assert looks is not None
    assert looks.days == (3,)
    never = planned_looks(
        Schedule(days=(1,), window_days=2), steady_exposure(9, returning=0, days=9), 9, alpha=0.025
    )
    assert never is None


@pytest.mark.parametrize("days", [(), (0.0, 1.0), (2.0, 2.0)])
def test_looks_that_do_not_increase_are_refused(days: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="increasing"):
        Schedule(days=days)


@pytest.mark.parametrize(
    ("information", "spends", "alpha", "message"),
    [
        ((), (), 0.025, "its day"),
        ((1.0,), (True, True), 0.025, "its day"),
        ((0.5, 0.5), (True, True), 0.025, "increase"),
        ((-1.0,), (True,), 0.025, "increase"),
        ((1.0,), (True,), 1.0, "alpha"),
    ],
)
def test_senseless_looks_are_refused(
    information: tuple[float, ...], spends: tuple[bool, ...], alpha: float, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        PlannedLooks(
            information=information,
            days=tuple(float(k) for k in range(len(information))),
            alpha=alpha,
            spends=spends,
        )


def test_one_look_spends_everything() -> None:
    assert one_look(0.025).bounds == pytest.approx((1.959963984540054,))
