"""Changes are seen where none is no more often than alpha, and real ones are found."""

import math
from collections.abc import Callable

import numpy as np
import pytest

from stages.evidence.estimate import Unmeasured
from stages.stats.change_points import Reading, change_points

Random = np.random.Generator
ALPHA, ERROR, SPREAD = 0.05, 0.02, 0.01
"""Of a benchmark of 600 items, and of checkpoints that truly differ a little."""


def found(levels: np.ndarray, random: Random, *, heavy: bool = False) -> list[int]:
    """The places of the changes seen in one course; the same items move all of it together."""
    count = len(levels)
    errors = ERROR * random.uniform(0.5, 1.5, count)
    own = random.standard_t(2, count) if heavy else random.standard_normal(count)
    shared = ERROR * random.standard_normal()
    values = levels + SPREAD * own + errors * random.standard_normal(count) + shared
    course = change_points(
        [Reading(value=float(v), error=float(e)) for v, e in zip(values, errors, strict=True)],
        alpha=ALPHA,
        seed=int(random.integers(2**31)),
    )
    assert not isinstance(course, Unmeasured)
    return [change.at for change in course.changes]


def rate(
    levels: np.ndarray, counts: Callable[[list[int]], bool], *, times: int, heavy: bool = False
) -> float:
    """How often what is seen counts."""
    random = np.random.default_rng(len(levels))
    return sum(counts(found(levels, random, heavy=heavy)) for _ in range(times)) / times


def within(share: float, times: int) -> bool:
    return share <= ALPHA + 3 * math.sqrt(ALPHA * (1 - ALPHA) / times)


def steps(*parts: tuple[int, float]) -> np.ndarray:
    return np.concatenate([np.full(count, level) for count, level in parts])


def test_a_course_without_change_seldom_shows_one() -> None:
    assert within(rate(np.zeros(12), bool, times=150), 150)


@pytest.mark.slow
@pytest.mark.parametrize("heavy", [False, True])
@pytest.mark.parametrize("count", [10, 30, 60])
def test_a_course_without_change_seldom_shows_one_in_full(count: int, heavy: bool) -> None:  # noqa: FBT001 - a parameter
    share = rate(np.zeros(count), bool, times=2000, heavy=heavy)
    print(f"{count} checkpoints, {'heavy' if heavy else 'normal'}: a change seen in {share:.3f}")
    assert within(share, 2000)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.03, 0.05, 0.1])
def test_a_step_is_seen_once_in_full(step: float) -> None:
    levels = steps((15, 0.0), (15, step))
    more = rate(levels, lambda places: len(places) > 1, times=1000)
    seen = rate(levels, bool, times=1000)
    there = rate(levels, lambda places: any(abs(at - 15) <= 1 for at in places), times=1000)
    print(f"a step of {step}: seen in {seen:.3f}, within one place {there:.3f}, more {more:.3f}")
    assert within(more, 1000)


@pytest.mark.slow
@pytest.mark.parametrize("step", [0.05, 0.1])
def test_a_level_between_two_alike_is_seen_in_full(step: float) -> None:
    levels = steps((10, 0.0), (10, step), (10, 0.0))
    seen = rate(levels, bool, times=1000)
    more = rate(levels, lambda places: len(places) > 2, times=1000)
    print(f"up and down by {step}: seen in {seen:.3f}, more than two in {more:.3f}")
    assert within(more, 1000)
