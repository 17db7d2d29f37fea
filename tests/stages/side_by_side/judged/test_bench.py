import pytest

from stages.evidence.estimate import Cause
from stages.judges.purse import Cap
from tests.servers import judge, openai_server
from tests.stages.side_by_side.judged.conftest import (
    PAIRS,
    Court,
    lacking,
    lows,
)

pytestmark = pytest.mark.integration


@pytest.mark.parametrize("cap", [Cap(calls=5), Cap(usd=2_060.0)])
def test_a_cap_stops_before_it_is_exceeded_and_keeps_what_was_paid(court: Court, cap: Cap) -> None:
    court.cap = cap
    court.seat("first", judge.comparing(judge.prefers_first))
    judged = court.judge(PAIRS)
    found = lacking(judged)

    assert found.cause is Cause.OVER_BUDGET
    assert cap.calls is None or len(court.asked) == 5
    assert cap.usd is None or (judged.cost.usd or 0) <= cap.usd
    made = len(court.asked)
    assert 0 < made < 16
    assert lacking(court.judge(PAIRS)) == found
    assert len(court.asked) == made, "another run buys nothing more"

    court.cap = Cap()
    assert lows(court.judge(PAIRS))["w"] == (0.75, 0.75)
    assert len(court.asked) == 16


def test_what_a_later_judge_has_cost_is_known_before_an_earlier_one_is_asked(court: Court) -> None:
    court.seat("first", judge.comparing(judge.prefers_first))
    court.judge(PAIRS, judges=["first"])
    court.cap = Cap(calls=10)
    assert lacking(court.judge(PAIRS)).cause is Cause.OVER_BUDGET
    assert len(court.asked) == 10


def test_verdicts_in_batches_are_waited_for_and_then_are_what_they_would_have_been(
    court: Court,
) -> None:
    court.seat("first", judge.comparing(judge.prefers_first))
    waiting = court.judge(PAIRS, judging={"batch": True})
    assert lacking(waiting).cause is Cause.WAITING
    assert [(w.who, w.have, w.need) for w in waiting.waits] == [("judges", 0, 8)] * 2
    assert not court.asked

    court.desk.finish()
    found = court.judge(PAIRS, judging={"batch": True})
    assert len(court.desk.batches) == 2
    assert not court.asked
    direct = court.judge(PAIRS)
    assert not court.asked, "both ways share what is journaled"
    assert found.heard == direct.heard
    assert found.cost.usd == 24.0, "half of 48"


def test_what_a_batch_brings_unreadable_is_put_once_more_and_then_asked_until_it_is_unresolved(
    court: Court,
) -> None:
    """No judge that speaks nonsense keeps a panel waiting without end."""
    court.seat("longer", judge.saying(lambda _: "hm"))
    for batches in (1, 2):
        assert lacking(court.judge(PAIRS[:1], judging={"batch": True})).cause is Cause.WAITING
        assert len(court.desk.batches) == batches
        court.desk.finish()
    assert not court.asked
    assert lows(court.judge(PAIRS[:1], judging={"batch": True})) == {"w": (0, 1)}
    assert len(court.desk.batches) == 2
    assert len(court.asked) == 4

    court.seat("longer", judge.comparing(judge.prefers_longer))
    assert lows(court.judge(PAIRS[:1], judging={"batch": True})) == {"w": (1, 1)}
    assert len(court.asked) == 6


def test_an_own_answer_is_put_in_a_batch_of_its_own_before_the_comparisons(court: Court) -> None:
    told = judge.comparing(judge.prefers_longer)
    court.seat(
        "longer",
        lambda call: (
            openai_server.text("mine") if call.prompt.startswith("question") else told(call)
        ),
    )
    said = {"batch": True, "own_answer_first": True}
    for lines in (4, 12):
        assert lacking(court.judge(PAIRS, judging=said)).cause is Cause.WAITING
        assert len(court.desk.requests()) == lines
        court.desk.finish()
    assert lows(court.judge(PAIRS, judging=said))["w"] == (1, 1)
    assert not court.asked


def test_a_batch_holds_no_more_than_a_cap_allows(court: Court) -> None:
    court.cap = Cap(calls=5)
    court.judge(PAIRS, judging={"batch": True})
    court.judge(PAIRS, judging={"batch": True})
    assert len(court.desk.requests()) == 5
    court.desk.finish()
    assert lacking(court.judge(PAIRS, judging={"batch": True})).cause is Cause.OVER_BUDGET
    assert len(court.desk.requests()) == 5
