from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.workshop.bench.recipe import Allocation, Drawn, Passes
from stages.workshop.bench.selecting import (
    LOW_PROMPT,
    LOW_TOPIC,
    NOT_DRAWN,
    NOT_SECOND,
    NOT_SECOND_TOPIC,
    allotted,
    selected,
)

PASSES = Passes()
ALL = Drawn(prompts=1_000)


def test_both_passes_leave_what_they_say() -> None:
    scores = [7, 7, 5, 4, 1, 1, 6, 6, 5, 5, 5]
    topics = [0, 0, 0, 0, 1, 1, 1, 2, 2, 2, 2]

    found = selected(scores, topics, passes=PASSES, drawn=ALL, seed=0)

    assert found.chosen == (0, 1)
    assert found.reasons == {
        2: NOT_SECOND,
        3: LOW_PROMPT,
        **dict.fromkeys((4, 5, 6), LOW_TOPIC),
        **dict.fromkeys((7, 8, 9, 10), NOT_SECOND_TOPIC),
    }
    assert found.means == {0: 5.75, 1: pytest.approx(8 / 3), 2: 5.25}
    assert found.passed == (0,)


def test_nothing_passes_where_nothing_is_good() -> None:
    assert selected([4] * 9, [0] * 9, passes=PASSES, drawn=ALL, seed=0).chosen == ()
    assert selected([], [], passes=PASSES, drawn=ALL, seed=0).chosen == ()


def test_topics_give_equally_as_far_as_they_have() -> None:
    topics = [0] * 50 + [1] * 3 + [2] * 20

    found = selected([7] * 73, topics, passes=PASSES, drawn=Drawn(prompts=23), seed=1)

    assert Counter(topics[n] for n in found.chosen) == {0: 10, 1: 3, 2: 10}
    assert Counter(found.reasons.values()) == {NOT_DRAWN: 50}


def test_topics_give_by_their_share_of_the_traffic() -> None:
    topics = [0] * 60 + [1] * 30 + [2] * 10
    drawn = Drawn(prompts=20, allocation=Allocation.TRAFFIC)

    found = selected([7] * 100, topics, passes=PASSES, drawn=drawn, seed=1)

    assert Counter(topics[n] for n in found.chosen) == {0: 12, 1: 6, 2: 2}


def test_topics_are_drawn_where_there_are_too_many() -> None:
    topics = [n // 5 for n in range(100)]
    drawn = Drawn(prompts=20, topics_at_most=4)

    one, same, other = (
        selected([7] * 100, topics, passes=PASSES, drawn=drawn, seed=seed) for seed in (1, 1, 2)
    )

    assert Counter(Counter(topics[n] for n in one.chosen).values()) == {5: 4}
    assert one == same
    assert one != other


def test_every_prompt_of_a_topic_is_drawn_as_often() -> None:
    drawn = Drawn(prompts=2)
    counts = Counter(
        n
        for seed in range(2_000)
        for n in selected([7] * 8, [0] * 8, passes=PASSES, drawn=drawn, seed=seed).chosen
    )

    assert np.ptp(list(counts.values())) < 120  # 500 each; a standard deviation is 19


@given(
    available=st.dictionaries(st.integers(0, 9), st.integers(0, 30), max_size=8),
    total=st.integers(1, 100),
    even=st.booleans(),
)
def test_no_topic_gives_more_than_it_has_and_none_is_lost(
    available: dict[int, int], total: int, *, even: bool
) -> None:
    weights = {name: 1.0 if even else name + 1.0 for name in available}

    given_ = allotted(available, weights, total)

    assert sum(given_.values()) == min(total, sum(available.values()))
    assert all(given_[name] <= available[name] for name in available)
