import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.annotators import (
    Standing,
    annotator_health,
    first_position,
    gold_alarm,
)

RIGHT = st.lists(st.booleans(), max_size=40)
FLOORS = st.floats(0.3, 0.95)


@given(RIGHT, FLOORS)
def test_the_capital_is_the_mean_over_all_accuracies_below_the_floor(
    right: list[bool], floor: float
) -> None:
    hits, misses = sum(right), len(right) - sum(right)

    def ratio(q: float) -> float:
        return (q / floor) ** hits * ((1 - q) / (1 - floor)) ** misses

    assert gold_alarm(right, floor=floor).e_value == pytest.approx(
        quad(ratio, 0, floor)[0] / floor, rel=1e-6
    )


@given(RIGHT, FLOORS)
def test_one_more_item_gains_nothing_on_average_at_the_floor(
    right: list[bool], floor: float
) -> None:
    now, hit, miss = (
        gold_alarm([*right, *more], floor=floor).e_value for more in ([], [True], [False])
    )
    assert floor * hit + (1 - floor) * miss == pytest.approx(now)
    assert hit <= miss


def test_an_annotator_who_clicks_at_random_is_warned_and_then_paused() -> None:
    found = [gold_alarm([True, False] * n, floor=0.8) for n in range(40)]
    standings = [alarm.standing for alarm in found]
    assert standings[0] is Standing.FINE
    assert standings == sorted(standings, key=list(Standing).index)
    assert standings[-1] is Standing.PAUSE
    assert found[-1].since is not None
    assert found[-1].since < 40
    assert Standing.WARN in standings


def test_a_good_annotator_is_left_alone() -> None:
    found = gold_alarm([True] * 500, floor=0.8)
    assert found.standing is Standing.FINE
    assert found.since is None
    assert found.highest == 1
    assert found.e_value < 0.01


def test_later_luck_does_not_undo_a_pause() -> None:
    found = gold_alarm([False] * 20 + [True] * 500, floor=0.8)
    assert found.e_value < 1
    assert found.standing is Standing.PAUSE
    assert found.highest > 100


def test_an_enormous_capital_is_still_a_number() -> None:
    assert math.isfinite(gold_alarm([False] * 5000, floor=0.99).e_value)


def test_without_gold_items_there_is_no_accuracy_and_no_alarm() -> None:
    found = annotator_health([1.0, 0.0], ["p", "q"], gold_right=[], floor=0.8, level=0.95)
    assert isinstance(found.gold, Unmeasured)
    assert found.alarm.e_value == pytest.approx(1)
    assert found.alarm.standing is Standing.FINE


def test_health_is_preference_of_a_side_accuracy_and_alarm() -> None:
    random = np.random.default_rng(2)
    found = annotator_health(
        (random.random(200) < 0.7).astype(float),
        [i // 2 for i in range(200)],
        gold_right=[True] * 9 + [False],
        floor=0.8,
        level=0.95,
    )
    assert isinstance(found.first_position, Estimate)
    assert found.first_position.low is not None
    assert found.first_position.low > 0.5
    assert found.first_position.n == 100
    assert isinstance(found.gold, Estimate)
    assert found.gold.value == 0.9


def test_ties_are_half_a_vote_for_the_first() -> None:
    found = first_position([0.5, 0.5, 1.0, 0.0], [1, 2, 3, 4], level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == 0.5


@pytest.mark.parametrize(
    ("floor", "warn", "pause"), [(1.0, 0.2, 0.01), (0.8, 0.01, 0.2), (0.8, math.nan, 0.01)]
)
def test_impossible_alarms_are_refused(floor: float, warn: float, pause: float) -> None:
    with pytest.raises(ValueError, match="impossible"):
        gold_alarm([], floor=floor, warn=warn, pause=pause)
