"""The checks of a look that need no file: split, metrics, burn-in, freshness, registration."""

from dataclasses import replace
from datetime import timedelta

import pytest

from policies.online import OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.online import validity
from stages.online.look_data import LookData, MetricArms
from stages.online.validity import Registration
from stages.stats.moments import Moments
from stages.stats.quantiles import QuantileArm
from tests.stages.online.traffic_of import DIGEST, START, plan_of

PLAN = plan_of(metrics={"money": {}}, primary="money")
SHARES = plan_of(metrics={"money": {"kind": "proportion"}}, primary="money")
RECORDED = plan_of(metrics={"money": {}}, primary="money", retrospective=True)


def look(champion: int, challenger: int, *, mean: float = 5.1, day: float = 7) -> LookData:
    def arm(n: int, value: float) -> Moments | Unmeasured:
        if n < 2:
            return Unmeasured("too few")
        return Moments(n=n, names=("money",), mean=(value,), covariance=((2.0,),))

    arms = MetricArms(metric="money", champion=arm(champion, 5.0), challenger=arm(challenger, mean))
    return LookData(day=day, champion_units=champion, challenger_units=challenger, metrics=(arms,))


@pytest.mark.parametrize(
    ("plan", "found", "passed"),
    [
        (PLAN, look(500, 500), True),
        (PLAN, look(500, 1), False),
        (PLAN, look(500, 500, mean=5.0), False),
        (PLAN, look(500, 500, mean=5.000000000000001), False),
        (PLAN, look(500, 501, mean=5.0), True),
        (SHARES, look(500, 500, mean=5.0), True),
    ],
    ids=[
        "whole",
        "an arm unmeasured",
        "a copied arm",
        "a copy but for rounding",
        "equal means",
        "equal shares",
    ],
)
def test_metrics_must_be_there_and_arms_must_differ(
    plan: OnlinePlan, found: LookData, *, passed: bool
) -> None:
    assert validity.metrics_present(plan, (found,)).passed is passed


@pytest.mark.parametrize(("champion", "passed"), [(50, True), (49, False), (0, False)])
def test_fewer_units_than_burn_in_are_too_few(champion: int, *, passed: bool) -> None:
    assert validity.burn_in(PLAN, look(champion, 50)).passed is passed


def test_a_small_arm_is_not_outweighed_by_a_large_one() -> None:
    assert validity.burn_in(PLAN, look(5_000, 49)).passed is False
    assert validity.burn_in(PLAN, look(5_000, 50)).passed is True


def test_data_must_reach_the_look() -> None:
    until = START + timedelta(days=7)
    day = timedelta(days=1)
    assert validity.freshness(PLAN, newest=until - day, until=until).passed is True
    assert validity.freshness(PLAN, newest=until - 1.01 * day, until=until).passed is False
    assert validity.freshness(RECORDED, newest=until - 2 * day, until=until).passed is None
    assert validity.freshness(RECORDED, newest=None, until=until).passed is False


@pytest.mark.parametrize(
    ("sha256", "live", "recorded"),
    [(DIGEST, True, True), ("1" * 64, False, None), (None, False, None)],
)
def test_the_analysed_plan_is_the_registered_one(
    sha256: str | None, *, live: bool | None, recorded: bool | None
) -> None:
    registration = Registration(sha256=sha256, at=START, current_sha256=DIGEST)
    assert validity.plan_registered(PLAN, registration).passed is live
    assert validity.plan_registered(RECORDED, registration).passed is recorded


def test_traffic_stands_where_it_was_registered_to_stand() -> None:
    moved = Registration(sha256=DIGEST, at=START, current_sha256=DIGEST, source_moved=True)
    assert validity.plan_registered(PLAN, moved).passed is False
    assert validity.plan_registered(RECORDED, moved).passed is None


@pytest.mark.parametrize(
    ("now", "live"), [("models:/a/1", True), ("models:/a/3", False), (None, False)]
)
def test_the_champion_is_the_registered_one(now: str | None, *, live: bool) -> None:
    found = Registration(
        sha256=DIGEST,
        at=START,
        current_sha256=DIGEST,
        baseline="models:/a/1",
        current_baseline=now,
    )
    assert validity.plan_registered(PLAN, found).passed is live
    assert validity.plan_registered(RECORDED, found).passed is (True if live else None)
    unsaid = replace(found, baseline=None)
    assert validity.plan_registered(PLAN, unsaid).passed is True


@pytest.mark.parametrize(
    ("hours", "live", "recorded"), [(0, True, True), (1, False, None), (None, False, None)]
)
def test_registration_comes_before_the_first_exposure(
    hours: int | None, *, live: bool | None, recorded: bool | None
) -> None:
    at = None if hours is None else START + timedelta(hours=hours)
    registration = Registration(sha256=DIGEST, at=at, current_sha256=DIGEST)
    assert validity.registered_before(PLAN, registration, START).passed is live
    assert validity.registered_before(RECORDED, registration, START).passed is recorded
    assert validity.registered_before(PLAN, registration, None).passed is False


def one_look(arms: MetricArms) -> LookData:
    return LookData(day=7.0, champion_units=9, challenger_units=9, metrics=(arms,))


def money(skewness: float | None, n: int = 10_000, mean: float = 5.0) -> MetricArms:
    arm = Moments(n=n, names=("money",), mean=(mean,), covariance=((2.0,),))
    both = None if skewness is None else (skewness, skewness)
    return MetricArms(metric="money", champion=arm, challenger=arm, skewness=both)


def latency(n: int) -> MetricArms:
    arm = QuantileArm(value=3.0, standard_error=0.1, n=n)
    return MetricArms(metric="money", champion=arm, challenger=arm)


QUANTILES = plan_of(metrics={"money": {"kind": "quantile", "quantile": 0.95}}, primary="money")


@pytest.mark.parametrize(
    ("plan", "arms", "said"),
    [
        (PLAN, money(1.0), None),
        (PLAN, money(90.0), "money: heavy tails"),
        (PLAN, money(None), "money: how skewed"),
        (SHARES, money(None, mean=0.5), None),
        (SHARES, money(None, mean=0.001), "money: rare"),
        (QUANTILES, latency(100_000), None),
        (QUANTILES, latency(100), "money: extreme quantile"),
        (PLAN, replace(money(None), champion=Unmeasured("no unit")), None),
    ],
)
def test_what_a_normal_interval_was_not_tested_for_is_said(
    plan: OnlinePlan, arms: MetricArms, said: str | None
) -> None:
    found = validity.approximation(plan, one_look(arms))
    assert found.passed is (True if said is None else None)
    assert (said or "every metric") in found.sentence
