import numpy as np
import pytest
import statsmodels.api as sm
from sklearn.decomposition import PCA
from sklearn.linear_model import LinearRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.principal_components import (
    Components,
    Explained,
    bearable_components,
    components_for,
    explained_by,
    principal_components,
)

NAMES = ("a", "b", "c", "d")


def table(cases: int = 24, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(cases, 2))
    return common @ rng.normal(size=(2, 4)) * [1, 10, 0.1, 5] + rng.normal(size=(cases, 4)) * 0.3


def test_components_are_those_of_scikit_learn() -> None:
    values = table()
    found = principal_components(NAMES, values.tolist())
    assert isinstance(found, Components)
    standard = (values - values.mean(0)) / values.std(0, ddof=1)
    oracle = PCA().fit(standard)
    assert found.shares == pytest.approx(oracle.explained_variance_ratio_)
    assert np.abs(found.loadings) == pytest.approx(np.abs(oracle.components_))
    assert sum(found.shares) == pytest.approx(1)
    for row in found.loadings:
        assert max(row, key=abs) > 0


def test_a_measure_that_does_not_vary_is_left_out() -> None:
    values = table()
    values[:, 2] = 7.0
    found = principal_components(NAMES, values.tolist())
    assert isinstance(found, Components)
    assert found.measures == ("a", "b", "d")


def test_what_is_explained_is_a_regression_on_the_components() -> None:
    values = table()
    outcome = values[:, 0] * 2 + np.random.default_rng(4).normal(size=24)
    found = explained_by(NAMES, values.tolist(), outcome.tolist(), groups=range(24), components=2)
    assert isinstance(found, Explained)
    standard = (values - values.mean(0)) / values.std(0, ddof=1)
    scores = PCA(2).fit_transform(standard)
    oracle = sm.OLS(outcome, sm.add_constant(scores)).fit()
    assert found.r_squared == pytest.approx(oracle.rsquared)
    assert found.adjusted == pytest.approx(oracle.rsquared_adj)
    assert found.left_out < found.r_squared
    assert (found.cases, found.groups) == (24, 24)


def test_what_is_left_out_is_a_regression_without_the_whole_group() -> None:
    values = table()
    outcome = values[:, 1] + np.random.default_rng(5).normal(size=24)
    groups = [f"g{i // 6}" for i in range(24)]
    found = explained_by(NAMES, values.tolist(), outcome.tolist(), groups=groups, components=2)
    assert isinstance(found, Explained)
    missed = around = 0.0
    for group in sorted(set(groups)):
        own = np.array([each == group for each in groups])
        pipe = make_pipeline(StandardScaler(), PCA(2), LinearRegression())
        told = pipe.fit(values[~own], outcome[~own]).predict(values[own])
        missed += float(((outcome[own] - told) ** 2).sum())
        around += float(((outcome[own] - outcome[~own].mean()) ** 2).sum())
    assert found.left_out == pytest.approx(1 - missed / around)
    assert found.groups == 4


def test_what_only_tells_groups_apart_foretells_no_new_group() -> None:
    """Twins of a group share measures and outcome by chance: one case left out is no new group."""
    shown, unseen = [], []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        values = np.repeat(rng.normal(size=(6, 4)), 4, axis=0) + 0.01 * rng.normal(size=(24, 4))
        outcome = np.repeat(rng.normal(size=6), 4) + 0.01 * rng.normal(size=24)
        rows, groups = values.tolist(), np.repeat(range(6), 4).tolist()
        grouped = explained_by(NAMES, rows, outcome.tolist(), groups=groups, components=3)
        single = explained_by(NAMES, rows, outcome.tolist(), groups=range(24), components=3)
        assert isinstance(grouped, Explained)
        assert isinstance(single, Explained)
        shown.append(single.left_out)
        unseen.append(grouped.left_out)
    assert np.median(shown) > 0.2
    assert np.median(unseen) < 0


def test_few_groups_and_one_that_holds_nearly_all_bear_no_component() -> None:
    two = bearable_components([0, 1] * 12)
    assert isinstance(two, Unmeasured)
    assert "2 are too few" in two.reason
    one = bearable_components([0] * 20 + [1, 1, 1, 2, 2])
    assert isinstance(one, Unmeasured)
    assert "5 cases are left" in one.reason
    assert bearable_components([0, 1, 2] * 3) == 1
    assert bearable_components([0, 1, 2] * 9) == 5
    values = table(9).tolist()
    for groups, said in (([0] * 9, "too few"), ([0, 1, 2] * 3, "bear 1 components, not 2")):
        found = explained_by(NAMES, values, [r[0] for r in values], groups=groups, components=2)
        assert isinstance(found, Unmeasured)
        assert said in found.reason


def test_noise_explains_nothing_that_was_left_out() -> None:
    rng = np.random.default_rng(9)
    shown, unseen = [], []
    for _ in range(60):
        values, outcome = rng.normal(size=(12, 4)), rng.normal(size=12)
        found = explained_by(
            NAMES, values.tolist(), outcome.tolist(), groups=range(12), components=2
        )
        assert isinstance(found, Explained)
        shown.append(found.r_squared)
        unseen.append(found.left_out)
    assert np.mean(shown) > 0.1
    assert np.mean(unseen) < 0


def test_too_few_cases_and_still_measures_are_refused() -> None:
    values = table(11)
    few = explained_by(
        NAMES, values.tolist(), values[:, 0].tolist(), groups=range(11), components=3
    )
    assert isinstance(few, Unmeasured)
    assert "11 cases of 11 groups bear 2 components, not 3" in few.reason
    assert few.cause is Cause.UNDERPOWERED
    still = explained_by(NAMES, table(24).tolist(), [1.0] * 24, groups=range(24), components=2)
    assert isinstance(still, Unmeasured)
    flat = explained_by(
        NAMES, np.ones((24, 4)).tolist(), list(range(24)), groups=range(24), components=2
    )
    assert isinstance(flat, Unmeasured)
    for none in ([], [[1.0, 2, 3, 4]], np.ones((5, 4)).tolist()):
        assert isinstance(principal_components(NAMES, none), Unmeasured)


def test_cases_without_a_value_are_a_mistake() -> None:
    values = table().tolist()
    with pytest.raises(ValueError, match="finite value"):
        principal_components(NAMES[:3], values)
    with pytest.raises(ValueError, match="finite value"):
        principal_components(NAMES, [*values, [1.0, 2.0, 3.0, float("nan")]])
    with pytest.raises(ValueError, match="finite outcome"):
        explained_by(NAMES, values, [1.0], groups=[0], components=1)
    with pytest.raises(ValueError, match="finite outcome and a group"):
        explained_by(NAMES, values, [1.0] * len(values), groups=[0], components=1)


def test_components_are_counted_until_they_hold_enough() -> None:
    assert components_for([0.5, 0.3, 0.2], at_least=0.8) == 2
    assert components_for([0.5, 0.3, 0.2], at_least=0.81) == 3
    assert components_for([0.5, 0.3], at_least=0.99) == 2
