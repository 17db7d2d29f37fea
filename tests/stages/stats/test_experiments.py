import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.experiments import (
    Contrast,
    MetricColumns,
    contrast,
    difference,
    interval,
    p_two_sided,
    p_worse,
    ratio,
    relative_difference,
)
from stages.stats.moments import Moments, from_values

Y = MetricColumns(numerator="y")
PER_N = MetricColumns(numerator="y", denominator="n")


def from_sums(total: float, squares: float, n: int) -> Moments:
    mean = total / n
    variance = (squares - n * mean * mean) / (n - 1)
    return Moments(n=n, names=("y",), mean=(mean,), covariance=((variance,),))


def arm(mean: float, variance: float, n: int = 100) -> Moments:
    return Moments(n=n, names=("y",), mean=(mean,), covariance=((variance,),))


def measured(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate), found
    return found


def contrasted(found: Contrast | Unmeasured) -> Contrast:
    assert isinstance(found, Contrast), found
    return found


A = from_sums(1396.87, 52377.9767, 3407)
B = from_sums(2422.7, 134698.29, 3461)


def test_the_absolute_difference_agrees_with_the_published_one() -> None:
    found = measured(difference(A, B, Y, level=0.95, unit="number"))
    assert found.value == pytest.approx(0.29, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((0.04538, 0.53462), abs=1e-5)
    assert found.standard_error == pytest.approx(0.12478, abs=1e-5)
    assert p_two_sided(contrasted(contrast(A, B, Y))) == pytest.approx(0.02016, abs=1e-5)
    assert found.n == 3407 + 3461


def test_the_relative_difference_agrees_with_the_published_one() -> None:
    found = measured(relative_difference(A, B, Y, level=0.95))
    assert found.value == pytest.approx(0.70732, abs=1e-5)
    assert (found.low, found.high) == pytest.approx((-0.03526, 1.44989), abs=1e-5)
    assert found.standard_error is not None
    as_contrast = Contrast(
        effect=found.value,
        standard_error=found.standard_error,
        n=found.n,
        degrees_of_freedom=contrasted(contrast(A, B, Y)).degrees_of_freedom,
        method=found.method,
    )
    assert p_two_sided(as_contrast) == pytest.approx(0.06191, abs=1e-5)


@pytest.mark.parametrize("seed", range(8))
def test_welch_agrees_with_scipy(seed: int) -> None:
    from scipy.stats import ttest_ind

    rng = np.random.default_rng(seed)
    sizes = rng.integers(2, 60, 2)
    left, right = rng.normal(1, 1, sizes[0]), rng.normal(1.5, 3, sizes[1])
    theirs = ttest_ind(right, left, equal_var=False)
    control, treatment = (from_values(x[:, None], ("y",)) for x in (left, right))
    found = contrasted(contrast(control, treatment, Y))
    assert p_two_sided(found) == pytest.approx(theirs.pvalue, rel=1e-9)
    limits = theirs.confidence_interval(0.9)
    ours = measured(difference(control, treatment, Y, level=0.9, unit="number"))
    assert (ours.low, ours.high) == pytest.approx((limits.low, limits.high), rel=1e-9)
    less = ttest_ind(right, left, equal_var=False, alternative="less").pvalue
    assert p_worse(found, higher_is_better=True) == pytest.approx(less, rel=1e-9)
    assert p_worse(found, higher_is_better=False) == pytest.approx(1 - less, rel=1e-9)


def test_welch_agrees_with_statsmodels() -> None:
    from statsmodels.stats.weightstats import CompareMeans, DescrStatsW

    rng = np.random.default_rng(11)
    left, right = rng.exponential(1, 300), rng.exponential(1.1, 200)
    theirs = CompareMeans(DescrStatsW(right), DescrStatsW(left)).tconfint_diff(usevar="unequal")
    control, treatment = (from_values(x[:, None], ("y",)) for x in (left, right))
    ours = measured(difference(control, treatment, Y, level=0.95, unit="number"))
    assert (ours.low, ours.high) == pytest.approx(theirs, rel=1e-9)


@pytest.mark.parametrize("seed", range(4))
def test_means_and_ratios_agree_with_tea_tasting(seed: int) -> None:
    import pandas as pd
    import tea_tasting as tt

    rng = np.random.default_rng(seed)
    n = rng.poisson(3, 700) + 1.0
    table = np.column_stack([rng.poisson(n * 0.4).astype(float), n])
    variant = (np.arange(700) >= 300).astype(int)
    frame = pd.DataFrame(table, columns=["y", "n"]).assign(variant=variant)
    theirs = tt.Experiment(
        mean=tt.Mean("y", use_t=True), ratio=tt.RatioOfMeans("y", "n", use_t=True)
    ).analyze(frame)
    control, treatment = (from_values(table[variant == v], ("y", "n")) for v in (0, 1))
    for columns, name in ((Y, "mean"), (PER_N, "ratio")):
        ours = measured(difference(control, treatment, columns, level=0.95, unit="number"))
        assert ours.value == pytest.approx(theirs[name].effect_size, rel=1e-9)
        assert (ours.low, ours.high) == pytest.approx(
            (theirs[name].effect_size_ci_lower, theirs[name].effect_size_ci_upper), rel=1e-9
        )
        quotient = measured(ratio(control, treatment, columns, level=0.95))
        assert quotient.value - 1 == pytest.approx(theirs[name].rel_effect_size, rel=1e-9)


def test_a_ratio_covers_its_truth_when_units_differ_in_size() -> None:
    rng, covered, trials = np.random.default_rng(5), 0, 1000
    for _ in range(trials):
        tables = []
        for rate in (0.4, 0.44):
            taste = rng.beta(4 * rate, 4 * (1 - rate), 400)
            n = rng.poisson(5, 400) + 1
            tables.append(np.column_stack([rng.binomial(n, taste), n]).astype(float))
        control, treatment = (from_values(t, ("y", "n")) for t in tables)
        found = measured(difference(control, treatment, PER_N, level=0.9, unit="share"))
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 0.04 <= found.high
    assert covered / trials == pytest.approx(0.9, abs=0.03)


MEANS = st.floats(-50, 50)
VARIANCES = st.floats(0.01, 100)
SIZES = st.integers(2, 10_000)


@given(MEANS, VARIANCES, SIZES, MEANS, VARIANCES, SIZES)
def test_swapping_the_arms_mirrors_the_difference(
    m1: float, v1: float, n1: int, m2: float, v2: float, n2: int
) -> None:
    one, two = arm(m1, v1, n1), arm(m2, v2, n2)
    forth = measured(difference(one, two, Y, level=0.95, unit="number"))
    back = measured(difference(two, one, Y, level=0.95, unit="number"))
    assert forth.value == -back.value
    assert (forth.low, forth.high) == pytest.approx((-back.high, -back.low), rel=1e-12)  # type: ignore[operator]
    assert p_worse(contrasted(contrast(one, two, Y)), higher_is_better=True) == pytest.approx(
        p_worse(contrasted(contrast(two, one, Y)), higher_is_better=False), rel=1e-12
    )


@given(
    st.floats(0.5, 50),
    VARIANCES,
    st.floats(0.5, 50),
    VARIANCES,
    st.integers(50, 5000),
    st.floats(0.001, 0.999),
    st.floats(0.5, 5),
)
def test_fieller_answers_the_linear_contrast_for_every_margin(  # noqa: PLR0913, PLR0917 - drawn
    mc: float, vc: float, mt: float, vt: float, n: int, margin: float, critical: float
) -> None:
    found = ratio(arm(mc, vc, n), arm(mt, vt, n), Y, level=0.95, critical=critical)
    if isinstance(found, Unmeasured):
        assert mc <= critical * math.sqrt(vc / n) * (1 + 1e-12)
        return
    for c, end in ((1 - margin, found.low), (1 + margin, found.high)):
        assert end is not None
        z = (mt - c * mc) / math.sqrt((vt + c * c * vc) / n)
        if abs(abs(z) - critical) > 1e-7 and abs(c - end) > 1e-9:
            assert (end > c) == ((z > critical) if end is found.low else (z > -critical))


@pytest.mark.parametrize("seed", range(20))
def test_fieller_answers_the_adjusted_linear_contrast(seed: int) -> None:
    rng = np.random.default_rng(seed)
    columns = MetricColumns(numerator="y", covariates=("x",))
    control, treatment = (
        rng.multivariate_normal([3, 1], [[1, 0.6], [0.6, 1]], n) for n in (90, 60)
    )
    arms = [from_values(t, ("y", "x")) for t in (control, treatment)]
    found = measured(ratio(arms[0], arms[1], columns, level=0.95, critical=2.2))
    spread = [np.cov(t.T) / len(t) for t in (control, treatment)]
    theta = sum(s[0, 1] for s in spread) / sum(s[1, 1] for s in spread)
    for c in (found.low, found.high):
        assert c is not None
        gap = treatment[:, 1].mean() - control[:, 1].mean()
        effect = treatment[:, 0].mean() - c * control[:, 0].mean() - theta * gap
        variance = sum(
            k * k * s[0, 0] - 2 * k * theta * s[0, 1] + theta * theta * s[1, 1]
            for k, s in zip((c, 1), spread, strict=True)
        )
        assert abs(effect) / math.sqrt(variance) == pytest.approx(2.2, rel=1e-9)


def test_fieller_approaches_the_delta_method_in_large_samples() -> None:
    control, treatment = arm(10, 4, 10**6), arm(10.2, 5, 10**6)
    exact = measured(ratio(control, treatment, Y, level=0.95))
    delta = measured(relative_difference(control, treatment, Y, level=0.95))
    assert exact.value - 1 == pytest.approx(delta.value, abs=1e-12)
    assert exact.low == pytest.approx(1 + (delta.low or 0), abs=1e-6)
    assert exact.high == pytest.approx(1 + (delta.high or 0), abs=1e-6)
    assert "Fieller" in exact.method
    assert "delta method" in delta.method


def test_fieller_keeps_its_digits_far_from_zero() -> None:
    found = measured(ratio(arm(1e8, 1, 100), arm(1e8 + 1, 1, 100), Y, level=0.95, critical=2.0))
    assert found.value - 1 == pytest.approx(1e-8, rel=1e-6)
    half = 2 * math.sqrt(0.02) / 1e8
    assert found.high is not None
    assert found.high - found.value == pytest.approx(half, rel=1e-6)


@pytest.mark.parametrize("mean", [0.0, 0.2, -5.0])
def test_a_ratio_needs_a_clearly_positive_control(mean: float) -> None:
    found = ratio(arm(mean, 1, 4), arm(1, 1, 4), Y, level=0.95, critical=1.96)
    assert isinstance(found, Unmeasured)
    assert "not clearly above 0" in found.reason


def test_a_relative_difference_takes_a_negative_control_but_no_zero() -> None:
    found = measured(relative_difference(arm(-10, 1), arm(-9, 1), Y, level=0.95))
    assert found.value == pytest.approx(0.1)
    near = relative_difference(arm(-0.1, 1), arm(-9, 1), Y, level=0.95)
    assert isinstance(near, Unmeasured)
    assert "not clearly different from 0" in near.reason


def test_a_critical_value_sets_the_half_width() -> None:
    found = measured(difference(arm(1, 2), arm(1, 2), Y, level=0.95, unit="n", critical=3.5))
    assert found.standard_error == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((-0.7, 0.7))
    assert found.method == "difference of means, normal, critical value 3.5000"
    assert found.level == 0.95


def test_z_and_information_are_at_hand() -> None:
    found = contrasted(contrast(arm(1, 2), arm(1.5, 2), Y))
    assert found.z == pytest.approx(2.5)
    assert found.information == pytest.approx(25)


@pytest.mark.parametrize("freedom", [4, 30, 3e3, 1e5, 1e8])
@pytest.mark.parametrize("power", [2, 20, 100, 250, 300])
def test_p_values_are_exact_down_to_1e_300(freedom: float, power: int) -> None:
    import mpmath

    with mpmath.workdps(40):
        t = _t_of(freedom, power)
        v = mpmath.mpf(freedom)
        tail = mpmath.betainc(v / 2, 0.5, 0, v / (v + mpmath.mpf(t) ** 2), regularized=True) / 2
        far = Contrast(effect=-t, standard_error=1, n=9, degrees_of_freedom=freedom, method="m")
        one, two = p_worse(far, higher_is_better=True), p_two_sided(far)
        assert tail < 10 ** (1 - power)
        assert abs(one / tail - 1) < 1e-9
        assert abs(two / tail / 2 - 1) < 1e-9


def _t_of(freedom: float, power: int) -> float:
    """A t whose tail is about 10^-power."""
    from scipy.stats import t

    return float(t.isf(10.0**-power, freedom))


def test_no_p_value_is_zero() -> None:
    far = Contrast(effect=-99, standard_error=1, n=10**8, degrees_of_freedom=1e8, method="m")
    assert 0 < p_worse(far, higher_is_better=True) <= 1e-307
    assert 0 < p_two_sided(far) <= 1e-307


def test_p_values_reach_far_into_the_tail() -> None:
    far = Contrast(effect=-36, standard_error=1, n=10**8, degrees_of_freedom=1e8, method="m")
    assert 0 < p_worse(far, higher_is_better=True) < 1e-280
    assert p_worse(far, higher_is_better=False) == 1
    assert 0 < p_two_sided(far) < 1e-280


def table(n: int, *, fill: float | None = None) -> Moments:
    values = np.random.default_rng(n).normal(2, 1, (n, 2))
    if fill is not None:
        values[:, 0] = fill
    return from_values(values, ("y", "n"))


@pytest.mark.parametrize(
    ("control", "treatment", "columns", "reason", "cause"),
    [
        (table(0), table(9), Y, "the control arm has 0 of at least 2", Cause.WAITING),
        (table(9), table(1), Y, "the treatment arm has 1 of at least 2", Cause.WAITING),
        (table(9), table(9), MetricColumns(numerator="q"), "no column q", Cause.BROKEN),
        (
            table(9),
            table(9),
            MetricColumns(numerator="y", denominator="d", covariates=("c",)),
            "no column d, c",
            Cause.BROKEN,
        ),
        (table(9, fill=0.1), table(9, fill=0.1), Y, "zero variance", Cause.BROKEN),
        (table(9), table(9, fill=0.0), Y, "zero variance in the treatment arm", Cause.BROKEN),
        (table(9, fill=1e8), table(9), Y, "zero variance in the control arm", Cause.BROKEN),
        (
            table(9),
            table(9),
            MetricColumns(numerator="y", denominator="y"),
            "zero variance",
            Cause.BROKEN,
        ),
        (
            table(9),
            table(9, fill=-1.0),
            MetricColumns(numerator="n", denominator="y"),
            "the mean of y in the treatment arm is not positive",
            Cause.BROKEN,
        ),
    ],
)
def test_bad_arms_are_unmeasured(
    control: Moments, treatment: Moments, columns: MetricColumns, reason: str, cause: Cause
) -> None:
    for found in (
        contrast(control, treatment, columns),
        difference(control, treatment, columns, level=0.95, unit="n"),
        ratio(control, treatment, columns, level=0.95),
        relative_difference(control, treatment, columns, level=0.95),
    ):
        assert isinstance(found, Unmeasured)
        assert reason in found.reason
        assert found.cause is cause


@pytest.mark.parametrize(
    ("control", "treatment"),
    [
        (arm(-1.7e308, 1e308), arm(1.7e308, 1e308)),
        (arm(1, 1e308, 2), arm(1, 1e308, 2)),
        (arm(1e-308, 1e-323), arm(1e308, 1e-300)),
        (arm(1e300, 1e300), arm(-1e300, 1e307)),
    ],
)
def test_absurd_magnitudes_never_yield_a_number_that_is_none(
    control: Moments, treatment: Moments
) -> None:
    for found in (
        difference(control, treatment, Y, level=0.95, unit="n"),
        ratio(control, treatment, Y, level=0.95, critical=2.0),
        relative_difference(control, treatment, Y, level=0.95),
    ):
        assert isinstance(found, Estimate | Unmeasured)


def test_a_ratio_that_overflows_is_unmeasured() -> None:
    tiny = Moments(
        n=9, names=("y", "n"), mean=(1e300, 1e-300), covariance=((1.0, 0.0), (0.0, 1e-300))
    )
    found = contrast(tiny, tiny, PER_N)
    assert isinstance(found, Unmeasured)
    assert "not finite" in found.reason


def test_a_variance_without_a_finite_inverse_is_unmeasured() -> None:
    found = contrast(arm(0.0, 1e-320), arm(0.0, 1e-320), Y)
    assert isinstance(found, Unmeasured)
    assert "not finite" in found.reason


def test_an_interval_that_overflows_is_unmeasured() -> None:
    wide = Contrast(effect=1, standard_error=1e200, n=9, degrees_of_freedom=7, method="m")
    found = interval(wide, level=0.95, unit="n", critical=1e200)
    assert isinstance(found, Unmeasured)
    assert "not finite" in found.reason


def test_a_control_on_the_edge_of_significance_has_no_ratio_or_a_finite_one() -> None:
    for mean in (0.2, math.nextafter(0.2, 1), 0.2 * (1 + 1e-15), 0.2 * (1 + 1e-9)):
        found = ratio(arm(mean, 1, 100), arm(0.5, 1, 100), Y, level=0.95, critical=2.0)
        assert isinstance(found, Estimate | Unmeasured)


@pytest.mark.parametrize(
    ("value", "error", "n", "freedom"),
    [
        (math.nan, 1.0, 9, 7.0),
        (math.inf, 1.0, 9, 7.0),
        (1.0, 0.0, 9, 7.0),
        (1.0, math.nan, 9, 7.0),
        (1.0, math.inf, 9, 7.0),
        (1.0, 1.0, 0, 7.0),
        (1.0, 1.0, 9, 0.0),
        (1.0, 1.0, 9, math.nan),
    ],
)
def test_a_senseless_contrast_cannot_be_made(
    value: float, error: float, n: int, freedom: float
) -> None:
    with pytest.raises(ValueError, match=r"no effect|degrees of freedom"):
        Contrast(effect=value, standard_error=error, n=n, degrees_of_freedom=freedom, method="m")


def test_senseless_levels_and_critical_values_are_refused() -> None:
    found = contrasted(contrast(arm(1, 1), arm(2, 1), Y))
    for level in (0.0, 1.0, math.nan):
        with pytest.raises(ValueError, match="level"):
            interval(found, level=level, unit="n")
    for critical in (0.0, -2.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="critical value"):
            interval(found, level=0.95, unit="n", critical=critical)
