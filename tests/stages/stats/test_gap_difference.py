"""Two generators held against each other by what their students recover of one gap."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.gap_difference import GapDifference, gap_difference
from stages.stats.gap_recovered import gap_recovered, mean_of_independent
from stages.stats.gaps import Sat


def share(right: float, items: int) -> np.ndarray:
    return (np.arange(items) < round(right * items)).astype(float)


def drawn(seed: int, *, items: int = 400, seeds: int = 3, groups: int = 1) -> Sat:
    """Models of which each knows every item by a chance of its own."""
    rng = np.random.default_rng(seed)
    base, reference = ((rng.random(items) < p).astype(float) for p in (0.2, 0.8))
    return Sat(
        base=base,
        reference=reference,
        taught=tuple((rng.random((seeds, items)) < 0.5).astype(float) for _ in range(groups)),
        clusters=tuple(range(items)),
    )


def taught(test: Sat, right: float, *, seed: int) -> Sat:
    """The same test, as students of another generator sat it."""
    rng = np.random.default_rng(seed)
    return replace(
        test, taught=tuple((rng.random(rows.shape) < right).astype(float) for rows in test.taught)
    )


def estimate(found: GapDifference) -> Estimate:
    assert isinstance(found.difference, Estimate), found
    return found.difference


def ends(found: GapDifference) -> tuple[float, float]:
    known = estimate(found)
    assert known.low is not None
    assert known.high is not None
    return known.low, known.high


def of(mine: Sequence[Sat], theirs: Sequence[Sat], *, level: float = 0.95) -> GapDifference:
    return gap_difference([mine], [theirs], level=level)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), st.floats(0.2, 0.8), st.integers(1, 3))
def test_it_is_the_difference_of_the_two_gaps_and_turns_round_with_them(
    seed: int, right: float, groups: int
) -> None:
    one = drawn(seed, groups=groups)
    other = taught(one, right, seed=seed + 1)
    found, mirrored = of([one], [other]), of([other], [one])
    alone = [gap_recovered([each], level=0.95) for each in (one, other)]
    assert all(isinstance(each, Estimate) for each in alone)
    values = [each.value for each in alone if isinstance(each, Estimate)]
    assert estimate(found).value == pytest.approx(values[0] - values[1])
    assert ends(mirrored) == pytest.approx(tuple(-end for end in reversed(ends(found))))
    assert found.p_worse == pytest.approx(1 - (mirrored.p_worse or 0.0))
    assert estimate(found).low is not None
    assert "paired difference" in estimate(found).method


def test_what_base_and_reference_err_by_counts_once() -> None:
    """Shared, their errors all but cancel; two intervals by themselves would hold them twice."""
    one = drawn(5, items=300)
    other = taught(one, 0.5, seed=9)
    low, high = ends(of([one], [other]))
    apart = 0.0
    for each in (one, other):
        alone = gap_recovered([each], level=0.95)
        assert isinstance(alone, Estimate)
        apart += ((alone.high or 0.0) - (alone.low or 0.0)) ** 2
    assert high - low < apart**0.5


def test_items_are_paired() -> None:
    """Students who know nearly the same items are told apart by the few that differ."""
    one = drawn(1, items=1000)
    same = replace(one, taught=(np.stack([share(0.5, 1000)] * 3),))
    little_less = replace(one, taught=(np.stack([share(0.47, 1000)] * 3),))
    elsewhere = replace(one, taught=(np.stack([share(0.47, 1000)[::-1]] * 3),))
    near, far = (ends(of([same], [other])) for other in (little_less, elsewhere))
    assert near[0] > 0 > far[0]
    assert (near[1] - near[0]) * 2 < far[1] - far[0]


def test_equal_students_differ_by_nought_and_not_for_certain() -> None:
    one = drawn(3)
    found = of([one], [one])
    low, high = ends(found)
    assert estimate(found).value == 0
    assert low < 0 < high
    assert found.p_worse == pytest.approx(0.5)


def test_seeds_of_both_widen_it() -> None:
    one = drawn(2, items=2000)
    steady, shaky = (
        replace(one, taught=(np.stack([share(p, 2000) for p in rights]),))
        for rights in ((0.5, 0.5, 0.5), (0.4, 0.5, 0.6))
    )
    widths = [high - low for low, high in (
        ends(of([a], [b])) for a, b in ((steady, steady), (shaky, steady), (shaky, shaky))
    )]  # fmt: skip
    assert widths[0] < widths[1]
    assert widths[0] < widths[2]


def test_a_regression_has_a_small_p_value_and_an_interval_below_nought() -> None:
    one = drawn(4, items=1000)
    found = of([taught(one, 0.3, seed=1)], [taught(one, 0.6, seed=2)])
    assert ends(found)[1] < 0
    assert found.p_worse is not None
    assert found.p_worse < 0.001


def test_parts_count_alike_as_independent_ones() -> None:
    first, second = drawn(1), drawn(2)
    others = [taught(first, 0.4, seed=3), taught(second, 0.7, seed=4)]
    both = gap_difference([[first], [second]], [[others[0]], [others[1]]], level=0.95)
    parts = [of([a], [b]).difference for a, b in zip((first, second), others, strict=True)]
    mean = mean_of_independent(parts)
    assert isinstance(mean, Estimate)
    assert estimate(both).value == pytest.approx(mean.value)
    assert ends(both) == pytest.approx((mean.low, mean.high))


def test_what_was_not_held_against_the_same_does_not_pair() -> None:
    one = drawn(1)
    for other, said in (
        (replace(one, base=1 - one.base), "the same base: it scores otherwise on 400 of 400"),
        (replace(one, reference=np.ones(400)), "the same reference"),
        (replace(one, clusters=tuple(range(1, 401))), "different items"),
        (replace(one, ids=tuple(map(str, range(400)))), "different items"),
        (drawn(1, groups=2), "different tests or cells"),
    ):
        found = of([one], [other])
        assert isinstance(found.difference, Unmeasured)
        assert said in found.difference.reason
        assert found.p_worse is None


@pytest.mark.parametrize("side", [0, 1])
def test_too_little_of_either_is_unmeasured(side: int) -> None:
    few = drawn(1)
    sides = [few, few]
    sides[side] = replace(few, taught=(few.taught[0][:2],))
    found = of([sides[0]], [sides[1]])
    assert isinstance(found.difference, Unmeasured)
    assert "2 trainings" in found.difference.reason
    nothing = gap_difference([], [], level=0.95)
    assert isinstance(nothing.difference, Unmeasured)


def test_without_a_gap_there_is_no_difference() -> None:
    one = drawn(1)
    flat = replace(one, reference=one.base)
    found = of([flat], [taught(flat, 0.4, seed=1)])
    assert isinstance(found.difference, Unmeasured)
    assert found.difference.cause is Cause.UNDERPOWERED
    assert found.p_worse is None
