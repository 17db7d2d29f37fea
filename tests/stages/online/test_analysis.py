"""Intervals of shares at a look: rare events and unequal arms make them wider, never narrower."""

from dataclasses import replace

import pytest

from policies.online import OnlinePlan
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Quantity, Validity
from stages.online.analysis import before_first_look, look_of, measure_looks
from stages.online.look_data import LookData, MetricArms
from stages.stats.experiments import MetricColumns, ratio
from stages.stats.moments import Moments
from stages.stats.two_shares import ArmShare, difference_ends, exact_share, ratio_range
from tests.stages.online.traffic_of import plan_of

Z = 1.9599639845


def plan(kind: str = "proportion") -> OnlinePlan:
    """One planned look, at which all alpha is spent."""
    metrics = {"failed": {"kind": kind, "higher_is_better": False}}
    return plan_of(metrics=metrics, primary="failed", looks=(14.0,), planned_units=1_000)


def arm(mean: float, n: int) -> Moments:
    variance = abs(mean * (1 - mean)) * n / (n - 1)
    return Moments(n=n, names=("failed",), mean=(mean,), covariance=((variance,),))


def at_look(
    champion: Moments | Unmeasured, challenger: Moments | Unmeasured, kind: str = "proportion"
) -> dict[Quantity, Estimate | Unmeasured]:
    arms = MetricArms(metric="failed", champion=champion, challenger=challenger)
    look = LookData(day=14.0, champion_units=500, challenger_units=500, metrics=(arms,))
    found = measure_looks(plan(kind), (look,))
    return {m.quantity: m.measured for m in found if m.validity is Validity.LOOK}


def ends(found: Estimate | Unmeasured) -> tuple[float, float]:
    assert isinstance(found, Estimate)
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_a_share_has_exact_ends_and_comparisons_the_wider_ones() -> None:
    champion, challenger = arm(0.2, 900), arm(0.02, 100)
    found = at_look(champion, challenger)
    c, t = ArmShare(value=0.2, n=900), ArmShare(value=0.02, n=100)
    exact = exact_share(t, critical=Z)
    assert ends(found[Quantity.VALUE]) == pytest.approx((exact.low, exact.high), abs=1e-6)
    corrected = difference_ends(c, t, critical=Z)
    expected = (corrected.low, corrected.high)
    assert ends(found[Quantity.DIFFERENCE]) == pytest.approx(expected, abs=1e-6)
    columns = MetricColumns(numerator="failed")
    low, high = ends(ratio(champion, challenger, columns, level=0.95, critical=Z))
    wide = ratio_range(c, t, critical=Z)
    expected = (min(low, wide.low), max(high, wide.high))
    assert ends(found[Quantity.RATIO]) == pytest.approx(expected, abs=1e-6)
    assert expected != (low, high)


def test_a_share_of_hardly_any_event_keeps_possible_ends() -> None:
    low, high = ends(at_look(arm(0.01, 500), arm(0.002, 500))[Quantity.VALUE])
    assert 0 <= low < 0.002 < high <= 1


def test_means_are_left_as_they_are() -> None:
    found = at_look(arm(0.01, 900), arm(0.03, 100), "mean")[Quantity.DIFFERENCE]
    assert isinstance(found, Estimate)
    assert "Newcombe" not in found.method


def of_skewed(
    champion: Moments, challenger: Moments, skewness: tuple[float, float] | None
) -> dict[Quantity, Estimate | Unmeasured]:
    arms = MetricArms(metric="failed", champion=champion, challenger=challenger, skewness=skewness)
    look = LookData(day=14.0, champion_units=900, challenger_units=100, metrics=(arms,))
    found = measure_looks(plan("mean"), (look,))
    return {m.quantity: m.measured for m in found if m.validity is Validity.LOOK}


