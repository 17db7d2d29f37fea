"""Comparing answers is held to the same caps as all that was asked before."""

from pathlib import Path

import pytest

from gates.accounts import Accounts
from gates.amounts import Range
from gates.forecast import forecast
from gates.membership import Round, assemble
from gates.pipeline import run_round
from gates.side_by_side_due import SideBySideBooks
from gates.subjects import subject_of
from stages.evidence.estimate import Cause
from tests.fakes.comparing import PLAN, PROMPTS, compared
from tests.fakes.workplace import Workplace

ENDPOINTS = (
    '[models.assistant]\n{priced}\n[endpoints.j]\nbase_url = "http://127.0.0.1:9/v1"\nmodel = "m"\n'
)
JUDGED = PLAN.replace("topic: kind,", "topic: kind, judges: [j],")


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    found = Workplace(tmp_path)
    found.toml(ENDPOINTS.format(priced=""))
    return found


def round_of(place: Workplace, plan: str = PLAN, budget: str = "calls_at_most: 5") -> Round:
    file = compared(place, plan, more=f"budget: {{{budget}}}")
    place.endpoint("http://127.0.0.1:9/v1")
    return assemble(file, ["assistant/3"], place.services)


def why(place: Workplace, round_: Round, *, reached: set[str], judged: bool = True) -> str | None:
    assert round_.baseline is not None
    versions = (*round_.members, round_.baseline)
    subjects = {v.uri: subject_of(v, place.services) for v in versions}
    return Accounts(round_, place.services).too_dear_to_compare(
        subjects, reached=reached, judged=judged
    )


def test_answers_beyond_the_cap_are_not_asked_for(place: Workplace) -> None:
    round_ = round_of(place)
    found = why(place, round_, reached={"models:/assistant/3"})
    assert found is not None
    assert "the policy allows 5 calls" in found


def test_who_has_not_come_so_far_costs_nothing_yet(place: Workplace) -> None:
    assert why(place, round_of(place), reached=set()) is None


def test_judges_count_where_they_are_going_to_be_asked(place: Workplace) -> None:
    round_ = round_of(place, JUDGED, "calls_at_most: 30")
    reached = {"models:/assistant/3"}
    assert why(place, round_, reached=reached, judged=False) is None
    assert why(place, round_, reached=reached) is not None


def test_without_a_cap_nobody_is_held(place: Workplace) -> None:
    file = compared(place)
    round_ = assemble(file, [], place.services)
    assert not Accounts(round_, place.services).limited
    assert why(place, round_, reached={"models:/assistant/2"}) is None


def test_a_round_holds_who_is_too_dear_and_asks_nobody(place: Workplace) -> None:
    round_ = round_of(place)
    result = run_round(round_.file, ["assistant/3"], place.services)
    (candidate,) = result.decision.candidates
    wait = candidate.stages[-1].waits_for
    assert wait is not None
    assert wait.cause is Cause.OVER_BUDGET
    assert not place.state.read("answers/anything")


def test_the_forecast_counts_answers_judges_and_votes(place: Workplace) -> None:
    (stage,) = forecast(round_of(place, JUDGED), place.services)
    assert stage.asking.calls == Range(low=10, high=10)
    assert stage.votes == Range(low=20, high=20)
    assert stage.judging["j"].calls.low == 2 * 10
    assert stage.judging["j"].calls.high > 2 * 10
    assert stage.usd is None


def test_recorded_answers_cost_nothing(place: Workplace) -> None:
    file = compared(place)
    (stage,) = forecast(assemble(file, [], place.services), place.services)
    assert stage.calls == Range()
    assert stage.usd == Range()


def test_a_plan_that_may_stop_at_any_time_may_need_few_votes(place: Workplace) -> None:
    file = compared(place, PLAN.replace("topic: kind", "topic: kind, stopping: anytime"))
    (stage,) = forecast(assemble(file, [], place.services), place.services)
    assert stage.votes == Range(low=2, high=20)


def test_where_judges_decide_alone_nobody_votes(place: Workplace) -> None:
    file = compared(place, JUDGED.replace("topic: kind", "count: judges, topic: kind"))
    (stage,) = forecast(assemble(file, [], place.services), place.services)
    assert stage.votes == Range()


def test_what_was_not_answered_was_not_paid(place: Workplace) -> None:
    round_ = round_of(place)
    books = SideBySideBooks(round=round_, services=place.services)
    assert books.spent(subject_of(round_.members[0], place.services)).calls == 0
    assert PROMPTS == 12
