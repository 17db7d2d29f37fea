"""Intervals of a difference of two gaps recovered hold the true one as often as they say."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.gap_difference import gap_difference
from stages.stats.gaps import Sat
from tests.simulations.test_gap_recovered import SCORES, SPREAD, chance, students

BETTER = -0.5
"""Score of the better generator's students, on the logit scale; that of the other is SCORES[1]."""

LEVEL = 0.95


def drawn(
    rng: np.random.Generator,
    scores: tuple[float, float],
    luck: Sequence[np.ndarray],
    *,
    items: int,
) -> tuple[Sat, Sat]:
    """One cell of two generators on the same items, by the luck of the students of either."""
    difficulty = rng.normal(0, SPREAD, items)

    def sits(score: float) -> np.ndarray:
        return (rng.random(items) < chance(score, difficulty)).astype(float)

    base, reference = sits(SCORES[0]), sits(SCORES[2])
    taught = (
        np.stack([sits(score + shift) for shift in own])
        for score, own in zip(scores, luck, strict=True)
    )
    one, other = (
        Sat(base=base, reference=reference, taught=(rows,), clusters=tuple(range(items)))
        for rows in taught
    )
    return one, other


def truth(scores: tuple[float, float], *, luck: float) -> float:
    """By integration over difficulties and luck, both normal."""
    at, weights = np.polynomial.hermite_e.hermegauss(61)
    weights = weights / weights.sum()

    def mean(score: float, spread: float) -> float:
        return float(weights @ chance(score, math.hypot(SPREAD, spread) * at))

    gap = mean(SCORES[2], 0) - mean(SCORES[0], 0)
    return 100 * (mean(scores[0], luck) - mean(scores[1], luck)) / gap


def missed(
    scores: tuple[float, float],
    *,
    parts: int = 1,
    items: int,
    seeds: int,
    of_seeds: float,
    repetitions: int,
) -> tuple[float, float, float]:
    """Shares of intervals above and below the truth, and of p-values of a regression below 0.05."""
    rng, true = np.random.default_rng(items + seeds + parts), truth(scores, luck=of_seeds)
    above = below = worse = told = 0
    for _ in range(repetitions):
        worlds = [
            drawn(rng, scores, rng.normal(0, of_seeds, (2, seeds)), items=items)
            for _ in range(parts)
        ]
        found = gap_difference([[w[0]] for w in worlds], [[w[1]] for w in worlds], level=LEVEL)
        if isinstance(found.difference, Unmeasured):
            continue
        assert isinstance(found.difference, Estimate)
        assert found.p_worse is not None
        told += 1
        above += (found.difference.low or 0.0) > true
        below += (found.difference.high or 0.0) < true
        worse += found.p_worse < 0.05
    return above / told, below / told, worse / told


def test_it_holds_what_it_says_and_equal_ones_are_seldom_worse() -> None:
    equal = (SCORES[1], SCORES[1])
    shares = missed(equal, items=200, seeds=3, of_seeds=0.3, repetitions=60)
    assert shares[0] + shares[1] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)
    assert shares[2] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def missed_by_data(
    *, own: bool, of_data: float, of_seeds: float = 0.15, items: int = 400, repetitions: int
) -> tuple[float, float]:
    """Shares of intervals that miss, and of p-values below 0.05, of two equal generators.

    Each has one cell of three students, with data of their own draws or all with one draw.
    """
    rng, equal, wrong, worse = np.random.default_rng(7), (SCORES[1], SCORES[1]), 0, 0
    for _ in range(repetitions):
        luck = [students(rng, 3, of_seeds=of_seeds, of_data=of_data, own=own) for _ in equal]
        one, other = drawn(rng, equal, luck, items=items)
        found = gap_difference([[one]], [[other]], level=LEVEL)
        assert isinstance(found.difference, Estimate)
        assert found.p_worse is not None
        wrong += not (found.difference.low or 0.0) <= 0 <= (found.difference.high or 0.0)
        worse += found.p_worse < 0.05
    return wrong / repetitions, worse / repetitions


def test_equal_generators_are_seldom_told_apart_by_luck_in_their_data() -> None:
    """As long as every student has its own draw: by one draw for all they often are."""
    own, one = (missed_by_data(own=own, of_data=0.3, repetitions=300) for own in (True, False))
    print(f"draws of data vary by 0.3: own (miss, p) {own}, one for all {one}")
    assert max(own) <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 300)
    assert min(one) > 0.12


@pytest.mark.slow
@pytest.mark.parametrize("items", [400, 1000])
@pytest.mark.parametrize("of_data", [0.0, 0.15, 0.3])
def test_draws_of_data_in_full(of_data: float, items: int) -> None:
    own, one = (
        missed_by_data(own=own, of_data=of_data, items=items, repetitions=600)
        for own in (True, False)
    )
    print(
        f"{items} items, draws of data vary by {of_data}: own miss {own[0]:.1%}, p below 0.05 "
        f"{own[1]:.1%}; one draw for all {one[0]:.1%}, {one[1]:.1%}"
    )
    assert max(own) <= 0.07


@pytest.mark.slow
@pytest.mark.parametrize("scores", [(SCORES[1], SCORES[1]), (BETTER, SCORES[1])])
@pytest.mark.parametrize(
    ("items", "seeds", "of_seeds", "parts"),
    [
        (200, 3, 0.0, 1),
        (200, 3, 0.15, 1),
        (200, 3, 0.5, 1),
        (1000, 3, 0.0, 1),
        (1000, 3, 0.15, 1),
        (1000, 3, 0.5, 1),
        (1000, 5, 0.15, 1),
        (200, 3, 0.3, 3),
    ],
)
def test_it_holds_what_it_says_in_full(
    scores: tuple[float, float], items: int, seeds: int, of_seeds: float, parts: int
) -> None:
    above, below, worse = missed(
        scores, parts=parts, items=items, seeds=seeds, of_seeds=of_seeds, repetitions=1000
    )
    print(
        f"{parts} parts of {items} items, {seeds} seeds of spread {of_seeds}, scores {scores}: "
        f"above {above:.1%}, below {below:.1%}, p_worse below 0.05 {worse:.1%}"
    )
    assert above + below <= 0.07
    if scores[0] == scores[1]:
        assert worse <= 0.07