def test_the_mean_of_a_small_skewed_arm_has_an_end_that_reaches_farther() -> None:
    arms = arm(0.2, 900), arm(0.2, 100)
    plain, same, skewed = (
        of_skewed(*arms, skewness) for skewness in (None, (0.0, 0.0), (3.0, 3.0))
    )
    for quantity in (Quantity.DIFFERENCE, Quantity.RATIO):
        assert ends(same[quantity]) == ends(plain[quantity])
        (low, high), (of_skewed_low, of_skewed_high) = ends(plain[quantity]), ends(skewed[quantity])
        assert of_skewed_high > high + 0.1 * (high - low)
        assert of_skewed_low == pytest.approx(low)
        found = skewed[quantity]
        assert isinstance(found, Estimate)
        assert "corrected for skewness" in found.method
    assert ends(skewed[Quantity.VALUE]) == ends(plain[Quantity.VALUE])


def test_a_quotient_that_only_a_normal_end_knows_is_not_measured() -> None:
    arms = arm(0.003, 900), arm(0.2, 100)
    assert isinstance(of_skewed(*arms, (0.0, 0.0))[Quantity.RATIO], Unmeasured)
    near = arm(0.0055, 900), arm(0.2, 100)
    assert isinstance(of_skewed(*near, (0.0, 0.0))[Quantity.RATIO], Estimate)
    for skewness in ((0.0, 4.0), (0.0, -4.0)):
        assert isinstance(of_skewed(*near, skewness)[Quantity.RATIO], Unmeasured)


def test_a_share_outside_its_limits_is_not_measured() -> None:
    found = at_look(arm(0.3, 500), arm(1.4, 500))
    assert all(isinstance(measured, Unmeasured) for measured in found.values())


@pytest.mark.parametrize("absent", ["champion", "challenger"])
def test_an_arm_without_moments_measures_no_comparison(absent: str) -> None:
    none = Unmeasured("no unit")
    arms = (none, arm(0.1, 500)) if absent == "champion" else (arm(0.1, 500), none)
    assert isinstance(at_look(*arms)[Quantity.DIFFERENCE], Unmeasured)


def test_a_share_that_does_not_vary_measures_nothing() -> None:
    assert isinstance(at_look(arm(0.1, 500), arm(0.0, 500))[Quantity.DIFFERENCE], Unmeasured)


def test_a_champion_without_a_clear_share_has_no_ratio() -> None:
    found = at_look(arm(0.002, 500), arm(0.1, 500))
    assert isinstance(found[Quantity.RATIO], Unmeasured)
    assert isinstance(found[Quantity.DIFFERENCE], Estimate)


def test_hypotheses_that_share_alpha_are_measured_at_every_part_of_it() -> None:
    names = ("failed", "money", "time")
    both = plan_of(
        metrics={name: {} for name in names},
        primary="failed",
        also_primary=["money"],
        looks=(14.0,),
        planned_units=1_000,
    )
    arms = (arm(0.2, 500), arm(0.3, 500))
    look = LookData(
        day=14.0,
        champion_units=500,
        challenger_units=500,
        metrics=tuple(
            MetricArms(
                metric=name,
                champion=replace(arms[0], names=(name,)),
                challenger=replace(arms[1], names=(name,)),
            )
            for name in names
        ),
    )

    found = [m for m in measure_looks(both, (look,)) if m.validity is Validity.LOOK]

    levels = {
        name: [
            m.measured.level
            for m in found
            if m.metric == f"online.{name}"
            and m.quantity is Quantity.DIFFERENCE
            and isinstance(m.measured, Estimate)
        ]
        for name in names
    }
    assert levels == {"failed": [0.95, 0.975], "money": [0.95, 0.975], "time": [0.95]}
    seen = look_of(both, (look,))
    assert (seen.all_primaries, seen.any_primary, seen.hypotheses) == (
        ("online.failed", "online.money"),
        True,
        2,
    )
    widths = [
        m.measured.high - m.measured.low
        for m in found
        if m.metric == "online.failed" and m.quantity is Quantity.DIFFERENCE
    ]
    assert widths[0] < widths[1]


