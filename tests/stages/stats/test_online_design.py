import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Unmeasured
from stages.stats.experiments import MetricColumns, contrast
from stages.stats.exposure import PlannedLooks, one_look
from stages.stats.moments import Moments, from_values
from stages.stats.online_design import (
    Design,
    Goal,
    History,
    corrected_power,
    course_of,
    course_of_all,
    detectable_effect,
    detectable_margin,
    drift_for,
    history_of,
    inflation,
    power_of,
    rate_history,
    units_for,
)
from stages.stats.sequential import POCOCK, Spending

PLAIN = History(mean=10.0, deviation=4.0)
FIXED = Design(looks=one_look(0.025))


def looks(number: int, spending: Spending | None = None, alpha: float = 0.025) -> PlannedLooks:
    shares = tuple(k / number for k in range(1, number + 1))
    return PlannedLooks(
        information=shares,
        days=tuple(float(k) for k in range(1, number + 1)),
        alpha=alpha,
        spending=spending or Spending(),
        spends=(True,) * number,
    )


@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_one_look_agrees_with_statsmodels(share: float, power: float) -> None:
    from statsmodels.stats.power import NormalIndPower

    design = Design(looks=one_look(0.025), champion_share=share)
    ours = units_for(Goal(history=PLAIN, effect=0.3), design=design, power=power)
    theirs = NormalIndPower().solve_power(
        0.3 / 4, alpha=0.025, power=power, ratio=(1 - share) / share, alternative="larger"
    )
    assert ours == math.ceil(theirs / share)
    assert power_of(theirs / share, Goal(history=PLAIN, effect=0.3), design=design) == (
        pytest.approx(power, rel=1e-9)
    )


def test_rates_have_the_variance_of_both_arms() -> None:
    from statsmodels.stats.proportion import power_proportions_2indep

    goal = Goal(history=rate_history(0.1), effect=0.02)
    theirs = power_proportions_2indep(
        0.02, 0.1, 4000, alpha=0.025, alternative="larger", return_results=False
    )
    assert power_of(8000, goal, design=FIXED) == pytest.approx(theirs, abs=0.002)
    worse = Goal(history=rate_history(0.1), effect=0.02, higher_is_better=False)
    assert power_of(8000, worse, design=FIXED) > power_of(8000, goal, design=FIXED)


@pytest.mark.parametrize(
    ("spending", "published"), [(Spending(), 1.028), (POCOCK, 1.229)], ids=["obf", "pocock"]
)
def test_five_looks_inflate_the_sample_about_as_much_as_the_tests_they_imitate(
    spending: Spending, published: float
) -> None:
    """Jennison & Turnbull (2000), tables 2.2 and 2.4: bounds that are no spending functions."""
    assert inflation(looks(5, spending), power=0.8) == pytest.approx(published, abs=0.02)
    assert inflation(one_look(0.025), power=0.8) == pytest.approx(1.0, abs=1e-7)


@pytest.mark.parametrize("number", [3, 14])
def test_simulated_abs_ship_as_often_and_as_soon_as_said(number: int) -> None:
    planned = looks(number)
    design = Design(looks=planned, champion_share=0.3)
    goal = Goal(history=History(mean=5, deviation=2, explained=0.4), effect=0.2)
    units = units_for(goal, design=design, power=0.85)
    assert units is not None
    exact = course_of(units, goal, design=design)
    assert exact.power == pytest.approx(0.85, abs=1e-3)
    random = np.random.default_rng(number)
    simulated = course_of_all(units, [goal], design=design, random=random, paths=20_000)
    assert simulated.power == pytest.approx(exact.power, abs=0.01)
    assert simulated.by_look == pytest.approx(exact.by_look, abs=0.01)
    assert simulated.mean_information == pytest.approx(exact.mean_information, abs=0.01)
    assert exact.mean_days == pytest.approx(number * exact.mean_information)


