import json
from pathlib import Path

import pytest

from policies.errors import InputError
from stages.side_by_side.formats.alpaca_eval import parse_alpaca_eval
from stages.side_by_side.formats.answers import (
    Answer,
    parse_arena_hard_answers,
    parse_model_outputs,
    write_arena_hard_answers,
    write_model_outputs,
)

ALPACA_EVAL = Path(__file__).parents[5] / "shared" / "data" / "alpaca_eval"
ASKED = {"role": "user", "content": "Say hi."}
GOOD = {
    "uid": "u1",
    "ans_id": "a1",
    "model": "new",
    "messages": [ASKED, {"role": "assistant", "content": {"answer": "Hi"}}],
    "tstamp": 1.5,
    "metadata": {"token_len": 1},
}


def read(*records: object) -> tuple[Answer, ...]:
    return parse_arena_hard_answers(json.dumps(records).encode(), where="new.jsonl")


def test_an_answer_knows_its_conversation_and_keeps_the_rest() -> None:
    (answer,) = read(GOOD)
    assert (answer.prompt, answer.model, answer.text) == ("u1", "new", "Hi")
    assert answer.messages == (ASKED,)
    assert json.loads(write_arena_hard_answers([answer])) == GOOD


@pytest.mark.parametrize("content", ["Hi", {"answer": "Hi"}])
def test_the_content_is_a_text_or_holds_one(content: object) -> None:
    (answer,) = read(GOOD | {"messages": [ASKED, {"role": "assistant", "content": content}]})
    assert answer.text == "Hi"


@pytest.mark.parametrize("content", [None, {"answer": None}, {}])
def test_no_answer_is_an_empty_one(content: object) -> None:
    (answer,) = read(GOOD | {"messages": [ASKED, {"role": "assistant", "content": content}]})
    assert answer.text == ""


def test_another_answer_to_the_same_prompt_is_refused_and_the_same_is_left_out() -> None:
    assert len(read(GOOD, GOOD)) == 1
    other = {"messages": [ASKED, {"role": "assistant", "content": "Hello"}]}
    with pytest.raises(InputError, match="answers the same prompt differently"):
        read(GOOD, GOOD | other)


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (GOOD | {"messages": [ASKED]}, "`messages` must be a list"),
        (GOOD | {"messages": [ASKED, ASKED]}, "the last message must be the assistant's"),
        (GOOD | {"messages": [{}, ASKED]}, "`role` must be a text"),
        (GOOD | {"messages": ["Hi", ASKED]}, "`messages` must be a JSON object"),
        (GOOD | {"uid": ""}, "`uid` must be"),
    ],
)
def test_a_wrong_record_is_refused(record: object, why: str) -> None:
    with pytest.raises(InputError) as refused:
        read(record)
    assert why in refused.value.why


def test_a_conversation_of_several_turns_is_no_instruction() -> None:
    (answer,) = read(GOOD | {"messages": [ASKED, *GOOD["messages"]]})  # type: ignore[misc]
    with pytest.raises(InputError, match="prompt `u1`"):
        write_model_outputs([answer])


@pytest.mark.skipif(not ALPACA_EVAL.exists(), reason=f"AlpacaEval's files are not at {ALPACA_EVAL}")
@pytest.mark.parametrize("model", ["alpaca-7b", "claude-2.1", "NullModel"])
def test_published_answers_read_completely_and_are_those_that_were_judged(model: str) -> None:
    folder = ALPACA_EVAL / model
    data = (folder / "model_outputs.json").read_bytes()
    answers = parse_model_outputs(data, where="model_outputs.json")
    by_prompt = {answer.prompt: answer for answer in answers}
    votes = parse_alpaca_eval((folder / "annotations.json").read_bytes(), where="annotations.json")
    assert len(answers) == len(votes) == 805
    assert all(vote.answer_a == by_prompt[vote.prompt].text for vote in votes)
    assert parse_model_outputs(write_model_outputs(answers), where="again") == answers
