import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtr, ndtri

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.sequential import (
    OBRIEN_FLEMING,
    POCOCK,
    Spending,
    SpendingKind,
    alpha_spent,
    bonferroni_bounds,
    bonferroni_that_spend,
    bounds_that_spend,
    conditional_power,
    crossing_probabilities,
    lan_demets_bounds,
    repeated_interval,
)

FIVE = tuple(k / 5 for k in range(1, 6))
FOURTEEN = tuple(k / 14 for k in range(1, 15))
CUBIC = Spending(kind=SpendingKind.POWER, exponent=3)
FAMILIES = (OBRIEN_FLEMING, POCOCK, CUBIC)


def test_pocock_bounds_agree_with_the_published_constant() -> None:
    low, high = 1.0, 4.0
    while high - low > 1e-7:
        middle = (low + high) / 2
        total = sum(crossing_probabilities(FIVE, [middle] * 5, two_sided=True))
        low, high = (middle, high) if total > 0.05 else (low, middle)
    assert high == pytest.approx(2.4132, abs=1e-4)


def test_obrien_fleming_bounds_agree_with_the_published_constant() -> None:
    bounds = [2.0401 * math.sqrt(5 / k) for k in range(1, 6)]
    assert sum(crossing_probabilities(FIVE, bounds, two_sided=True)) == pytest.approx(
        0.05, abs=1e-4
    )


def test_pocock_type_spending_agrees_with_published_bounds() -> None:
    found = lan_demets_bounds(FIVE, alpha=0.05, spending=POCOCK, two_sided=True)
    assert found == pytest.approx((2.4380, 2.4268, 2.4102, 2.3966, 2.3860), abs=1e-4)


@pytest.mark.parametrize("two_sided", [False, True])
def test_obrien_fleming_type_spending_agrees_with_published_bounds(*, two_sided: bool) -> None:
    alpha = 0.05 if two_sided else 0.025
    found = lan_demets_bounds(FIVE, alpha=alpha, two_sided=two_sided)
    assert found == pytest.approx((4.8769, 3.3570, 2.6803, 2.2898, 2.0310), abs=1e-4)


@pytest.mark.parametrize("family", FAMILIES)
def test_spending_begins_at_nothing_rises_and_ends_at_alpha(family: Spending) -> None:
    spent = [alpha_spent(t, alpha=0.025, spending=family) for t in np.linspace(0, 1, 50)]
    assert spent[0] == 0
    assert spent == sorted(spent)
    assert spent[-1] == 0.025
    assert alpha_spent(1.7, alpha=0.025, spending=family) == 0.025


def test_spending_functions_have_their_published_form() -> None:
    from scipy.stats import norm

    half = alpha_spent(0.5, alpha=0.025)
    assert half == pytest.approx(2 - 2 * norm.cdf(norm.isf(0.0125) / math.sqrt(0.5)), rel=1e-9)
    pocock = alpha_spent(0.5, alpha=0.025, spending=POCOCK)
    assert pocock == pytest.approx(0.025 * math.log(1 + (math.e - 1) * 0.5), rel=1e-12)
    assert alpha_spent(0.5, alpha=0.025, spending=CUBIC) == pytest.approx(0.025 / 8, rel=1e-12)


@given(
    st.lists(st.floats(0.02, 0.5), min_size=1, max_size=6),
    st.floats(0.001, 0.2),
    st.sampled_from(FAMILIES),
    st.sampled_from([1, 2]),
)
@settings(max_examples=40, deadline=None)
def test_bounds_spend_exactly_what_the_function_says(
    gains: list[float], alpha: float, family: Spending, sides: int
) -> None:
    looks, two_sided = tuple(float(t) for t in np.cumsum(gains)), sides == 2
    bounds = lan_demets_bounds(looks, alpha=alpha, spending=family, two_sided=two_sided)
    kept = [(t, b) for t, b in zip(looks, bounds, strict=True) if b is not None]
    crossed = crossing_probabilities(
        [t for t, _ in kept], [b for _, b in kept], two_sided=two_sided
    )
    for (t, _), total in zip(kept, np.cumsum(crossed), strict=True):
        planned = sides * alpha_spent(t, alpha=alpha / sides, spending=family)
        assert total == pytest.approx(planned, rel=1e-6, abs=1e-12)


@pytest.mark.parametrize("looks", [FIVE, FOURTEEN])
def test_a_look_more_never_changes_the_bounds_before_it(looks: tuple[float, ...]) -> None:
    whole = lan_demets_bounds(looks, alpha=0.025)
    for k in range(len(looks) + 1):
        assert lan_demets_bounds(looks[:k], alpha=0.025) == whole[:k]


def test_a_look_before_the_minimum_run_time_spends_nothing_and_its_alpha_is_kept() -> None:
    marked = lan_demets_bounds(FIVE, alpha=0.025, spends=(False, False, True, True, True))
    assert marked[:2] == (None, None)
    assert marked[2:] == lan_demets_bounds(FIVE[2:], alpha=0.025)


