"""How often votes looked at after every prompt say a wrong yes, and how many prompts they save.

The full size is what `python -m infra.figures stopping` prints.
"""

import numpy as np
import pytest

from infra.figures import stopping
from stages.side_by_side.interleaving import interleaved
from stages.stats.betting import first_shown
from tests.simulations.rates import noise

SMALL, FULL = 400, 20_000
SIZES = [SMALL, pytest.param(FULL, marks=pytest.mark.slow)]


@pytest.mark.parametrize("name", list(stopping.DRAWINGS))
@pytest.mark.parametrize("repetitions", SIZES, ids=["small", "full"])
def test_looking_after_every_prompt_stays_within_alpha(name: str, repetitions: int) -> None:
    wrong = stopping.wrong_yeses(name, repetitions)
    print(f"{name}: {wrong.value:.4f} (error {wrong.error:.4f}, at most {stopping.ALPHA})")
    assert wrong.value <= stopping.ALPHA + 3 * noise(stopping.ALPHA, repetitions)


@pytest.mark.parametrize("name", list(stopping.CASES))
@pytest.mark.parametrize("repetitions", SIZES, ids=["small", "full"])
def test_a_sequential_plan_saves_prompts_and_keeps_its_power(name: str, repetitions: int) -> None:
    case = stopping.CASES[name]
    wanted = stopping.length(case, 1.0, repetitions)
    larger = stopping.length(case, stopping.LARGER, repetitions)
    print(f"{name}: {wanted}, larger effect: {larger}")
    assert wanted.prompts.value + 3 * wanted.prompts.error <= stopping.MEAN_AT_MOST
    assert wanted.shown.value >= stopping.POWER_AT_LEAST
    assert larger.prompts.value + 3 * larger.prompts.error <= stopping.LARGER_AT_MOST


def test_a_worse_candidate_is_stopped_as_early_as_a_better_one_passes() -> None:
    found = stopping.length(stopping.CASES["20 % ties"], -1.0, SMALL)
    assert found.prompts.value <= stopping.MEAN_AT_MOST
    assert found.shown.value >= stopping.POWER_AT_LEAST


def test_bets_that_know_no_plan_would_not_reach_the_figures() -> None:
    case = stopping.CASES["20 % ties"]
    found = stopping.length(case, 1.0, SMALL, knows_plan=False)
    assert found.prompts.value > stopping.MEAN_AT_MOST
    assert found.shown.value < stopping.POWER_AT_LEAST


@pytest.mark.parametrize("repetitions", SIZES, ids=["small", "full"])
def test_identical_answers_count_in_turn_and_not_before_the_others(repetitions: int) -> None:
    """A tenth of the answers ties without being read; the candidate is at the limit."""
    planned, ties = stopping.PLANNED, stopping.PLANNED // 10
    won = (stopping.LIMIT * planned - 0.5 * ties) / (planned - ties)
    random = np.random.default_rng(2)
    read = (random.random((repetitions, planned - ties)) < won).astype(float)
    settled = [0.5] * ties

    def passes(values: np.ndarray) -> float:
        shown = first_shown(values, stopping.LIMIT, level=stopping.LEVEL, planned=planned)
        return float(np.isfinite(shown).mean())

    in_turn = passes(
        np.array(
            [
                interleaved(settled, row.tolist(), planned=planned, seed=seed)
                for seed, row in enumerate(read)
            ]
        )
    )
    first = passes(np.concatenate([np.full((repetitions, ties), 0.5), read], axis=1))
    print(f"passes at the limit: in turn {in_turn:.4f}, counted first {first:.4f}")
    assert in_turn <= stopping.ALPHA + 3 * noise(stopping.ALPHA, repetitions)
    assert first > 0.1
