import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.interleaving import interleaved


@given(
    settled=st.integers(0, 20),
    shown=st.integers(0, 20),
    waiting=st.integers(0, 20),
    seed=st.integers(0, 100),
)
def test_what_was_counted_stays_where_it_stood(
    settled: int, shown: int, waiting: int, seed: int
) -> None:
    """More votes only add to the end, whatever they say."""
    planned = settled + shown + waiting
    ruled, read = [f"s{i}" for i in range(settled)], [f"r{i}" for i in range(shown)]
    now = interleaved(ruled, read, planned=planned, seed=seed)
    later = interleaved(ruled, read + [f"w{i}" for i in range(waiting)], planned=planned, seed=seed)
    assert later[: len(now)] == now
    assert [each for each in now if each in read] == read
    assert sorted(later) == sorted({*ruled, *read, *(f"w{i}" for i in range(waiting))})


def test_settled_prompts_stand_among_the_others() -> None:
    found = interleaved(["s"] * 100, ["r"] * 100, planned=200, seed=0)
    assert 35 < found[:100].count("s") < 65
    assert interleaved(["s"] * 100, ["r"] * 50, planned=200, seed=0).count("s") < 70


def test_more_prompts_than_planned_are_refused() -> None:
    with pytest.raises(ValueError, match="more than"):
        interleaved(["s"], ["r"], planned=1, seed=0)