@pytest.mark.parametrize("last", [0.85, 1.0, 1.3])
def test_the_last_planned_look_spends_all_that_is_left(last: float) -> None:
    looks = (0.3, 0.6, last)
    bounds = lan_demets_bounds(looks, alpha=0.025, spend_all_at_last=True)
    assert sum(crossing_probabilities(looks, bounds)) == pytest.approx(0.025, rel=1e-9)
    assert bounds[:2] == lan_demets_bounds(looks[:2], alpha=0.025)


def test_underrun_lowers_and_overrun_raises_the_last_bound() -> None:
    under, planned, over = (
        lan_demets_bounds((0.5, t), alpha=0.025, spend_all_at_last=True)[1] for t in (0.6, 1.0, 2.0)
    )
    assert under is not None
    assert planned is not None
    assert over is not None
    assert under < planned < over


def test_a_look_after_all_is_spent_cannot_cross() -> None:
    assert lan_demets_bounds((0.5, 1.1, 1.2), alpha=0.025)[2] is None


def test_a_look_too_early_to_buy_a_bound_keeps_its_alpha() -> None:
    early = lan_demets_bounds((0.001, 0.5, 1.0), alpha=0.025)
    assert early == (None, *lan_demets_bounds((0.5, 1.0), alpha=0.025))


@pytest.mark.parametrize("two_sided", [False, True])
def test_a_look_that_adds_hardly_anything_is_conservative(*, two_sided: bool) -> None:
    looks = (0.5, 0.5001, 1.0)
    found = lan_demets_bounds(looks, alpha=0.025, two_sided=two_sided)
    apart = lan_demets_bounds((0.5, 1.0), alpha=0.025, two_sided=two_sided)
    assert found[0] == apart[0]
    assert found[1] is not None
    assert found[2] is not None
    assert apart[1] is not None
    assert found[1] > 4
    assert apart[1] <= found[2] < apart[1] + 0.01


def test_no_looks_have_no_bounds() -> None:
    assert lan_demets_bounds((), alpha=0.025, spend_all_at_last=True) == ()


def test_crossing_skips_a_look_without_a_bound_and_counts_power() -> None:
    found = crossing_probabilities((0.3, 0.6, 1.0), (None, 2.5, 2.0), drift=3.0)
    assert found[0] == 0
    assert found[1:] == pytest.approx(
        crossing_probabilities((0.6, 1.0), (2.5, 2.0), drift=3.0), rel=1e-12
    )
    assert 0.8 < sum(found) < 0.9


@pytest.mark.parametrize(
    "looks", [(0.5, 0.4), (0.5, 0.5), (0.0, 1.0), (-0.1,), (math.nan,), (0.5, math.inf)]
)
def test_information_that_does_not_rise_is_refused(looks: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="increasing"):
        lan_demets_bounds(looks, alpha=0.025)
    with pytest.raises(ValueError, match="increasing"):
        crossing_probabilities(looks, [2.0] * len(looks))


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_an_alpha_that_is_no_error_rate_is_refused(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        lan_demets_bounds((0.5,), alpha=alpha)
    with pytest.raises(ValueError, match="alpha"):
        alpha_spent(0.5, alpha=alpha)


def test_other_nonsense_is_refused() -> None:
    with pytest.raises(ValueError, match="marks for"):
        lan_demets_bounds((0.5,), alpha=0.025, spends=(True, True))
    with pytest.raises(ValueError, match="bounds for"):
        crossing_probabilities((0.5,), (2.0, 2.0))
    with pytest.raises(ValueError, match="information"):
        alpha_spent(-0.5, alpha=0.025)
    with pytest.raises(ValueError, match="information"):
        alpha_spent(math.nan, alpha=0.025)
    for exponent in (0.0, math.nan):
        with pytest.raises(ValueError, match="exponent"):
            Spending(kind=SpendingKind.POWER, exponent=exponent)


@pytest.mark.parametrize("looks", [FIVE, FOURTEEN])
def test_simulated_looks_without_an_effect_cross_upward_with_probability_alpha(
    looks: tuple[float, ...],
) -> None:
    rng, trials = np.random.default_rng(1), 40_000
    steps = rng.normal(0, np.sqrt(np.diff((0.0, *looks))), (trials, len(looks)))
    z = steps.cumsum(axis=1) / np.sqrt(looks)
    bounds = np.array(lan_demets_bounds(looks, alpha=0.025), dtype=float)
    rate = (z > bounds).any(axis=1).mean()
    assert rate == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / trials))


def test_conditional_power_agrees_with_simulation() -> None:
    rng, t, z, bound = np.random.default_rng(2), 0.4, 1.5, 2.0
    score = z * math.sqrt(t)
    end = score + score / t * (1 - t) + rng.normal(0, math.sqrt(1 - t), 200_000)
    found = conditional_power(z, t, final_bound=bound)
    assert found == pytest.approx((end > bound).mean(), abs=0.005)