def test_the_planned_variance_is_the_one_that_the_analysis_finds() -> None:
    random, share, n = np.random.default_rng(1), 0.7, 100_000
    x = random.normal(0, 1, (n, 1))
    table = np.hstack([5 + 1.5 * x + random.normal(0, 1, (n, 1)), x])
    past, columns = from_values(table, ("y", "x")), MetricColumns(numerator="y", covariates=("x",))
    history = history_of(past, columns)
    assert isinstance(history, History)
    assert history.explained == pytest.approx(1.5**2 / (1.5**2 + 1), abs=0.01)
    control, treatment = (from_values(t, ("y", "x")) for t in np.split(table, [int(n * share)]))
    found = contrast(control, treatment, columns)
    assert not isinstance(found, Unmeasured)
    planned = Goal(history=history).variance(share) / n
    assert found.standard_error**2 == pytest.approx(planned, rel=0.02)


def test_a_relative_margin_has_the_variance_of_its_linear_contrast() -> None:
    random, trials, n, delta, rho = np.random.default_rng(2), 4000, (300, 100), 0.1, 0.6
    history = History(mean=3, deviation=1, explained=rho**2)
    cov = [[1, rho], [rho, 1]]
    c, t = (random.multivariate_normal([3, 0], cov, (trials, k)).mean(axis=1) for k in n)
    adjusted = t[:, 0] - rho * (t[:, 1] - c[:, 1])
    for higher, factor in ((True, 1 - delta), (False, 1 + delta)):
        goal = Goal(history=history, margin=delta, relative=True, higher_is_better=higher)
        spread = np.var(adjusted - factor * c[:, 0])
        assert goal.variance(0.75) / 400 == pytest.approx(spread, rel=0.08)
        assert goal.gap == pytest.approx(0.3)


def test_a_ratio_s_history_is_linearised() -> None:
    random = np.random.default_rng(3)
    visits = random.poisson(5, 50_000) + 1.0
    table = np.column_stack([random.binomial(visits.astype(int), 0.3), visits]).astype(float)
    past = from_values(table, ("y", "n"))
    history = history_of(past, MetricColumns(numerator="y", denominator="n"))
    assert isinstance(history, History)
    assert history.mean == pytest.approx(0.3, abs=0.01)
    assert history.deviation == pytest.approx(math.sqrt(0.21 / 6), rel=0.02)


def test_history_that_says_nothing_is_unmeasured() -> None:
    y, one = MetricColumns(numerator="y"), np.ones((5, 1))
    assert isinstance(history_of(from_values(one, ("y",)), y), Unmeasured)
    values = np.arange(5.0)[:, None]
    twin = from_values(np.hstack([values, 2 * values]), ("y", "x"))
    explained = history_of(twin, MetricColumns(numerator="y", covariates=("x",)))
    assert isinstance(explained, Unmeasured)
    rate = history_of(
        Moments(n=9, names=("y",), mean=(0.2,), covariance=((0.16,),)), y, is_rate=True
    )
    assert isinstance(rate, History)
    assert rate.is_rate


@given(st.floats(0.02, 0.9), st.floats(0.3, 0.98), st.sampled_from([0.1, 0.5, 0.8]))
@settings(max_examples=40)
def test_units_effects_and_power_are_three_views_of_one(
    effect: float, power: float, share: float
) -> None:
    design = Design(looks=looks(5), champion_share=share)
    for history in (PLAIN, rate_history(0.05)):
        goal = Goal(history=history, effect=effect)
        units = units_for(goal, design=design, power=power)
        assert units is not None
        assert power_of(units, goal, design=design) >= power - 1e-8
        if units > 100:
            found = detectable_effect(units, history, design=design, power=power)
            assert found == pytest.approx(effect, rel=0.03)


