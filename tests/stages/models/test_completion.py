import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.items import Response
from stages.models.completion import Unusable, read_completion
from tests.servers import openai_server as server


def test_a_whole_answer_is_a_response() -> None:
    assert read_completion(server.completion(" 42 ")) == Response(
        text=" 42 ", prompt_tokens=7, completion_tokens=3, model="toy-served"
    )


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (server.truncated_json().body, "not valid JSON"),
        (server.empty_choices().body, "no `choices`"),
        (b'{"choices": "text"}', "no `choices`"),
        (b"[]", "not a JSON object"),
        (b"", "not valid JSON"),
        (b"<html>busy</html>", "not valid JSON"),
        (b'{"choices": [null]}', "no `message`"),
        (b'{"choices": [{"text": "old style", "finish_reason": "stop"}]}', "no `message`"),
        (server.null_content().body, "`content` is null"),
        (server.empty_text().body, "the answer is empty"),
        (server.completion([{"type": "text", "text": "x"}]), "`content` is not a text"),
        (server.cut_short().body, "cut at `max_tokens`"),
        (server.filtered().body, "content filter"),
        (server.refusal().body, "`refusal`"),
        (server.tool_calls_only().body, "called tools"),
        (server.completion("x", finish=None), "`finish_reason` is None"),
        (server.completion("x", finish="abort"), "`finish_reason` is 'abort'"),
        (server.not_utf8().body, "not UTF-8"),
        (server.completion("x").replace(b'"x"', b'"\\ud800"'), "half a surrogate pair"),
        (server.completion("x").replace(b"7", b"NaN"), "NaN"),
    ],
)
def test_a_reply_that_is_no_answer_says_why(body: bytes, said: str) -> None:
    reply = read_completion(body)

    assert isinstance(reply, Unusable)
    assert said in reply.reason


def test_a_cut_answer_is_taken_only_where_asked_for() -> None:
    body = server.cut_short().body

    assert isinstance(read_completion(body), Unusable)
    assert isinstance(read_completion(body, cut_is_fine=True), Response)


def test_a_text_beside_tool_calls_is_an_answer() -> None:
    body = server.completion("I looked it up", finish="tool_calls", tool_calls=[{"id": "1"}])

    assert isinstance(read_completion(body), Response)


@pytest.mark.parametrize(
    "usage", [None, [], {}, {"prompt_tokens": None}, {"prompt_tokens": -1}, {"prompt_tokens": True}]
)
def test_tokens_that_a_server_does_not_say_are_none(usage: object) -> None:
    body = json.loads(server.completion("x", model=3))
    reply = read_completion(json.dumps({**body, "usage": usage}).encode())

    assert reply == Response(text="x")


@given(st.binary())
def test_no_bytes_are_mistaken_for_an_answer(data: bytes) -> None:
    assert isinstance(read_completion(data), Unusable)


@given(st.integers(0, 300), st.binary(min_size=1, max_size=4))
def test_damaged_bytes_are_read_or_refused_but_never_raise(at: int, noise: bytes) -> None:
    whole = server.completion("the answer")

    reply = read_completion(whole[:at] + noise + whole[at + len(noise) :])

    assert isinstance(reply, Unusable) or reply.text.strip()


@given(st.integers(0, len(server.completion("the answer")) - 1))
def test_no_beginning_of_a_reply_is_an_answer(length: int) -> None:
    assert isinstance(read_completion(server.completion("the answer")[:length]), Unusable)
