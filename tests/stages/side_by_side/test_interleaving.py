import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.benchmark_tasks import Stopping
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.aggregate import tally, win_rate
from stages.side_by_side.interleaving import interleaved
from stages.side_by_side.scores import Rule
from stages.side_by_side.vote import CandidateVote


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


def voted(prompt: str, win: float) -> CandidateVote:
    return CandidateVote(prompt=prompt, annotator="a", win=win, graded=win, both_bad=False)


def rate(number: int) -> Estimate | Unmeasured:
    """60 of 600 answers are identical; so many of the others were read, half of them won."""
    read = [voted(f"r{i}", float(i % 2)) for i in range(number)]
    settled = [voted(f"s{i}", 0.5) for i in range(60)]
    counted = tally(read, prompts=600, overlap=1, settled=settled)
    return win_rate(counted, Rule(stopping=Stopping.ANYTIME, level=0.95, planned=600))


def test_a_sequence_does_not_bet_on_what_was_settled_before_the_first_vote() -> None:
    early = rate(40)
    assert isinstance(early, Estimate)
    assert early.n < 60
    assert early.low is not None
    assert early.low < 0.4
    through = rate(540)
    assert isinstance(through, Estimate)
    assert through.n == 600
