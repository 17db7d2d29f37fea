"""What a prompt counts for has two ends where a vote is unresolved."""

import pytest

from stages.side_by_side.told import PromptScore


def test_an_unresolved_vote_leaves_a_prompt_between_loss_and_win() -> None:
    assert PromptScore(prompt="1", topic="", low=0.0, high=1.0).win == 0.5


@pytest.mark.parametrize(("low", "high"), [(-0.1, 1.0), (0.0, 1.1), (0.6, 0.4)])
def test_a_score_outside_of_its_bounds_is_refused(low: float, high: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        PromptScore(prompt="1", topic="", low=low, high=high)
