"""Intervals of the gap recovered hold the true one as often as they say, by items and seeds."""

import math
from collections.abc import Sequence

import numpy as np
import pytest

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.gap_recovered import gap_recovered, gap_resampled
from stages.stats.gaps import Sat

SCORES = (-1.94, -0.87, 0.0)
"""Of base, taught and reference, on the logit scale; items spread by 1.5 around 0."""

SPREAD = 1.5


def chance(score: float, difficulty: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-(score + difficulty)))


def students(
    rng: np.random.Generator, seeds: int, *, of_seeds: float, of_data: float, own: bool
) -> np.ndarray:
    """Luck of a cell's students, each with data of its own draw, or all with one draw."""
    return np.asarray(
        rng.normal(0, of_seeds, seeds) + rng.normal(0, of_data, seeds if own else 1), dtype=float
    )


def drawn(rng: np.random.Generator, luck: Sequence[np.ndarray], *, items: int) -> Sat:
    """A world, by the luck of every cell's students."""
    difficulty = rng.normal(0, SPREAD, items)
    base, reference = (
        (rng.random(items) < chance(score, difficulty)).astype(float)
        for score in (SCORES[0], SCORES[2])
    )
    taught = tuple(
        np.stack(
            [
                (rng.random(items) < chance(SCORES[1] + shift, difficulty)).astype(float)
                for shift in of_cell
            ]
        )
        for of_cell in luck
    )
    return Sat(
        base=base,
        reference=reference,
        taught=taught,
        clusters=tuple(range(items)),
    )


def truth(spread: float) -> float:
    rng = np.random.default_rng(0)
    difficulty = rng.normal(0, SPREAD, 200_000)
    base, reference = (float(chance(s, difficulty).mean()) for s in (SCORES[0], SCORES[2]))
    shifts = spread * np.random.default_rng(1).normal(size=2_000)
    some = difficulty[:5_000]
    taught = float(np.mean([chance(SCORES[1] + shift, some).mean() for shift in shifts]))
    taught += float(chance(SCORES[1], difficulty).mean() - chance(SCORES[1], some).mean())
    return 100 * (taught - base) / (reference - base)


def missed(how: str, *, items: int, seeds: int, of_seeds: float, repetitions: int) -> float:
    """Share of intervals at 95 % that do not hold the truth, among those that are measured."""
    rng, true, wrong, told = np.random.default_rng(items + seeds), truth(of_seeds), 0, 0
    for _ in range(repetitions):
        one = drawn(rng, [rng.normal(0, of_seeds, seeds)], items=items)
        found = (
            gap_recovered([one], level=0.95)
            if how == "fieller"
            else gap_resampled([one], level=0.95, draws=400, rng=rng)
        )
        if isinstance(found, Unmeasured):
            continue
        assert isinstance(found, Estimate)
        told += 1
        wrong += not (found.low or 0.0) <= true <= (found.high or 0.0)
    return wrong / told


def test_it_holds_what_it_says() -> None:
    found = missed("fieller", items=200, seeds=3, of_seeds=0.3, repetitions=60)
    assert found <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


def missed_by_cells(*, shared: bool, repetitions: int) -> float:
    """Share of intervals over three cells of three seeds each that do not hold the truth."""
    rng, true, wrong = np.random.default_rng(3), truth(0.3), 0
    for _ in range(repetitions):
        luck = [rng.normal(0, 0.3, 3) for _ in range(3)]
        world = drawn(rng, [luck[0]] * 3 if shared else luck, items=1000)
        found = gap_recovered([world], level=0.95)
        assert isinstance(found, Estimate)
        wrong += not (found.low or 0.0) <= true <= (found.high or 0.0)
    return wrong / repetitions


def test_cells_whose_seeds_are_their_own_hold_what_they_say_and_sharing_would_not() -> None:
    """Why every cell draws seeds of its own (`stages/workshop/generators/schooling.py`)."""
    shares = {shared: missed_by_cells(shared=shared, repetitions=400) for shared in (False, True)}
    print(f"three cells: seeds of their own miss {shares[False]:.1%}, shared {shares[True]:.1%}")
    assert shares[False] <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 400)
    assert shares[True] > 0.1


def missed_by_data(*, own: bool, of_seeds: float, of_data: float, repetitions: int) -> float:
    """Share of intervals of one cell with three students that miss what its generator teaches.

    The truth is over draws of data, too: that is what another checkpoint is compared by.
    """
    rng, true, wrong = np.random.default_rng(7), truth(math.hypot(of_seeds, of_data)), 0
    for _ in range(repetitions):
        luck = students(rng, 3, of_seeds=of_seeds, of_data=of_data, own=own)
        found = gap_recovered([drawn(rng, [luck], items=1000)], level=0.95)
        wrong += isinstance(found, Unmeasured) or not (found.low or 0) <= true <= (found.high or 0)
    return wrong / repetitions


def test_students_with_data_of_their_own_hold_what_they_say_and_one_draw_would_not() -> None:
    """Why every student has data of its own (`stages/workshop/generators/generating.py`)."""
    shares = {
        own: missed_by_data(own=own, of_seeds=0.15, of_data=0.3, repetitions=400)
        for own in (True, False)
    }
    print(f"draws of data vary by 0.3: own ones miss {shares[True]:.1%}, one {shares[False]:.1%}")
    assert shares[True] <= 0.07 + 3 * math.sqrt(0.07 * 0.93 / 400)  # as of any luck of seeds
    assert shares[False] > 0.3


@pytest.mark.slow
@pytest.mark.parametrize("of_data", [0.0, 0.15, 0.3])
def test_draws_of_data_in_full(of_data: float) -> None:
    shares = {
        own: missed_by_data(own=own, of_seeds=0.15, of_data=of_data, repetitions=1500)
        for own in (True, False)
    }
    print(f"draws of data vary by {of_data}: own {shares[True]:.1%}, one {shares[False]:.1%}")
    assert shares[True] <= 0.09


@pytest.mark.slow
@pytest.mark.parametrize("items", [200, 1000])
@pytest.mark.parametrize(("seeds", "of_seeds"), [(3, 0.0), (3, 0.15), (3, 0.5), (5, 0.15)])
def test_it_holds_what_it_says_in_full(items: int, seeds: int, of_seeds: float) -> None:
    shares = {
        how: missed(how, items=items, seeds=seeds, of_seeds=of_seeds, repetitions=1000)
        for how in ("fieller", "bootstrap")
    }
    print(f"{items} items, {seeds} seeds of spread {of_seeds}: {shares}")
    assert shares["fieller"] <= 0.07
