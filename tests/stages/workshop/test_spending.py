import pytest

from stages.engine.threads import Failed
from stages.evidence.estimate import Cause
from stages.workshop.spending import OutOfBudget, demand_within_budget

UNPAID = Failed("not asked: the budget is 3 calls", Cause.OVER_BUDGET)


def test_what_failed_for_another_reason_is_no_matter_of_money() -> None:
    demand_within_budget([Failed("no answer"), "an answer"], "sorting")


def test_an_unpaid_question_ends_the_step_with_exit_code_3_and_says_how_many() -> None:
    with pytest.raises(OutOfBudget, match="the budget ends while sorting") as raised:
        demand_within_budget(["an answer", UNPAID], "sorting")
    assert raised.value.exit_code == 3
    assert raised.value.why == "1 of 2 questions were not put; not asked: the budget is 3 calls"
