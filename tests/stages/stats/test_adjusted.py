import numpy as np
import pytest

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.experiments import Contrast, MetricColumns, contrast, difference
from stages.stats.moments import Moments, from_values

NAMES = ("y", "a", "b")


def arms(
    rng: np.random.Generator, *, n: tuple[int, int] = (400, 400), effect: float = 0.3
) -> tuple[np.ndarray, np.ndarray]:
    tables = []
    for size, shift in zip(n, (0.0, effect), strict=True):
        covariates = rng.multivariate_normal([2.0, -1.0], [[1.0, 0.4], [0.4, 2.0]], size=size)
        y = covariates @ np.array([0.8, -0.5]) + rng.normal(shift, 1.0, size)
        tables.append(np.column_stack([y, covariates]))
    return tables[0], tables[1]


def found(
    control: np.ndarray, treatment: np.ndarray, covariates: tuple[str, ...] = ("a", "b")
) -> Contrast:
    result = contrast(
        from_values(control, NAMES),
        from_values(treatment, NAMES),
        MetricColumns(numerator="y", covariates=covariates),
    )
    assert isinstance(result, Contrast)
    return result


def test_the_adjustment_agrees_with_a_naive_twin_on_units() -> None:
    control, treatment = arms(np.random.default_rng(1), n=(100, 900))
    inner = sum(np.cov(t[:, 1:].T) / len(t) for t in (control, treatment))
    cross = sum(np.cov(t.T)[0, 1:] / len(t) for t in (control, treatment))
    theta = np.linalg.solve(inner, cross)
    left, right = (t[:, 0] - t[:, 1:] @ theta for t in (control, treatment))
    result = found(control, treatment)
    assert result.effect == pytest.approx(right.mean() - left.mean(), rel=1e-10)
    error = np.sqrt(left.var(ddof=1) / len(left) + right.var(ddof=1) / len(right))
    assert result.standard_error == pytest.approx(error, rel=1e-10)


def test_balanced_arms_agree_with_regression_on_group_and_centred_covariates() -> None:
    import statsmodels.api as sm

    control, treatment = arms(np.random.default_rng(2), n=(2000, 2000))
    both = np.concatenate([control, treatment])
    group = np.repeat([0.0, 1.0], 2000)
    design = sm.add_constant(np.column_stack([group, both[:, 1:] - both[:, 1:].mean(axis=0)]))
    fit = sm.OLS(both[:, 0], design).fit(cov_type="HC1")
    result = found(control, treatment)
    assert result.effect == pytest.approx(fit.params[1], rel=1e-8)
    assert result.standard_error == pytest.approx(fit.bse[1], rel=2e-3)


def test_the_adjustment_equals_tea_tasting_without_an_effect_in_the_pooling() -> None:
    import pandas as pd
    import tea_tasting as tt

    control, treatment = arms(np.random.default_rng(3), n=(5000, 5000), effect=0.0)
    frame = pd.DataFrame(np.concatenate([control, treatment]), columns=NAMES)
    frame["variant"] = np.repeat([0, 1], 5000)
    theirs = tt.Experiment(y=tt.Mean("y", "a")).analyze(frame)["y"]
    ours = found(control, treatment, ("a",))
    assert ours.effect == pytest.approx(theirs.effect_size, abs=1e-4)
    assert ours.z == pytest.approx(theirs.statistic, abs=1e-2)


def test_covariates_narrow_the_interval_and_are_named() -> None:
    control, treatment = arms(np.random.default_rng(4))
    adjusted, plain = found(control, treatment), found(control, treatment, ())
    assert adjusted.standard_error < 0.85 * plain.standard_error
    assert adjusted.method == "difference of means, CUPED on a, b"
    assert plain.method == "difference of means"


@pytest.mark.parametrize("kind", ["constant", "zero", "copy"])
def test_a_covariate_that_says_nothing_of_its_own_is_dropped_and_recorded(kind: str) -> None:
    control, treatment = arms(np.random.default_rng(5))
    for table in (control, treatment):
        match kind:
            case "constant":
                table[:, 2] = 0.1
            case "zero":
                table[:, 2] = 0.0
            case _:
                table[:, 2] = 3 * table[:, 1] + 7
    result = found(control, treatment)
    alone = found(control, treatment, ("a",))
    assert result.effect == pytest.approx(alone.effect, rel=1e-9)
    assert result.standard_error == pytest.approx(alone.standard_error, rel=1e-9)
    assert result.method.endswith("CUPED on a, without b (constant or repeating others)")


def test_a_covariate_that_is_the_metric_leaves_nothing_to_measure() -> None:
    control, treatment = arms(np.random.default_rng(6))
    for table in (control, treatment):
        table[:, 1] = 2 * table[:, 0]
    result = contrast(
        from_values(control, NAMES),
        from_values(treatment, NAMES),
        MetricColumns(numerator="y", covariates=("a",)),
    )
    assert isinstance(result, Unmeasured)
    assert "no variance is left" in result.reason


def test_fewer_units_than_covariates_wait() -> None:
    control, treatment = arms(np.random.default_rng(7), n=(3, 400))
    result = contrast(
        from_values(control, NAMES),
        from_values(treatment, NAMES),
        MetricColumns(numerator="y", covariates=("a", "b")),
    )
    assert isinstance(result, Unmeasured)
    assert result.cause is Cause.WAITING


def test_coefficients_that_overflow_are_unmeasured() -> None:
    huge, covariance = 1.7e308, 1.29e149
    arm = Moments(
        n=9,
        names=("y", "a"),
        mean=(0.0, 0.0),
        covariance=((huge, covariance), (covariance, 1e-10)),
    )
    result = contrast(arm, arm, MetricColumns(numerator="y", covariates=("a",)))
    assert isinstance(result, Unmeasured)
    assert "not finite" in result.reason


def test_the_adjusted_interval_covers_as_often_as_it_says() -> None:
    rng, covered, trials = np.random.default_rng(8), 0, 1000
    for _ in range(trials):
        control, treatment = arms(rng, n=(40, 160))
        result = difference(
            from_values(control, NAMES),
            from_values(treatment, NAMES),
            MetricColumns(numerator="y", covariates=("a", "b")),
            level=0.95,
            unit="number",
        )
        assert not isinstance(result, Unmeasured)
        assert result.low is not None
        assert result.high is not None
        covered += result.low <= 0.3 <= result.high
    assert covered / trials == pytest.approx(0.95, abs=0.025)


def test_degrees_of_freedom_are_satterthwaites_less_one_per_covariate() -> None:
    control, treatment = arms(np.random.default_rng(9), n=(8, 12))
    inner = sum(np.cov(t[:, 1:].T) / len(t) for t in (control, treatment))
    cross = sum(np.cov(t.T)[0, 1:] / len(t) for t in (control, treatment))
    theta = np.linalg.solve(inner, cross)
    own = [(t[:, 0] - t[:, 1:] @ theta).var(ddof=1) / len(t) for t in (control, treatment)]
    expected = sum(own) ** 2 / (own[0] ** 2 / (8 - 1 - 2) + own[1] ** 2 / (12 - 1 - 2))
    assert found(control, treatment).degrees_of_freedom == pytest.approx(expected, rel=1e-9)


def test_a_variance_that_underflows_leaves_no_error() -> None:
    tiny = Moments(n=9, names=("y",), mean=(0.0,), covariance=((5e-324,),))
    found = contrast(tiny, tiny, MetricColumns(numerator="y"))
    assert isinstance(found, Unmeasured)
    assert "standard error is not finite" in found.reason