def test_primaries_that_must_all_win_share_nothing() -> None:
    plan_ = plan_of(
        metrics={"failed": {}, "money": {}},
        primary="failed",
        also_primary=["money"],
        primaries="all",
    )
    before = before_first_look(plan_)
    assert (before.all_primaries, before.any_primary) == (("online.failed", "online.money"), False)
    assert before.hypotheses == 1


def test_a_share_that_covariates_adjusted_keeps_the_adjusted_ends() -> None:
    plan_ = plan_of(
        metrics={"failed": {"kind": "proportion", "covariates": ["visits"]}},
        covariates={"visits": {"column": "visits"}},
        primary="failed",
        looks=(14.0,),
        planned_units=1_000,
    )

    def with_covariate(mean: float, before: float) -> Moments:
        return Moments(
            n=500,
            names=("failed", "visits/before"),
            mean=(mean, before),
            covariance=((0.2, 0.3), (0.3, 1.0)),
        )

    arms = MetricArms(
        metric="failed", champion=with_covariate(0.3, 7.0), challenger=with_covariate(0.35, 7.1)
    )
    look = LookData(day=14.0, champion_units=500, challenger_units=500, metrics=(arms,))

    found = {
        m.quantity: m.measured for m in measure_looks(plan_, (look,)) if m.validity is Validity.LOOK
    }

    adjusted = found[Quantity.DIFFERENCE]
    assert isinstance(adjusted, Estimate)
    assert adjusted.value == pytest.approx(0.05 - 0.3 * 0.1)
    assert "CUPED on visits/before" in adjusted.method
    assert "Newcombe" not in adjusted.method


def looks_of(*effects: float) -> tuple[LookData, ...]:
    found = []
    for number, effect in enumerate(effects, start=1):
        arms = [
            Moments(n=2_000 * number, names=("money",), mean=(mean,), covariance=((4.0,),))
            for mean in (5.0, 5.0 + effect)
        ]
        found.append(
            LookData(
                day=7.0 * number,
                champion_units=2_000 * number,
                challenger_units=2_000 * number,
                metrics=(MetricArms(metric="money", champion=arms[0], challenger=arms[1]),),
            )
        )
    return tuple(found)


MONEY = {"metrics": {"money": {}}, "primary": "money", "looks": (7.0, 14.0), "days": 14}


def test_an_effect_is_told_without_the_luck_of_having_ended_there() -> None:
    plan_ = plan_of(**MONEY, planned_units=8_000)
    early, late = looks_of(0.25), looks_of(0.05, 0.13)

    first = look_of(plan_, early).stopped_here
    last = look_of(plan_, late).stopped_here

    assert first is not None
    assert last is not None
    assert first.value == pytest.approx(0.25)
    assert last.value < 0.13
    assert last.low is not None
    assert last.high is not None
    assert last.low < last.value < last.high


def test_an_effect_that_had_crossed_before_the_ab_ended_is_not_corrected() -> None:
    plan_ = plan_of(**MONEY, planned_units=8_000)

    assert look_of(plan_, looks_of(0.25, 0.24)).stopped_here is None
    assert look_of(plan_, looks_of(-0.25, 0.24)).stopped_here is not None


@pytest.mark.parametrize(
    "more",
    [
        {"window_days": 0},
        {"challengers": 2, "flag": "x", "variants": {"challenger": "{candidate}"}},
        {"minimum_days": 14.0},
    ],
    ids=["values still grow", "alpha is shared", "the look may not decide"],
)
def test_where_that_is_not_known_it_is_not_told(more: dict[str, object]) -> None:
    plan_ = plan_of(**{**MONEY, "planned_units": 8_000, **more})
    assert look_of(plan_, looks_of(0.25)).stopped_here is None
