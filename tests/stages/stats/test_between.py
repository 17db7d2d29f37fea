import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import ttest_rel
from statsmodels.stats.multitest import multipletests

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.between import Between, between_candidates

Scores = dict[str, dict[int, float]]


def simulated(seed: int, gains: tuple[float, ...], *, prompts: int = 200) -> Scores:
    """Candidates that find the same prompts hard, and win that much more than the first."""
    random = np.random.default_rng(seed)
    ease = random.normal(0, 0.15, prompts)
    return {
        f"c{i}": dict(
            enumerate(np.clip(0.5 + gain + ease + random.normal(0, 0.1, prompts), 0, 1).tolist())
        )
        for i, gain in enumerate(gains)
    }


def compared(scores: Scores) -> tuple[Between, ...]:
    return between_candidates(scores, level=0.95)


def estimate(found: Estimate | Unmeasured) -> Estimate:
    assert isinstance(found, Estimate)
    return found


def test_p_values_are_about_those_of_scipys_paired_t_after_holm() -> None:
    scores = simulated(1, (0, 0.01, 0.02, 0.025))
    found = compared(scores)
    pairs = [(list(scores[b.first].values()), list(scores[b.second].values())) for b in found]
    naive = [ttest_rel(a, b).pvalue for a, b in pairs]
    assert [b.p_value for b in found] == pytest.approx(naive, rel=0.2, abs=1e-3)
    assert [b.p_holm for b in found] == pytest.approx(
        multipletests([b.p_value for b in found], method="holm")[1]
    )


@given(st.integers(0, 1000))
@settings(max_examples=10)
def test_a_pair_differs_just_when_zero_is_outside_its_own_interval(seed: int) -> None:
    for each in compared(simulated(seed, (0, 0.02, 0.03), prompts=60)):
        own, together = estimate(each.difference), estimate(each.together)
        assert own.low is not None
        assert own.high is not None
        assert together.low is not None
        assert together.high is not None
        assert each.p_value is not None
        assert (each.p_value <= 0.05) == (not own.low <= 0 <= own.high)
        assert together.low < own.low
        assert own.high < together.high
        assert together.level == pytest.approx(1 - 0.05 / 3)


def test_pairs_need_fewer_prompts_than_two_intervals_side_by_side() -> None:
    scores = simulated(2, (0, 0.0))
    (found,) = compared(scores)
    apart = [np.array(list(scores[name].values())) for name in scores]
    unpaired = np.sqrt(sum(column.var(ddof=1) / len(column) for column in apart))
    error = estimate(found.difference).standard_error
    assert error is not None
    assert error < 0.8 * unpaired


def test_right_and_wrong_answers_take_score_intervals() -> None:
    random = np.random.default_rng(3)
    scores = {name: dict(enumerate(random.integers(0, 2, 80).astype(float))) for name in "ab"}
    (found,) = compared(scores)
    assert "Tango" in estimate(found.difference).method
    assert found.p_value is not None
    assert found.p_value <= 1


def test_only_common_prompts_count() -> None:
    scores = simulated(4, (0, 0.1, 0.1), prompts=40)
    scores["c1"] = {prompt + 30: won for prompt, won in scores["c1"].items()}
    scores["c2"] = {prompt + 500: won for prompt, won in scores["c2"].items()}
    first, second, third = compared(scores)
    assert estimate(first.difference).n == 10
    for each in (second, third):
        assert isinstance(each.difference, Unmeasured)
        assert isinstance(each.together, Unmeasured)
        assert each.difference.cause is Cause.WAITING
        assert each.p_holm is None


def test_a_pair_without_numbers_makes_the_others_no_surer() -> None:
    scores = simulated(5, (0, 0.1, 0.1), prompts=40)
    scores["c2"] = dict.fromkeys(range(40), float("nan"))
    first, second, _ = compared(scores)
    assert first.p_value is not None
    assert first.p_holm == pytest.approx(min(1, 3 * first.p_value))
    assert isinstance(second.difference, Unmeasured)
    assert second.difference.cause is Cause.BROKEN
    assert second.p_value is None


def test_one_candidate_has_nobody_to_be_compared_with() -> None:
    assert compared(simulated(6, (0,))) == ()
    with pytest.raises(ValueError, match="level"):
        between_candidates({}, level=1.5)
