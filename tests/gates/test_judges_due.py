import json

from gates.amounts import NONE, Calls, Range
from gates.judges_due import calls_of_judge
from policies.side_by_side import SideBySidePlan
from stages.evidence.items import Item
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.judged.sayings import shown

ITEMS = [
    Item(id=str(n), messages=({"role": "user", "content": f"question {n}"},), cluster=str(n))
    for n in range(10)
]


def plan(**said: object) -> SideBySidePlan:
    whole = {"votes_at_most": 10, "judges": ["a", "b"], **said}
    return SideBySidePlan.model_validate_json(json.dumps(whole))


def test_every_prompt_is_compared_in_both_orders() -> None:
    assert calls_of_judge(plan(), ITEMS).calls == Range(low=20, high=43)


def test_repeats_own_answers_and_calibration_add_up() -> None:
    judging = {"repeats": 3, "own_answer_first": True}
    gold = [shown(str(n), gold=Preference.A_BETTER) for n in range(4)]
    found = calls_of_judge(plan(judging=judging), ITEMS, gold=gold)
    once, known = 10 * (2 * 3) + 10, 4 * 2 + 4
    most = 10 * (2 * 3 * 2) + 10 + 2 * (4 * 2 * 2 + 4) + 3
    assert found.calls == Range(low=once + known, high=most)


def test_every_question_has_a_prompt_and_a_reply_within_their_ends() -> None:
    found = calls_of_judge(plan(judging={"own_answer_first": True}), ITEMS)
    for tokens in (found.prompt_tokens, found.completion_tokens):
        assert found.calls.low <= tokens.low < tokens.high
    longer = [Item(id="0", messages=({"role": "user", "content": "w " * 9_000},), cluster="0")]
    assert calls_of_judge(plan(), longer).prompt_tokens.low > 7_000


def test_without_prompts_there_is_a_probe_at_most() -> None:
    found = calls_of_judge(plan(), [])
    assert found.maybe() == found != NONE
    assert isinstance(found, Calls)
