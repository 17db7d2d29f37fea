import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.task import Sampling
from stages.models.local_drawing import Draw, UntilItsOwnEnd, drawn_token

LOGITS = [2.0, 1.0, 0.0, -1.0, -3.0]


def drawn(times: int, **sampling: float) -> list[int]:
    import torch

    scores = torch.tensor(LOGITS)
    draw = Draw.of(Sampling(seed=5, **sampling), "ab" * 32)
    return [int(drawn_token(scores, draw)) for _ in range(times)]


def shares(temperature: float) -> np.ndarray:
    odds = np.exp(np.array(LOGITS) / temperature)
    return odds / odds.sum()


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_tokens_are_drawn_by_their_probability(temperature: float) -> None:
    found = np.bincount(drawn(4000, temperature=temperature), minlength=5) / 4000
    assert found == pytest.approx(shares(temperature), abs=0.03)


def test_a_nucleus_is_the_fewest_likeliest_tokens_that_reach_its_share() -> None:
    first, second = shares(1.0)[:2]
    assert set(drawn(500, temperature=1.0, top_p=first - 0.01)) == {0}
    assert set(drawn(500, temperature=1.0, top_p=first + 0.01)) == {0, 1}
    kept = np.bincount(drawn(4000, temperature=1.0, top_p=first + second - 0.01)) / 4000
    assert kept == pytest.approx(np.array([first, second]) / (first + second), abs=0.03)


@settings(max_examples=50)
@given(
    logits=st.lists(st.floats(-20, 20), min_size=1, max_size=30),
    top_p=st.none() | st.floats(0.01, 1.0),
    seed=st.integers(-5, 5) | st.none(),
)
def test_what_is_drawn_is_in_the_nucleus_as_a_naive_twin_finds_it(
    logits: list[float], top_p: float | None, seed: int | None
) -> None:
    import torch

    sampling = Sampling(temperature=0.7, top_p=top_p, seed=seed)
    token = int(drawn_token(torch.tensor(logits, dtype=torch.float64), Draw.of(sampling, "00")))
    odds = [np.exp((one - max(logits)) / 0.7) for one in logits]
    before = sum(one for one in odds if one > odds[token])
    assert before / sum(odds) <= (top_p or 1.0) + 1e-9


def test_a_row_ends_at_its_own_limit() -> None:
    import torch

    asked_and_said = torch.zeros((2, 3 + 2), dtype=torch.long)
    ended = UntilItsOwnEnd([2, 5], asked=3)(asked_and_said, torch.zeros(0))
    assert ended.tolist() == [True, False]
