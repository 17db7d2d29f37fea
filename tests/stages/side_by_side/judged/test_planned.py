import json

import pytest

from policies.side_by_side import SideBySidePlan
from stages.evidence.items import Item
from stages.models.prices import UNPRICED, Price
from stages.side_by_side.judged.planned import Amount, planned_calls
from stages.side_by_side.preference import Preference
from tests.servers import judge
from tests.stages.side_by_side.judged.conftest import Court, pair
from tests.stages.side_by_side.judged.sayings import shown

ITEMS = [
    Item(id=str(n), messages=({"role": "user", "content": f"question {n}"},), cluster=str(n))
    for n in range(10)
]


def plan(**said: object) -> SideBySidePlan:
    whole = {"votes_at_most": 10, "judges": ["a", "b"], **said}
    return SideBySidePlan.model_validate_json(json.dumps(whole))


def test_every_prompt_is_compared_in_both_orders_by_every_judge() -> None:
    first, second = planned_calls(plan(), ITEMS)
    assert (first.judge, second.judge) == ("a", "b")
    assert first.calls == second.calls == Amount(least=20, most=43)


def test_repeats_own_answers_and_calibration_add_up() -> None:
    judging = {"repeats": 3, "own_answer_first": True}
    gold = [shown(str(n), gold=Preference.A_BETTER) for n in range(4)]
    (found,) = planned_calls(plan(judges=["a"], judging=judging), ITEMS, gold=gold)
    once, known = 10 * (2 * 3) + 10, 4 * 2 + 4
    most = 10 * (2 * 3 * 2) + 10 + 2 * (4 * 2 * 2 + 4) + 3
    assert found.calls == Amount(least=once + known, most=most)


def test_no_prompts_and_no_judges_cost_nothing_or_a_probe() -> None:
    assert planned_calls(plan(judges={}), ITEMS) == ()
    assert {each.calls.least for each in planned_calls(plan(), [])} == {0}


def test_money_is_at_least_half_in_batches_and_unknown_without_a_price() -> None:
    (found, _) = planned_calls(plan(), ITEMS)
    price = Price(usd_input=1.0, usd_output=2.0)
    at_once, in_batches = found.usd(price, batch=False), found.usd(price, batch=True)
    assert at_once is not None
    assert in_batches is not None
    assert in_batches.least == at_once.least / 2
    assert in_batches.most == at_once.most
    assert found.usd(UNPRICED, batch=False) is None


def test_an_amount_is_a_range() -> None:
    with pytest.raises(ValueError, match="no amount"):
        Amount(least=2, most=1)
    with pytest.raises(ValueError, match="no amount"):
        Amount(least=-1, most=1)


@pytest.mark.integration
@pytest.mark.parametrize("stubborn", [False, True])
def test_what_is_made_lies_between_the_least_and_the_most(court: Court, stubborn: bool) -> None:  # noqa: FBT001
    """With a judge that replies at once, and with one that never can be read."""
    if stubborn:
        court.seat("longer", judge.saying(lambda _: "hm"))
    pairs = [pair(item.id, f"an answer to {item.id}", "another") for item in ITEMS]
    (planned,) = planned_calls(court.plan(), ITEMS)
    court.judge(pairs)
    assert planned.calls.least <= len(court.server.calls) <= planned.calls.most
