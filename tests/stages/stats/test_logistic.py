import numpy as np
import pytest
import statsmodels.api as sm

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.logistic import Logistic, logistic

RANDOM = np.random.default_rng(1)
COLUMNS = np.column_stack([RANDOM.normal(size=(300, 2)), np.ones(300)])
CLUSTERS = (np.arange(300) // 3).tolist()
CHANCE = 1 / (1 + np.exp(-(COLUMNS @ [1.0, -0.5, 0.3])))
SHARES = np.clip(CHANCE + RANDOM.normal(0, 0.2, 300), 0, 1)


def fitted(columns: np.ndarray, shares: np.ndarray, clusters: list[int]) -> Logistic:
    found = logistic(columns, shares.tolist(), clusters)
    assert isinstance(found, Logistic), found.reason
    return found


@pytest.mark.parametrize("shares", [SHARES, (SHARES > 0.5).astype(float)], ids=["shares", "binary"])
def test_weights_and_errors_are_those_of_statsmodels(shares: np.ndarray) -> None:
    theirs = sm.GLM(shares, COLUMNS, family=sm.families.Binomial()).fit(
        cov_type="cluster",
        cov_kwds={"groups": CLUSTERS, "use_correction": False},
        tol=1e-12,
    )
    found = fitted(COLUMNS, shares, CLUSTERS)
    assert found.groups == 100
    assert found.weights == pytest.approx(theirs.params, abs=1e-8)
    assert found.covariance == pytest.approx(theirs.cov_params() * 100 / 99, rel=1e-6)


def test_a_share_is_that_much_of_a_success_and_the_rest_a_failure() -> None:
    both = np.concatenate([COLUMNS, COLUMNS])
    doubled = sm.GLM(
        np.repeat([1.0, 0.0], 300),
        both,
        family=sm.families.Binomial(),
        freq_weights=np.concatenate([SHARES, 1 - SHARES]),
    ).fit(tol=1e-12)
    assert fitted(COLUMNS, SHARES, CLUSTERS).weights == pytest.approx(doubled.params, abs=1e-7)


def test_moves_are_how_the_weights_change_without_a_cluster() -> None:
    found = fitted(COLUMNS, SHARES, CLUSTERS)
    kept = np.array(CLUSTERS) != 7
    rest = [c for c in CLUSTERS if c != 7]
    without = fitted(COLUMNS[kept], SHARES[kept], rest)
    assert found.weights - without.weights == pytest.approx(found.moves[7], abs=2e-3)


def test_outcomes_that_a_column_tells_have_no_weights() -> None:
    columns = np.column_stack([np.linspace(-1, 1, 20), np.ones(20)])
    found = logistic(columns, (columns[:, 0] > 0).astype(float).tolist(), range(20))
    assert isinstance(found, Unmeasured)
    assert found.reason == "the columns tell every outcome: no weight is finite"


def test_steps_without_end_are_no_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stages.stats.logistic.LIMIT", 1)
    assert isinstance(logistic(COLUMNS, SHARES.tolist(), CLUSTERS), Unmeasured)


def test_weights_far_from_zero_are_found() -> None:
    column = np.ones((1_000, 1))
    shares = np.r_[np.ones(999), 0.0]
    assert fitted(column, shares, list(range(1_000))).weights[0] == pytest.approx(np.log(999))


def test_a_column_that_says_nothing_new_is_refused() -> None:
    columns = np.column_stack([COLUMNS, COLUMNS[:, 0] - COLUMNS[:, 1]])
    found = logistic(columns, SHARES.tolist(), CLUSTERS)
    assert found == Unmeasured("a column says the same as others together", Cause.UNDERPOWERED)


def test_no_column_is_nan() -> None:
    columns = COLUMNS.copy()
    columns[4, 1] = np.nan
    assert isinstance(logistic(columns, SHARES.tolist(), CLUSTERS), Unmeasured)


def test_one_cluster_has_no_spread() -> None:
    found = logistic(COLUMNS, SHARES.tolist(), [0] * 300)
    assert found == Unmeasured("1 or no cluster cannot show a spread", Cause.UNDERPOWERED)


def test_a_share_is_none_beyond_one() -> None:
    for wrong in (1.2, -0.1, float("nan")):
        with pytest.raises(ValueError, match="outside"):
            logistic(np.ones((2, 1)), [0.5, wrong], [0, 1])


def test_rows_are_whole() -> None:
    with pytest.raises(ValueError, match="every row"):
        logistic(np.ones((2, 1)), [0.5], [0, 1])
