"""A judge that nobody can read is asked in three runs, says why, and is asked no more."""

import pytest

from policies.benchmark_tasks import Stopping
from stages.evidence.estimate import ASKED_ANEW, FOR_GOOD, Estimate
from stages.side_by_side.judged import scoring
from stages.side_by_side.scores import Rule
from stages.side_by_side.sums import by_panel
from tests.servers import judge
from tests.servers.openai_server import refusal
from tests.stages.side_by_side.judged.conftest import PAIRS, Court, lows, pair

pytestmark = pytest.mark.integration

TWO_PAIRS, SHOWN, REPLIES = PAIRS[:2], 4, 6
RULE = Rule(stopping=Stopping.FIXED, level=0.95, planned=2)


@pytest.fixture
def mute(court: Court) -> Court:
    """One judge alone, who never says what can be read."""
    court.behaviours.clear()
    court.seat("mute", judge.saying(lambda _: "no JSON; whatever"))
    return court


def method(court: Court) -> str:
    """Of the win rate, as the next run makes it."""
    found = by_panel(court.judge(TWO_PAIRS), scoring.win, RULE)
    assert isinstance(found, Estimate)
    return found.method


def test_what_cannot_be_read_is_told_with_a_reason_and_asked_for_in_three_runs(
    mute: Court,
) -> None:
    methods = [method(mute) for _ in range(5)]
    assert len(mute.asked) == SHOWN * REPLIES
    assert [(ASKED_ANEW in said, FOR_GOOD in said) for said in methods] == [
        *[(True, False)] * 2,
        *[(False, True)] * 3,
    ]
    told = "; cannot be read: 4 of 4 verdicts of mute cannot be read, such as: the reply is no"
    assert all(told in said for said in methods)


def test_what_is_asked_for_no_more_still_counts_either_way(mute: Court) -> None:
    for _ in range(4):
        judged = mute.judge(TWO_PAIRS)
    assert judged.asked_anew == frozenset()
    assert lows(judged) == {"w": (0, 1), "l": (0, 1)}


def test_a_repaired_judge_under_another_model_name_is_asked_anew(mute: Court) -> None:
    for _ in range(3):
        mute.judge(TWO_PAIRS)
    mute.seat("mute", judge.comparing(judge.prefers_longer), model="mute-2")
    assert lows(mute.judge(TWO_PAIRS)) == {"w": (1, 1), "l": (0, 0)}


def test_what_is_too_long_is_never_asked_for_and_says_so(court: Court) -> None:
    judged = court.judge([PAIRS[0], pair("long", "x" * 200_001, "short")])
    assert judged.asked_anew == frozenset()
    assert "too long to judge" in judged.unread


def test_a_judge_that_refuses_is_asked_again_by_every_run(court: Court) -> None:
    court.seat("longer", judge.reacting(lambda _: refusal()))
    assert court.judge(TWO_PAIRS).asked_anew == {"w", "l"}


def test_a_judge_that_can_be_read_leaves_nothing_to_tell(court: Court) -> None:
    judged = court.judge(TWO_PAIRS)
    found = by_panel(judged, scoring.win, RULE)
    assert (judged.unread, judged.asked_anew) == ("", frozenset())
    assert isinstance(found, Estimate)
    assert "cannot be read" not in found.method
