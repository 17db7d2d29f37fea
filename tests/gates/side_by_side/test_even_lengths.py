"""Length-controlled win rates from files of votes, in whatever order these stand."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gates.side_by_side.even_lengths import Lengths, at_even_lengths
from policies.errors import InputError
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.length_control import LengthControlled, length_controlled
from tests.gates.side_by_side.drawn import drawn, vote

VOTES = [one for one in drawn(300) if "weak" in one.pair]
DIFFICULTY = {f"p{number}": math.sin(number) for number in range(300)}


def found(votes: list[Vote], difficulty: dict[str, float] | None = None) -> Estimate:
    rates = at_even_lengths(votes, Lengths(difficulty=difficulty), baseline="weak", level=0.95)
    assert isinstance(rates["strong"], Estimate)
    return rates["strong"]


def texts(one: Vote) -> tuple[str, str]:
    assert one.answer_a is not None
    assert one.answer_b is not None
    return one.answer_a, one.answer_b


@pytest.mark.parametrize("difficulty", [None, DIFFICULTY])
def test_it_is_the_estimate_of_its_own_votes_alone(difficulty: dict[str, float] | None) -> None:
    own = [one for one in VOTES if "strong" in one.pair]
    wanted = length_controlled(
        [one.win_a for one in own if one.win_a is not None],
        lengths=[len(texts(one)[0]) for one in own],
        baseline_lengths=[len(texts(one)[1]) for one in own],
        difficulty=None if difficulty is None else [difficulty[one.prompt] for one in own],
        level=0.95,
    )
    assert isinstance(wanted, LengthControlled)
    assert found(VOTES, difficulty) == wanted.win_rate


def test_which_of_the_two_is_called_a_changes_nothing() -> None:
    turned = [
        replace(
            one,
            model_a=one.model_b,
            model_b=one.model_a,
            win_a=None if one.win_a is None else 1 - one.win_a,
            answer_a=one.answer_b,
            answer_b=one.answer_a,
        )
        for one in VOTES
    ]
    assert found(turned, DIFFICULTY).value == pytest.approx(found(VOTES, DIFFICULTY).value)


def test_two_games_on_a_prompt_are_one_unit() -> None:
    """Twice the same verdict is no more than once; opposite verdicts are half a win."""
    once, twice = found(VOTES), found([*VOTES, *VOTES])
    assert (twice.n, twice.standard_error) == (once.n, pytest.approx(once.standard_error))
    turned = [replace(one, win_a=None if one.win_a is None else 1 - one.win_a) for one in VOTES]
    both = at_even_lengths([*VOTES, *turned], Lengths(), baseline="weak", level=0.95)["strong"]
    assert isinstance(both, Unmeasured)  # every prompt is worth one half


def test_a_model_that_wins_by_length_wins_less_at_equal_lengths() -> None:
    random = np.random.default_rng(5)
    votes = [
        vote(
            f"p{number}",
            float(random.random() < (0.9 if longer else 0.3)),
            answer_a="x" * (2_000 if longer else 900),
            answer_b="y" * 1_000,
        )
        for number in range(400)
        for longer in [number % 4 > 0]
    ]
    raw = np.mean([one.win_a for one in votes if one.win_a is not None])
    assert found(votes).value < raw - 0.1


def test_other_pairs_and_votes_without_a_verdict_say_nothing() -> None:
    others = [vote("p1", None), *(one for one in drawn(300) if "weak" not in one.pair)]
    assert found([*VOTES, *others]) == found(VOTES)


def test_votes_without_answers_are_refused_by_their_line() -> None:
    with pytest.raises(InputError, match="votes:p7"):
        found([*VOTES, vote("p7", 1.0)])


def test_a_prompt_whose_difficulty_is_not_known_is_refused() -> None:
    without = {prompt: value for prompt, value in DIFFICULTY.items() if prompt != "p9"}
    with pytest.raises(InputError, match="p9") as refused:
        found(VOTES, without)
    assert refused.value.why is not None
    assert refused.value.why.startswith("1 prompt")
