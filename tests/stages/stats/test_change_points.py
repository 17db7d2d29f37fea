"""Where the level of a course changes, and how often one is seen where none is."""

import math
from collections.abc import Sequence
from itertools import combinations, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats import change_points as module
from stages.stats.change_points import Course, Reading, change_points, least_p


def readings(values: Sequence[float], errors: Sequence[float] | None = None) -> tuple[Reading, ...]:
    known = errors or [0.01] * len(values)
    return tuple(Reading(value=v, error=e) for v, e in zip(values, known, strict=True))


def noisy(
    levels: Sequence[float], *, seed: int = 1, deviation: float = 0.01
) -> tuple[Reading, ...]:
    random = np.random.default_rng(seed)
    return readings(
        [float(x) for x in np.array(levels) + deviation * random.normal(size=len(levels))]
    )


def course(of: Sequence[Reading], *, alpha: float = 0.05, seed: int = 1) -> Course:
    found = change_points(of, alpha=alpha, seed=seed)
    assert isinstance(found, Course)
    return found


def places(of: Sequence[Reading], *, alpha: float = 0.05) -> list[int]:
    return [change.at for change in course(of, alpha=alpha).changes]


def test_a_step_is_found_where_it_is_with_the_levels_on_both_sides() -> None:
    found = course(noisy([0.6] * 10 + [0.7] * 10))
    (change,) = found.changes
    assert change.at == 10
    assert (change.before, change.after) == (
        pytest.approx(0.6, abs=0.01),
        pytest.approx(0.7, abs=0.01),
    )
    assert found.p_value == change.p_value < 0.001
    assert found.alpha == 0.05


def test_a_level_between_two_alike_is_found_at_both_ends() -> None:
    assert places(noisy([0.6] * 10 + [0.7] * 10 + [0.6] * 10)) == [10, 20]


def test_three_steps_are_told_in_their_order() -> None:
    levels = [0.5] * 10 + [0.6] * 10 + [0.4] * 10 + [0.7] * 10
    assert places(noisy(levels)) == [10, 20, 30]


def test_a_course_without_change_has_none() -> None:
    found = course(noisy([0.6] * 20, seed=2))
    assert (found.changes, found.p_value > 0.05) == ((), True)


@pytest.mark.parametrize("value", [0.0, 1.0, 0.1 + 0.2, 1e9])
def test_the_same_value_throughout_never_changes(value: float) -> None:
    assert course(readings([value] * 12)) == Course(changes=(), p_value=1.0, alpha=0.05)


def test_too_few_readings_are_unmeasured_and_say_what_they_could_show() -> None:
    found = change_points(readings([0.1, 0.1, 0.9, 0.9]), alpha=0.05, seed=1)
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.WAITING
    assert found.reason.startswith("4 readings can show no change: the p-value is at least 0.33")
    none = change_points((), alpha=0.05, seed=1)
    assert isinstance(none, Unmeasured)
    assert "0 readings" in none.reason


@pytest.mark.parametrize("count", [4, 5, 6, 7, 8, 9, 10])
def test_the_least_p_value_is_that_of_the_clearest_course(count: int) -> None:
    """Naive twin: every order of two values, clear where a window holds all of one of them."""
    half = count // 2
    windows = [
        set(range(start, end))
        for start in (0, *range(2, count - 1))
        for end in (*range(start + 2, count - 1), count)
    ]
    orders = [set(one) for one in combinations(range(count), half)]
    clear = [one for one in orders if one in windows or set(range(count)) - one in windows]
    assert least_p(count) == pytest.approx(len(clear) / len(orders))


def test_no_p_value_is_less_than_the_orders_drawn_can_show() -> None:
    assert [least_p(n) for n in range(4)] == [1.0] * 4
    assert least_p(100) == 1 / (module.DRAWS + 1)


def test_the_p_value_is_that_of_all_orders() -> None:
    """Naive twin: every order of seven readings, every window, in plain sums."""
    random = np.random.default_rng(5)
    values, errors = [float(x) for x in random.normal(size=7)], [0.5, 1, 2, 0.1, 1, 1, 3]
    values[4:] = [v + 2 for v in values[4:]]
    spread = float(np.var(values))
    weights = [1 / (spread + e * e) for e in errors]

    def greatest(order: Sequence[int]) -> float:
        found = []
        for start in (0, 2, 3, 4, 5):
            for end in (*range(start + 2, 6), 7):
                inside, outside = order[start:end], [*order[:start], *order[end:]]
                if not outside:
                    continue
                wi, wo = (sum(weights[i] for i in part) for part in (inside, outside))
                mi, mo = (
                    sum(weights[i] * values[i] for i in part) / sum(weights[i] for i in part)
                    for part in (inside, outside)
                )
                found.append(abs(mi - mo) * math.sqrt(wi * wo / (wi + wo)))
        return max(found)

    seen = greatest(range(7))
    exact = np.mean([greatest(order) >= seen - 1e-9 for order in permutations(range(7))])
    drawn = course(readings(values, errors), alpha=0.9).p_value
    assert drawn == pytest.approx(
        float(exact), abs=4 * math.sqrt(exact * (1 - exact) / module.DRAWS)
    )


def test_an_imprecise_reading_counts_less() -> None:
    """Half of a new level was measured badly: what is left of it is seen less clearly."""
    given_ = noisy([0.5] * 8 + [0.515] * 4, seed=4)
    values = [reading.value for reading in given_]
    badly = course(readings(values, [0.01] * 9 + [0.5] * 3))
    assert course(given_).p_value < badly.p_value


def test_the_same_seed_gives_the_same_and_another_nearly() -> None:
    given_ = noisy([0.6] * 8 + [0.615] * 8)
    assert course(given_) == course(given_)
    assert course(given_, seed=2).p_value == pytest.approx(course(given_).p_value, abs=0.05)


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(-5, 5), min_size=8, max_size=14),
    st.floats(-100, 100),
    st.sampled_from([-3.0, 0.25, 2.0]),
)
def test_changes_do_not_depend_on_the_unit(values: list[float], shift: float, scale: float) -> None:
    """Steps of a hundredth, so that a shift loses nothing that matters to rounding."""
    rounded = [round(value, 2) for value in values]
    there = places(readings(rounded, [0.1] * len(rounded)), alpha=0.3)
    moved = [shift + scale * value for value in rounded]
    assert places(readings(moved, [0.1 * abs(scale)] * len(rounded)), alpha=0.3) == there


@pytest.mark.parametrize("alpha", [0.0, 1.0, -0.1, math.nan])
def test_an_impossible_alpha_is_a_bug(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha must lie"):
        change_points(readings([0.0] * 8), alpha=alpha, seed=1)


@pytest.mark.parametrize(("value", "error"), [(math.nan, 0.1), (0.1, math.inf), (0.1, -0.1)])
def test_a_reading_is_finite_and_its_error_not_negative(value: float, error: float) -> None:
    with pytest.raises(ValueError, match="a reading is finite"):
        Reading(value=value, error=error)


def test_a_part_that_could_show_nothing_is_not_searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """The step parts nine readings so that neither part can show anything."""
    searched: list[tuple[int, int]] = []
    best = module._Search.best

    def seen(self: module._Search, start: int, end: int) -> module._Place:
        searched.append((start, end))
        return best(self, start, end)

    monkeypatch.setattr(module._Search, "best", seen)
    assert places(noisy([0.1] * 4 + [0.9] * 5)) == [4]
    assert set(searched) == {(0, 9)}
