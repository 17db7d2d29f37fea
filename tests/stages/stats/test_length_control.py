import json
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from scipy.special import expit

from stages.evidence.estimate import Unmeasured
from stages.stats.length_control import (
    LengthControlled,
    LengthModel,
    length_controlled,
    length_controlled_win_rate,
)

RANDOM = np.random.default_rng(3)
N = 400
LENGTHS, BASELINE = RANDOM.integers(200, 3_000, N), RANDOM.integers(500, 2_500, N)
DIFFICULTY = RANDOM.normal(0, 1, N)
LONGER = (BASELINE - LENGTHS) / (BASELINE - LENGTHS).std(ddof=1)
SHARES = RANDOM.binomial(1, expit(-0.8 * np.tanh(LONGER) + 0.5 * DIFFICULTY - 0.4)).astype(float)


def controlled(rows: np.ndarray | None = None) -> LengthControlled:
    rows = np.arange(N) if rows is None else rows
    found = length_controlled(
        SHARES[rows].tolist(),
        lengths=LENGTHS[rows].tolist(),
        baseline_lengths=BASELINE[rows].tolist(),
        difficulty=DIFFICULTY[rows].tolist(),
        level=0.95,
    )
    assert isinstance(found, LengthControlled)
    return found


def test_weights_are_those_of_a_logistic_regression() -> None:
    columns = np.column_stack([np.tanh(LONGER), DIFFICULTY, np.ones(N)])
    theirs = sm.Logit(SHARES, columns).fit(disp=False, tol=1e-10).params
    model = controlled().model
    assert (model.length, model.difficulty, model.intercept) == pytest.approx(tuple(theirs))


def test_the_win_rate_is_the_mean_prediction_at_equal_lengths() -> None:
    found = controlled()
    rate = length_controlled_win_rate(found.model, DIFFICULTY.tolist())
    assert found.win_rate.value == pytest.approx(rate, abs=1e-12)
    naive = [
        1 / (1 + np.exp(-(found.model.intercept + found.model.difficulty * d))) for d in DIFFICULTY
    ]
    assert rate == pytest.approx(np.mean(naive))


def test_without_difficulty_the_model_has_a_weight_less() -> None:
    """What is left out is a column; the others are those of the smaller regression."""
    found = length_controlled(
        SHARES.tolist(),
        lengths=LENGTHS.tolist(),
        baseline_lengths=BASELINE.tolist(),
        difficulty=None,
        level=0.95,
    )
    assert isinstance(found, LengthControlled)
    columns = np.column_stack([np.tanh(LONGER), np.ones(N)])
    length, intercept = sm.Logit(SHARES, columns).fit(disp=False, tol=1e-10).params
    assert (found.model.length, found.model.intercept) == pytest.approx((length, intercept))
    assert found.model.difficulty == 0
    assert found.win_rate.value == pytest.approx(expit(intercept))


def test_the_baseline_wins_half() -> None:
    even = LengthModel(length=0.0, difficulty=0.0, intercept=0.0)
    assert length_controlled_win_rate(even, [1.0, -2.0]) == 0.5


def test_the_error_is_that_of_resampled_instructions() -> None:
    random = np.random.default_rng(4)
    drawn = [controlled(random.integers(N, size=N)).win_rate.value for _ in range(400)]
    found = controlled().win_rate
    assert found.standard_error == pytest.approx(np.std(drawn), rel=0.12)
    assert found.low is not None
    assert found.high is not None
    assert found.low == pytest.approx(np.quantile(drawn, 0.025), abs=0.012)
    assert found.high == pytest.approx(np.quantile(drawn, 0.975), abs=0.012)
    assert found.n == N


def test_longer_answers_that_win_by_length_win_less() -> None:
    lengths = (BASELINE + RANDOM.integers(0, 2_000, N)).tolist()
    longer = (BASELINE - lengths) / (BASELINE - lengths).std(ddof=1)
    shares = RANDOM.binomial(1, expit(-2 * np.tanh(longer) - 0.5)).astype(float).tolist()
    found = length_controlled(
        shares,
        lengths=lengths,
        baseline_lengths=BASELINE.tolist(),
        difficulty=DIFFICULTY.tolist(),
        level=0.95,
    )
    assert isinstance(found, LengthControlled)
    assert np.mean(shares) > 0.6
    assert found.win_rate.high is not None
    assert found.win_rate.high < 0.5


@pytest.mark.parametrize("gap", [0, 100])
def test_answers_that_are_all_longer_by_the_same_are_not_controlled(gap: int) -> None:
    found = length_controlled(
        SHARES.tolist(),
        lengths=LENGTHS.tolist(),
        baseline_lengths=(LENGTHS + gap).tolist(),
        difficulty=DIFFICULTY.tolist(),
        level=0.95,
    )
    assert isinstance(found, Unmeasured)
    one = length_controlled([1.0], lengths=[3], baseline_lengths=[4], difficulty=[0.0], level=0.95)
    assert isinstance(one, Unmeasured)


@pytest.mark.parametrize("verdict", [0.0, 0.5, 1.0])
def test_verdicts_that_are_all_the_same_are_not_modelled(verdict: float) -> None:
    found = length_controlled(
        [verdict] * N,
        lengths=LENGTHS.tolist(),
        baseline_lengths=BASELINE.tolist(),
        difficulty=DIFFICULTY.tolist(),
        level=0.95,
    )
    assert isinstance(found, Unmeasured)


def test_every_instruction_is_whole() -> None:
    with pytest.raises(ValueError, match="every instruction"):
        length_controlled([1.0], lengths=[1], baseline_lengths=[], difficulty=[0.1], level=0.95)


DATA = Path(__file__).parents[4] / "shared" / "data" / "alpaca_eval"


@pytest.mark.skipif(not DATA.is_dir(), reason=f"AlpacaEval's published files are not at {DATA}")
def test_published_weights_give_published_win_rates() -> None:
    asked = json.loads((DATA / "instruction_difficulty.json").read_text(encoding="utf-8"))
    claude = LengthModel(
        length=-1.8104339545938817, difficulty=0.8304070732099538, intercept=-1.3132371282938735
    )
    rate = length_controlled_win_rate(claude, asked["diff"])
    assert 100 * rate == pytest.approx(25.251943886133027, abs=1e-6)
