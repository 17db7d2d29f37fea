"""How many units are likely needed: against a naive twin that draws truths and measures them."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import ndtr

from stages.stats.shares import exact_upper
from stages.stats.units_needed import (
    MOST,
    UNKNOWN,
    Counted,
    Expected,
    Measured,
    continuity_correction,
    foretold,
    room_to_pass,
    units_needed,
)

CLOSE = Measured(room=0.01, error=0.02, reach_bad=0.04, reach_good=0.04, n=200)
MARGIN = Measured(
    room=0.01, error=0.02, reach_bad=0.04, reach_good=0.05, n=200, fails_below=0.03, correction=0.6
)
RATE = Counted(events=2, n=300, limit=0.02, tail=0.05)

means = st.builds(
    Measured,
    room=st.floats(-0.2, 0.2),
    error=st.floats(0.001, 0.1),
    reach_bad=st.floats(0.002, 0.3),
    reach_good=st.floats(0.002, 0.3),
    n=st.integers(2, 2_000),
    fails_below=st.floats(0, 0.1),
    correction=st.floats(0, 2),
    anytime=st.booleans(),
)


def naive(
    seen: Measured, size: int, expected: Expected, draws: int = 200_000
) -> tuple[float, float]:
    """Truths drawn from the posterior, the units to come drawn for each, the rule applied."""
    random = np.random.default_rng(1)
    trust = 1.0
    if math.isfinite(expected.deviation):
        trust = expected.deviation**2 / (expected.deviation**2 + seen.error**2)
    middle = trust * seen.room + (1 - trust) * expected.room
    truth = random.normal(middle, math.sqrt(trust) * seen.error, draws)
    one, more = seen.error * math.sqrt(seen.n), size - seen.n
    coming = random.normal(truth, one / math.sqrt(more))
    mean = (seen.n * seen.room + more * coming) / size
    shrunk = math.sqrt(seen.n / size)
    passes = mean >= seen.reach_bad * shrunk
    fails = ~passes & (mean < seen.fails_below - seen.reach_good * shrunk - seen.correction / size)
    return float(passes.mean()), float(fails.mean())


@pytest.mark.parametrize("seen", [CLOSE, MARGIN])
@pytest.mark.parametrize("expected", [UNKNOWN, Expected(room=0.03, deviation=0.02)])
@pytest.mark.parametrize("size", [250, 1_000, 20_000])
def test_a_mean_is_foretold_as_its_naive_twin_does(
    seen: Measured, expected: Expected, size: int
) -> None:
    found = foretold(seen, size, expected)
    assert (found.passes, found.fails) == pytest.approx(naive(seen, size, expected), abs=0.005)


def test_a_count_is_foretold_as_its_naive_twin_does() -> None:
    random, size = np.random.default_rng(2), 900
    rate = random.beta(RATE.events + 0.5, RATE.n - RATE.events + 0.5, 20_000)
    events = RATE.events + random.binomial(size - RATE.n, rate)
    high = np.array([exact_upper(k, size, tail=0.05) for k in range(events.max() + 1)])
    low = np.array([1 - exact_upper(size - k, size, tail=0.05) for k in range(events.max() + 1)])
    found = foretold(RATE, size)
    assert found.passes == pytest.approx((high[events] <= 0.02).mean(), abs=0.01)
    assert found.fails == pytest.approx((low[events] > 0.02).mean(), abs=0.01)


def test_without_anything_known_before_enough_units_tell_the_truth_that_is_likely() -> None:
    found = foretold(CLOSE, MOST)
    assert found.passes == pytest.approx(ndtr(CLOSE.room / CLOSE.error), abs=0.01)
    assert found.settled == pytest.approx(1, abs=0.01)


@given(seen=means, more=st.integers(0, 100_000))
def test_probabilities_are_probabilities(seen: Measured, more: int) -> None:
    found = foretold(seen, seen.n + more)
    assert 0 <= found.passes <= 1
    assert 0 <= found.fails <= 1
    assert found.settled <= 1


@given(seen=means)
def test_the_range_is_in_order_and_never_below_what_was_seen(seen: Measured) -> None:
    found = units_needed(seen)
    known = [size for size in (found.soonest, found.half, found.latest) if size is not None]
    assert known == sorted(known)
    assert all(seen.n <= size <= MOST for size in known)
    if found.latest is not None:
        assert foretold(seen, found.latest).settled >= 0.9


def test_a_value_nearer_to_its_limit_needs_more() -> None:
    near, far = (
        units_needed(Measured(room=room, error=0.02, reach_bad=0.04, reach_good=0.04, n=200))
        for room in (0.005, 0.03)
    )
    assert near.half is not None
    assert far.half is not None
    assert near.half > far.half


def test_what_was_expected_draws_the_foretold_to_it() -> None:
    hopeful = foretold(CLOSE, 5_000, Expected(room=0.1, deviation=0.01))
    assert hopeful.passes > foretold(CLOSE, 5_000).passes > 0.5


def test_a_sequence_needs_more_than_an_interval_that_is_read_once() -> None:
    fixed = Measured(room=0.02, error=0.02, reach_bad=0.05, reach_good=0.05, n=100)
    sequence = Measured(room=0.02, error=0.02, reach_bad=0.05, reach_good=0.05, n=100, anytime=True)
    assert foretold(sequence, 1_000).passes < foretold(fixed, 1_000).passes


def test_a_truth_between_limit_and_equality_may_never_be_told_soon() -> None:
    """At the limit itself no size settles: half of all truths are on either side, near it."""
    still = Measured(room=0.0, error=1e-9, reach_bad=1.0, reach_good=1.0, n=2)
    found = units_needed(still)
    assert (found.soonest, found.half, found.latest, found.passes) == (None, None, None, 0.0)


def test_no_event_among_few_is_settled_by_more_without_one() -> None:
    found = units_needed(Counted(events=0, n=100, limit=0.01, tail=0.05))
    assert found.soonest is not None
    assert exact_upper(0, found.soonest, tail=0.05) <= 0.01
    assert found.passes > 0.5


def test_a_limit_that_no_event_may_reach_cannot_pass_with_few() -> None:
    assert foretold(Counted(events=0, n=10, limit=0.01, tail=0.05), 20).passes == 0.0


def test_the_room_that_passes_four_times_in_five() -> None:
    room = room_to_pass(CLOSE, power=0.8)
    draws = np.random.default_rng(3).normal(room, CLOSE.error, 100_000)
    assert (draws >= CLOSE.reach_bad).mean() == pytest.approx(0.8, abs=0.01)


def test_an_exact_test_asks_for_more_than_the_normal_one() -> None:
    normal = float(ndtr(-1.5))
    assert continuity_correction(normal, gap=0.03, error=0.02, n=200) == pytest.approx(0)
    late = continuity_correction(0.1, gap=0.03, error=0.02, n=200)
    assert late == pytest.approx(200 * (0.03 - 1.2816 * 0.02), rel=1e-3)
    assert continuity_correction(0.001, gap=0.03, error=0.02, n=200) == 0
    assert continuity_correction(1.0, gap=-0.03, error=0.02, n=200) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Measured(room=math.nan, error=1, reach_bad=1, reach_good=1, n=2),
        lambda: Measured(room=0, error=0, reach_bad=1, reach_good=1, n=2),
        lambda: Measured(room=0, error=1, reach_bad=1, reach_good=1, n=0),
        lambda: Measured(room=0, error=1, reach_bad=1, reach_good=1, n=1, anytime=True),
        lambda: Measured(room=0, error=1, reach_bad=1, reach_good=1, n=2, correction=-1),
        lambda: Counted(events=3, n=2, limit=0.1, tail=0.05),
        lambda: Counted(events=0, n=2, limit=1.0, tail=0.05),
        lambda: Counted(events=0, n=2, limit=0.1, tail=0.5),
        lambda: Expected(deviation=0.0),
        lambda: Expected(room=math.inf),
        lambda: foretold(CLOSE, 10),
        lambda: room_to_pass(CLOSE, power=1.0),
    ],
)
def test_nonsense_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        wrong()  # type: ignore[operator] # a lambda of the list above
