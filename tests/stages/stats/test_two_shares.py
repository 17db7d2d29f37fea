"""Shares of two arms: few events and unequal arms do not shorten an interval."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stages.stats.two_shares import (
    ArmShare,
    difference_ends,
    difference_range,
    exact_share,
    ratio_range,
)

Z = 1.959963984540054
COUNTS = st.tuples(st.integers(0, 400), st.integers(1, 400)).map(lambda p: (min(p), max(p)))


def share(events: int, n: int) -> ArmShare:
    return ArmShare(value=events / n, n=n)


@pytest.mark.parametrize(("control", "treatment"), [((10, 500), (32, 800)), ((0, 50), (49, 50))])
def test_the_difference_equals_newcombes_of_statsmodels(
    control: tuple[int, int], treatment: tuple[int, int]
) -> None:
    from statsmodels.stats.proportion import confint_proportions_2indep

    wanted = confint_proportions_2indep(*treatment, *control, method="newcomb", compare="diff")
    found = difference_range(share(*control), share(*treatment), critical=Z)
    assert (found.low, found.high) == pytest.approx(wanted)


def test_newcombes_published_example() -> None:
    """Newcombe (1998), table II, contrast a: 56/70 - 48/80, method 10: 0.0524 to 0.3339."""
    found = difference_range(share(48, 80), share(56, 70), critical=Z)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)


@given(counts=COUNTS)
def test_the_ends_of_one_share_are_the_exact_ones(counts: tuple[int, int]) -> None:
    found = exact_share(share(*counts), critical=Z)
    wanted = stats.binomtest(*counts).proportion_ci(confidence_level=0.95, method="exact")
    assert (found.low, found.high) == pytest.approx((wanted.low, wanted.high), abs=1e-9)


@given(a=COUNTS, b=COUNTS.filter(lambda c: c[0] > 0), critical=st.floats(0.5, 5))
def test_ends_hold_the_value_and_stay_finite(
    a: tuple[int, int], b: tuple[int, int], critical: float
) -> None:
    control, treatment = share(*b), share(*a)
    gap = difference_range(control, treatment, critical=critical)
    assert gap.low <= treatment.value - control.value <= gap.high
    quotient = ratio_range(control, treatment, critical=critical)
    assert -1e-9 <= quotient.low <= treatment.value / control.value * (1 + 1e-9) + 1e-9
    assert treatment.value / control.value <= quotient.high * (1 + 1e-9) < math.inf


@given(a=COUNTS, b=COUNTS, critical=st.floats(0.5, 5))
def test_exchanging_the_arms_mirrors_the_difference(
    a: tuple[int, int], b: tuple[int, int], critical: float
) -> None:
    there = difference_range(share(*a), share(*b), critical=critical)
    back = difference_range(share(*b), share(*a), critical=critical)
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low), abs=1e-12)


def test_the_ends_of_a_quotient_solve_the_contrast_of_both_arms() -> None:
    """At each end rho the MOVER interval of treatment - rho x control touches zero."""
    c, t = share(30, 900), share(12, 400)
    found = ratio_range(c, t, critical=Z)
    ends = [
        stats.binomtest(round(x.value * x.n), x.n).proportion_ci(0.95, method="wilson")
        for x in (c, t)
    ]
    of_c, of_t = ends
    high = found.high
    reach = math.hypot(of_t.high - t.value, high * (c.value - of_c.low))
    assert t.value - high * c.value + reach == pytest.approx(0, abs=1e-9)
    low = found.low
    reach = math.hypot(t.value - of_t.low, low * (of_c.high - c.value))
    assert t.value - low * c.value - reach == pytest.approx(0, abs=1e-9)


def test_a_control_with_hardly_any_event_bounds_nothing_from_below() -> None:
    assert ratio_range(share(1, 100), share(50, 100), critical=Z).low == 0.0


def test_a_rare_rate_at_its_limit_passes_as_seldom_as_it_says() -> None:
    """A mean + 1.96 standard errors passes 6.6 % of the time here."""
    n, limit = 1000, 0.01
    events = np.arange(0, 40)
    high = np.array([exact_share(share(int(x), n), critical=Z).high for x in events])
    assert stats.binom.pmf(events, n, limit)[high <= limit].sum() <= 0.025


@pytest.mark.parametrize(("value", "n"), [(-0.1, 10), (1.1, 10), (0.5, 0), (math.nan, 5)])
def test_what_is_no_share_is_refused(value: float, n: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        ArmShare(value=value, n=n)


@given(a=COUNTS, b=COUNTS, critical=st.floats(0.5, 5))
def test_corrected_ends_reach_at_least_as_far_as_newcombes_and_mirror(
    a: tuple[int, int], b: tuple[int, int], critical: float
) -> None:
    newcombe = difference_range(share(*a), share(*b), critical=critical)
    found = difference_ends(share(*a), share(*b), critical=critical)
    back = difference_ends(share(*b), share(*a), critical=critical)
    assert found.low <= newcombe.low
    assert found.high >= newcombe.high
    assert (found.low, found.high) == pytest.approx((-back.high, -back.low), abs=1e-12)


@pytest.mark.parametrize("critical", [1.96, 3.5])
def test_the_end_towards_the_skewed_arm_is_halls(critical: float) -> None:
    """Skewness by scipy: T + a T^2 / 3 + a^2 T^3 / 27 + a / 6 is the normal score of that end."""
    control, treatment = share(1_800, 90_000), share(200, 10_000)
    found = difference_ends(control, treatment, critical=critical)
    own = [stats.binom.stats(arm.n, arm.value, moments="vs") for arm in (control, treatment)]
    variances = [float(v) / arm.n**2 for (v, _), arm in zip(own, (control, treatment), strict=True)]
    thirds = [float(s) * v**1.5 for (_, s), v in zip(own, variances, strict=True)]
    error = math.sqrt(sum(variances))
    a, t = (thirds[1] - thirds[0]) / error**3, -found.low / error
    assert a > 0.05
    assert t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6 == pytest.approx(critical, rel=1e-3)
    assert found.low < difference_range(control, treatment, critical=critical).low
    assert found.low > -critical * error


@pytest.mark.parametrize("sizes", [(90_000, 10_000), (10_000, 90_000), (1_000, 1_000)])
def test_each_corrected_end_is_as_rarely_wrong_as_said(sizes: tuple[int, int]) -> None:
    """At 3 normal deviations; without the correction an end misses twice as often."""
    random, trials, tail = np.random.default_rng(3), 25_000, stats.norm.sf(3.0)
    counts = [random.binomial(n, 0.02, trials) for n in sizes]
    missed, plain = np.zeros(2), np.zeros(2)
    for control, treatment in zip(*counts, strict=True):
        arms = share(control, sizes[0]), share(treatment, sizes[1])
        found = difference_ends(*arms, critical=3.0)
        missed += [found.low > 0, found.high < 0]
        gap = arms[1].value - arms[0].value
        error = math.sqrt(sum(x.value * (1 - x.value) / x.n for x in arms))
        plain += [gap > 3 * error, gap < -3 * error]
    slack = 3 * math.sqrt(tail / trials)
    assert (missed / trials <= tail + slack).all()
    assert sizes[0] == sizes[1] or plain.max() / trials > tail + slack