def test_conditional_power_at_the_end_is_known() -> None:
    assert conditional_power(2.1, 1.0, final_bound=2.0) == 1
    assert conditional_power(1.9, 1.2, final_bound=2.0) == 0
    assert conditional_power(2.1, 1.0, final_bound=2.0, final_information=1.5) < 1


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(0.05, 0.95))
def test_a_better_trend_has_more_conditional_power(one: float, two: float, share: float) -> None:
    low, high = (conditional_power(z, share, final_bound=2.0) for z in sorted((one, two)))
    assert 0 <= low <= high <= 1


def test_conditional_power_refuses_nonsense() -> None:
    with pytest.raises(ValueError, match="finite"):
        conditional_power(math.nan, 0.5, final_bound=2.0)
    with pytest.raises(ValueError, match="finite"):
        conditional_power(1.0, 0.5, final_bound=math.inf)
    with pytest.raises(ValueError, match="information"):
        conditional_power(1.0, 0.0, final_bound=2.0)
    with pytest.raises(ValueError, match="information"):
        conditional_power(1.0, 0.5, final_bound=2.0, final_information=math.nan)


EFFECT = Contrast(effect=0.3, standard_error=0.1, n=900, degrees_of_freedom=880, method="means")


def test_a_repeated_interval_reaches_bound_standard_errors() -> None:
    found = repeated_interval(EFFECT, bound=2.5, level=0.95, unit="share")
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == pytest.approx((0.05, 0.55))
    assert (found.level, found.unit, found.n) == (0.95, "share", 900)


def test_a_look_that_spends_nothing_has_no_interval() -> None:
    found = repeated_interval(EFFECT, bound=None, level=0.95, unit="share")
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.WAITING
    missing = Unmeasured("no units")
    assert repeated_interval(missing, bound=2.0, level=0.95, unit="share") is missing


@given(
    looks=st.lists(st.floats(0.05, 1.2), min_size=1, max_size=6, unique=True).map(sorted),
    alpha=st.floats(0.001, 0.2),
    last=st.booleans(),
)
def test_bonferroni_looks_spend_what_they_may_and_no_more(
    looks: list[float], alpha: float, *, last: bool
) -> None:
    bounds = bonferroni_bounds(looks, alpha=alpha, spend_all_at_last=last)
    tails = sum(float(ndtr(-b)) for b in bounds if b is not None)
    spent = alpha if last else alpha_spent(looks[-1], alpha=alpha)
    assert tails == pytest.approx(spent, rel=1e-6, abs=1e-12)


def test_bonferroni_keeps_the_alpha_of_a_look_that_may_not_cross() -> None:
    bounds = bonferroni_bounds([0.5, 1.0], alpha=0.025, spends=[False, True])
    assert bounds == (None, pytest.approx(float(-ndtri(0.025))))


def test_bonferroni_is_never_below_the_bound_for_independent_increments() -> None:
    looks = [0.3, 0.6, 0.8, 1.0]
    pairs = zip(
        bonferroni_bounds(looks, alpha=0.025), lan_demets_bounds(looks, alpha=0.025), strict=True
    )
    assert all(a is not None and b is not None and a >= b - 1e-9 for a, b in pairs)


@pytest.mark.parametrize(
    ("looks", "spends"), [([0.5, 0.4], None), ([0.5], [True, True]), ([0.0], None)]
)
def test_bonferroni_refuses_looks_that_cannot_be(
    looks: list[float], spends: list[bool] | None
) -> None:
    with pytest.raises(ValueError, match=r"information|marks"):
        bonferroni_bounds(looks, alpha=0.025, spends=spends)


def test_alpha_may_be_spent_by_another_clock_than_information() -> None:
    information, clock = [0.5, 1.2, 1.6, 2.0], [0.1, 0.4, 0.4, 1.0]
    spent = [alpha_spent(t, alpha=0.025) for t in clock]
    bounds = bounds_that_spend(spent, information=information)
    assert [bound is None for bound in bounds] == [False, False, True, False]
    crossed = crossing_probabilities(information, bounds)
    gained = np.diff(spent, prepend=0)
    np.testing.assert_allclose(crossed, gained, rtol=1e-6, atol=1e-15)
    tails = bonferroni_that_spend(spent)
    assert tails[2] is None
    assert tails[3] == pytest.approx(-ndtri(spent[3] - spent[1]))


@pytest.mark.parametrize("spent", [[0.1], [0.2, 0.1], [0.1, 1.0], [-0.1, 0.1], [0.1, math.nan]])
def test_alpha_spent_never_falls_and_is_known_at_every_look(spent: list[float]) -> None:
    with pytest.raises(ValueError, match="no alpha spent"):
        bounds_that_spend(spent, information=[0.5, 1.0])
