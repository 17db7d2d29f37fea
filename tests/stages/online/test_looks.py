"""Which looks are due, which one ends the A/B, and what each may spend."""

from dataclasses import replace

import pytest

from stages.evidence.estimate import Unmeasured
from stages.online.look_data import LookData, MetricArms
from stages.online.looks import decides, due, following, is_final, spent, until_final
from stages.stats.moments import Moments
from stages.stats.sequential import (
    POCOCK,
    Spending,
    SpendingKind,
    alpha_spent,
    bonferroni_bounds,
    crossing_probabilities,
    lan_demets_bounds,
)
from tests.stages.online.traffic_of import plan_of

PLAN = plan_of(metrics={"resolved": {}}, looks=(3.0, 7.0, 10.0, 14.0), planned_units=10_000)


def look(day: float, units: int | None) -> LookData:
    arm: Moments | Unmeasured = Unmeasured("no column")
    if units is not None:
        arm = Moments(n=units // 2, names=("resolved",), mean=(0.5,), covariance=((0.25,),))
    return LookData(
        day=day,
        champion_units=(units or 0) // 2,
        challenger_units=(units or 0) // 2,
        metrics=(MetricArms(metric="resolved", champion=arm, challenger=arm),),
    )


def test_looks_come_when_their_day_is_over() -> None:
    assert due(PLAN, 2.9) == ()
    assert due(PLAN, 6.99999999) == (3.0, 7.0)
    assert due(PLAN, 99) == PLAN.looks
    assert [following(PLAN, day) for day in (0, 3, 9, 14)] == [3, 7, 10, None]
    assert [decides(PLAN, day) for day in (6.9, 7.0)] == [False, True]


def test_the_last_day_or_the_planned_units_end_it() -> None:
    assert is_final(PLAN, look(14, 10))
    assert is_final(PLAN, look(7, 10_000))
    assert not is_final(PLAN, look(7, 9_998))
    assert not is_final(PLAN, look(3, 20_000))
    assert not is_final(PLAN, look(7, None))
    looks = (look(3, 12_000), look(7, 13_000), look(10, 14_000))
    assert until_final(PLAN, looks) == looks[:2]
    assert until_final(PLAN, looks[:1]) == looks[:1]


def test_bounds_are_those_of_the_information_so_far() -> None:
    looks = (look(3, 2_000), look(7, 4_000), look(10, 7_000))
    found = spent(PLAN, looks, "resolved", alpha=0.025)
    expected = lan_demets_bounds([0.2, 0.4, 0.7], alpha=0.025, spends=[False, True, True])
    assert found.bound == expected[-1]
    assert found.information == pytest.approx(0.7)
    assert found.alpha == alpha_spent(0.7, alpha=0.025)
    ahead = lan_demets_bounds(
        [0.2, 0.4, 0.7, 1.0],
        alpha=0.025,
        spends=[False, True, True, True],
        spend_all_at_last=True,
    )
    assert found.final_bound == ahead[-1]


def test_a_look_before_the_minimum_run_time_spends_nothing() -> None:
    found = spent(PLAN, (look(3, 2_000),), "resolved", alpha=0.025)
    assert (found.bound, found.alpha) == (None, 0.0)
    assert "before the minimum run time" in found.reason


def test_the_last_look_spends_all_that_is_left_whatever_came() -> None:
    looks = (look(7, 3_000), look(14, 5_000))
    found = spent(PLAN, looks, "resolved", alpha=0.025)
    assert found.alpha == 0.025
    assert found.final_bound is None
    assert found.bound == lan_demets_bounds([0.3, 0.5], alpha=0.025, spend_all_at_last=True)[-1]


@pytest.mark.parametrize("units", [4_000, 3_000, None])
def test_a_look_that_brings_no_information_spends_nothing(units: int | None) -> None:
    looks = (look(7, 4_000), look(10, units))
    found = spent(PLAN, looks, "resolved", alpha=0.025)
    assert found.bound is None
    assert "no information came" in found.reason
    assert found.alpha == alpha_spent(0.4, alpha=0.025)
    later = spent(PLAN, (*looks, look(14, 8_000)), "resolved", alpha=0.025)
    without = spent(PLAN, (looks[0], look(14, 8_000)), "resolved", alpha=0.025)
    assert later.bound == without.bound


def test_a_metric_that_was_never_seen_spends_nothing() -> None:
    found = spent(PLAN, (look(7, None),), "resolved", alpha=0.025)
    assert (found.bound, found.alpha, found.information) == (None, 0.0, 0.0)


def test_a_look_after_the_end_has_nothing_left_to_spend() -> None:
    looks = (look(7, 10_000), look(10, 12_000))
    found = spent(PLAN, looks, "resolved", alpha=0.025)
    assert found.bound is None
    assert "no alpha left" in found.reason


def test_values_that_still_grow_take_bounds_that_assume_no_independence() -> None:
    growing = plan_of(
        metrics={"resolved": {}},
        looks=(3.0, 7.0, 10.0, 14.0),
        planned_units=10_000,
        window_days=0.0,
    )
    looks = (look(3, 2_000), look(7, 4_000), look(10, 7_000))
    shares, spends = [0.2, 0.4, 0.7], [False, True, True]
    expected = bonferroni_bounds(shares, alpha=0.025, spends=spends)[-1]
    found = spent(growing, looks, "resolved", alpha=0.025).bound
    assert found == expected
    closed = spent(PLAN, looks, "resolved", alpha=0.025).bound
    assert closed is not None
    assert found is not None
    assert found > closed


@pytest.mark.parametrize(
    ("more", "spending"),
    [
        ({"spending": "pocock"}, POCOCK),
        (
            {"spending": "power", "spending_exponent": 2.0},
            Spending(kind=SpendingKind.POWER, exponent=2.0),
        ),
    ],
)
def test_alpha_is_spent_as_the_plan_says(more: dict[str, object], spending: Spending) -> None:
    plan = plan_of(metrics={"resolved": {}}, planned_units=10_000, **more)
    looks = (look(7, 5_000), look(10, 7_000))

    found = spent(plan, looks, "resolved", alpha=0.01)

    assert found.alpha == alpha_spent(0.7, alpha=0.01, spending=spending)
    assert found.bound == lan_demets_bounds([0.5, 0.7], alpha=0.01, spending=spending)[-1]


def test_a_metric_whose_own_window_is_zero_still_grows() -> None:
    metrics = {"resolved": {}, "visits": {"window_days": 0}}
    plan = plan_of(metrics=metrics, planned_units=10_000)
    looks = tuple(
        replace(found, metrics=(*found.metrics, replace(found.metrics[0], metric="visits")))
        for found in (look(7, 5_000), look(10, 7_000))
    )

    closed, growing = (spent(plan, looks, name, alpha=0.025).bound for name in metrics)

    assert closed == lan_demets_bounds([0.5, 0.7], alpha=0.025)[-1]
    assert growing == bonferroni_bounds([0.5, 0.7], alpha=0.025)[-1]


def test_a_look_waits_for_late_events() -> None:
    late = plan_of(metrics={"resolved": {}}, lag_hours=12)
    assert due(late, 7.4) == due(PLAN, 6.9)
    assert due(late, 7.5) == due(PLAN, 7.0)


def two_windows(day: float, primary: int, guardrail: int) -> LookData:
    """A look at which a guardrail of a shorter window has other units than the primary."""
    arms = [(name, units) for name, units in (("resolved", primary), ("seconds", guardrail))]
    return replace(
        look(day, primary),
        metrics=tuple(
            MetricArms(metric=name, champion=arm, challenger=arm)
            for name, units in arms
            for arm in (Moments(n=units // 2, names=(name,), mean=(0.5,), covariance=((0.25,),)),)
        ),
    )


@pytest.mark.parametrize("window", [0.0, 1.0])
def test_a_guardrail_of_a_shorter_window_can_pass_until_the_primary_has_all_its_units(
    window: float,
) -> None:
    metrics = {"resolved": {"window_days": 7.0}, "seconds": {"window_days": window}}
    plan = plan_of(
        metrics=metrics, looks=(8.0, 10.0, 12.0, 14.0), planned_units=14_000, minimum_days=7
    )
    looks = tuple(
        two_windows(day, round(2_000 * (day - 7)), round(2_000 * (day - window)))
        for day in plan.looks
    )
    found = [spent(plan, looks[: k + 1], "seconds", alpha=0.025) for k in range(4)]
    bounds = [each.bound for each in found]
    assert found[0].information >= 1
    assert None not in bounds
    assert [each.alpha for each in found] == [
        spent(plan, looks[: k + 1], "resolved", alpha=0.025).alpha for k in range(4)
    ]
    crossed = crossing_probabilities([each.information for each in found], bounds)
    assert 0.015 < sum(crossed) <= 0.025 + 1e-9
    assert sum(crossed) == pytest.approx(0.025) or not window


def test_where_no_unit_of_the_primary_is_known_nothing_is_spent() -> None:
    plan = plan_of(metrics={"resolved": {}, "seconds": {}}, planned_units=10_000)
    first = two_windows(7, 2_000, 4_000)
    missing = MetricArms(
        metric="resolved", champion=Unmeasured("none"), challenger=Unmeasured("none")
    )
    first = replace(first, metrics=(missing, first.metrics[1]))
    assert spent(plan, (first,), "seconds", alpha=0.025).bound is None
    later = two_windows(10, 1_000, 6_000)
    assert spent(plan, (first, later), "seconds", alpha=0.025).bound is not None
