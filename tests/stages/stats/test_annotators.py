import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from stages.evidence.estimate import Estimate
from stages.stats.annotators import FALSE_ALARM, first_position, gold_alarm, log_capital

RIGHT = st.lists(st.booleans(), max_size=40)
FLOORS = st.floats(0.3, 0.95)


def capital(right: list[bool], floor: float) -> float:
    """The gambler's capital after the last item."""
    return math.exp(log_capital(right, floor=floor)[-1])


@given(RIGHT, FLOORS)
def test_the_capital_is_the_mean_over_all_accuracies_below_the_floor(
    right: list[bool], floor: float
) -> None:
    hits, misses = sum(right), len(right) - sum(right)

    def ratio(q: float) -> float:
        return (q / floor) ** hits * ((1 - q) / (1 - floor)) ** misses

    assert capital(right, floor) == pytest.approx(quad(ratio, 0, floor)[0] / floor, rel=1e-6)


@given(RIGHT, FLOORS)
def test_one_more_item_gains_nothing_on_average_at_the_floor(
    right: list[bool], floor: float
) -> None:
    now, hit, miss = (capital([*right, *more], floor) for more in ([], [True], [False]))
    assert floor * hit + (1 - floor) * miss == pytest.approx(now)
    assert hit <= miss


@given(RIGHT, FLOORS, st.integers(1, 6))
def test_there_is_an_alarm_once_the_capital_was_reached(
    right: list[bool], floor: float, least: int
) -> None:
    reached = [capital(right[:n], floor) >= 1 / FALSE_ALARM for n in range(least, len(right) + 1)]
    assert gold_alarm(right, floor=floor, least=least) == any(reached)


def test_who_reads_every_other_item_is_alarmed_in_time_and_for_good() -> None:
    found = [gold_alarm([True, False] * n, floor=0.8) for n in range(40)]
    assert not found[0]
    assert found[10]
    assert found == sorted(found)


def test_a_good_annotator_is_left_alone() -> None:
    assert not gold_alarm([True] * 500, floor=0.8)


def test_later_luck_does_not_undo_an_alarm() -> None:
    right = [False] * 20 + [True] * 500
    assert capital(right, 0.8) < 1
    assert gold_alarm(right, floor=0.8)


def test_a_rarer_false_alarm_takes_more_misses() -> None:
    assert gold_alarm([False] * 4, floor=0.5)
    assert not gold_alarm([False] * 4, floor=0.5, probability=0.01)


def test_nothing_is_said_before_there_are_enough_items() -> None:
    for floor in (0.9, 1.0):
        assert not gold_alarm([False] * 4, floor=floor, least=5)
        assert gold_alarm([False] * 5, floor=floor, least=5)
        assert not gold_alarm([], floor=floor)


def test_nobody_is_below_zero_and_one_miss_is_below_one() -> None:
    assert not gold_alarm([False] * 99, floor=0.0)
    assert gold_alarm([True] * 99 + [False], floor=1.0)
    assert not gold_alarm([True] * 99, floor=1.0)


def test_an_enormous_capital_is_still_a_number() -> None:
    assert np.isfinite(log_capital([False] * 5000, floor=0.99)).all()
    assert np.isfinite(log_capital([True] * 5000, floor=0.3)).all()


def test_ties_are_half_a_vote_for_the_first() -> None:
    found = first_position([0.5, 0.5, 1.0, 0.0], [1, 2, 3, 4], level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == 0.5


@pytest.mark.parametrize(
    ("floor", "least", "probability"),
    [(1.1, 1, 0.2), (-0.1, 1, 0.2), (math.nan, 1, 0.2), (0.8, 0, 0.2), (0.8, 1, 1.0)],
)
def test_impossible_alarms_are_refused(floor: float, least: int, probability: float) -> None:
    with pytest.raises(ValueError, match="impossible"):
        gold_alarm([], floor=floor, least=least, probability=probability)


def test_who_prefers_the_first_is_seen() -> None:
    random = np.random.default_rng(2)
    found = first_position(
        (random.random(200) < 0.7).astype(float), [i // 2 for i in range(200)], level=0.95
    )
    assert isinstance(found, Estimate)
    assert found.low is not None
    assert found.low > 0.5
    assert found.n == 100
