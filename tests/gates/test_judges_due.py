import json
from dataclasses import replace

from gates.amounts import NONE, Range
from gates.judges_due import calls_before_answers, calls_left
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
    assert calls_before_answers(plan(), ITEMS).calls == Range(low=20, high=40)


def test_repeats_and_own_answers_add_up() -> None:
    found = calls_before_answers(plan(judging={"repeats": 3, "own_answer_first": True}), ITEMS)
    assert found.calls == Range(low=10 * (2 * 3) + 10, high=10 * (2 * 3 * 2) + 10)


def test_of_pairs_only_what_is_left_is_asked() -> None:
    one, other = (shown(str(n), gold=Preference.A_BETTER) for n in range(2))
    assert calls_left(plan(), [one, one, other]).calls == Range(low=3, high=6)
    own = plan(judging={"own_answer_first": True})
    assert calls_left(own, [one, one, other]).calls == Range(low=3, high=6 + 2)
    assert calls_left(own, []) == NONE


def test_an_answer_that_is_known_takes_its_own_length() -> None:
    pair = shown("0", gold=Preference.A_BETTER)
    known = calls_left(plan(), [pair, pair]).prompt_tokens.high
    assert known < calls_before_answers(plan(), ITEMS[:1]).prompt_tokens.high
    longer = replace(pair, answer_a="w" * 3_000)
    assert calls_left(plan(), [longer, longer]).prompt_tokens.high > known + 3_000


def test_every_question_has_a_prompt_and_a_reply_within_their_ends() -> None:
    found = calls_before_answers(plan(judging={"own_answer_first": True}), ITEMS)
    for tokens in (found.prompt_tokens, found.completion_tokens):
        assert found.calls.low <= tokens.low < tokens.high
    longer = [Item(id="0", messages=({"role": "user", "content": "w " * 9_000},), cluster="0")]
    assert calls_before_answers(plan(), longer).prompt_tokens.low > 7_000


def test_without_prompts_nothing_is_asked() -> None:
    assert calls_before_answers(plan(), []) == NONE