@pytest.mark.parametrize("higher", [True, False])
@pytest.mark.parametrize("relative", [True, False])
def test_a_detectable_margin_is_passed_as_often_as_said(*, higher: bool, relative: bool) -> None:
    design = Design(looks=looks(5))
    goal = Goal(history=PLAIN, relative=relative, higher_is_better=higher)
    margin = detectable_margin(5000, goal, design=design, power=0.9)
    assert margin is not None
    passed = Goal(history=PLAIN, margin=margin, relative=relative, higher_is_better=higher)
    assert power_of(5000, passed, design=design) == pytest.approx(0.9, abs=1e-6)


def test_what_no_size_shows_is_none() -> None:
    assert detectable_effect(20, rate_history(0.9), design=FIXED, power=0.9) is None
    assert (
        detectable_effect(20, rate_history(0.02), design=FIXED, power=0.9, higher_is_better=False)
        is None
    )
    noisy = History(mean=0.1, deviation=4.0)
    for higher in (True, False):
        goal = Goal(history=noisy, relative=True, higher_is_better=higher)
        assert detectable_margin(50, goal, design=FIXED, power=0.9) is None
    assert units_for(Goal(history=PLAIN), design=FIXED, power=0.8) is None
    assert units_for(Goal(history=PLAIN, effect=-0.2, margin=0.1), design=FIXED, power=0.8) is None


def test_a_guardrail_costs_no_power_when_beta_is_shared() -> None:
    assert corrected_power(0.8, guardrails=3) == pytest.approx(0.95)
    design = Design(looks=looks(5))
    each = corrected_power(0.8, guardrails=2)
    primary = Goal(history=PLAIN, effect=0.4)
    units = units_for(primary, design=design, power=each)
    assert units is not None
    bare = Goal(history=PLAIN)
    margin = detectable_margin(units, bare, design=design, power=each)
    assert margin is not None
    guard = Goal(history=PLAIN, margin=margin)
    random = np.random.default_rng(4)
    course = course_of_all(units, [primary, guard, guard], design=design, random=random)
    assert course.power >= 0.8 - 0.01
    assert course.power < power_of(units, primary, design=design)


def test_looks_that_never_decide_have_no_power() -> None:
    silent = PlannedLooks(information=(1.0,), days=(1.0,), alpha=0.025, spends=(False,))
    with pytest.raises(ValueError, match="can decide"):
        drift_for(silent, power=0.8)
    course = course_of(100, Goal(history=PLAIN, effect=1.0), design=Design(looks=silent))
    assert (course.power, course.mean_information) == (0.0, 1.0)
    simulated = course_of_all(
        100,
        [Goal(history=PLAIN, effect=1.0)],
        design=Design(looks=silent),
        random=np.random.default_rng(0),
        paths=10,
    )
    assert simulated.power == 0.0


def test_senseless_plans_are_refused() -> None:
    for power in (0.02, 1.0):
        with pytest.raises(ValueError, match="power lies between"):
            drift_for(one_look(0.025), power=power)
    for power, guardrails in ((0.0, 0), (1.0, 0), (0.8, -1)):
        with pytest.raises(ValueError, match="guardrails"):
            corrected_power(power, guardrails=guardrails)
    with pytest.raises(ValueError, match="has units"):
        power_of(0, Goal(history=PLAIN, effect=1), design=FIXED)
    with pytest.raises(ValueError, match="share"):
        Design(looks=one_look(0.025), champion_share=1.0)
    with pytest.raises(ValueError, match="finite"):
        Goal(history=PLAIN, effect=math.nan)
    with pytest.raises(ValueError, match="champion above 0"):
        Goal(history=History(mean=0.0, deviation=1.0), margin=0.1, relative=True)
    with pytest.raises(ValueError, match="rate lies"):
        rate_history(1.0)
    with pytest.raises(ValueError, match="rate lies"):
        power_of(10, Goal(history=rate_history(0.5), effect=0.6), design=FIXED)
    for mean, deviation, explained in ((math.nan, 1, 0), (0, 0, 0), (0, 1, 1.0)):
        with pytest.raises(ValueError, match=r"varies|explain"):
            History(mean=mean, deviation=deviation, explained=explained)
