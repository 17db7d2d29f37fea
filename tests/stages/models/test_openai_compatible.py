import socket
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from policies.errors import WrongUsage
from policies.task import Sampling
from stages.evidence.items import Item, Response
from stages.models.client import EndpointError, ModelError, Request, RequestRefused
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.servers import openai_server as server

pytestmark = pytest.mark.integration

KEY = "sk-very-secret-1234567890"
QUESTION = Request(
    item=Item(
        id="q1",
        messages=(
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "What is 6 x 7?"},
        ),
        tools=({"type": "function", "function": {"name": "calculate"}},),
        cluster="q1",
    ),
    sampling=Sampling(temperature=0.5, max_tokens=9, seed=3),
)


@pytest.fixture
def served() -> Iterator[server.OpenAIServer]:
    with server.OpenAIServer() as running:
        yield running


def connect(url: str, **changes: object) -> OpenAICompatible:
    settings = {"retries": 2, "attempts": 2, "timeout_seconds": 20.0, "api_key": KEY, **changes}
    return OpenAICompatible(EndpointSettings(base_url=url, model="toy", **settings))


def ask(url: str, **changes: object) -> Response:
    client = connect(url, **changes)
    try:
        return client.answer(QUESTION)
    finally:
        client.close()


def test_question_sampling_and_key_reach_the_server(served: server.OpenAIServer) -> None:
    answer = ask(served.url)

    assert answer.text == "echo: What is 6 x 7?"
    (call,) = served.calls
    assert call.body == {
        "model": "toy",
        "messages": list(QUESTION.item.messages),
        "tools": list(QUESTION.item.tools),
        "temperature": 0.5,
        "max_tokens": 9,
        "seed": 3,
    }
    assert call.headers["authorization"] == f"Bearer {KEY}"


def test_without_a_key_the_one_of_another_service_is_not_sent(
    served: server.OpenAIServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-of-another-service")

    ask(served.url, api_key=None)

    assert served.calls[0].headers["authorization"] == "Bearer none"


def test_a_nucleus_is_sent_where_there_is_one(served: server.OpenAIServer) -> None:
    with closing(connect(served.url)) as client:
        for top_p in (None, 0.9):
            client.answer(replace(QUESTION, sampling=Sampling(top_p=top_p)))
    assert [call.body.get("top_p") for call in served.calls] == [None, 0.9]
    assert "top_p" not in served.calls[0].body


def test_no_seed_is_sent_when_there_is_none(served: server.OpenAIServer) -> None:
    client = connect(served.url)
    client.answer(
        Request(
            item=Item(id="1", messages=({"role": "user", "content": "?"},), cluster="1"),
            sampling=Sampling(seed=None),
        )
    )
    client.close()

    assert set(served.calls[0].body) == {"model", "messages", "temperature", "max_tokens"}


TRANSPORT = [
    ("429", server.too_many, "status 429", "requests_per_minute"),
    ("408", lambda: server.status(408), "status 408", "requests_per_minute"),
    ("500", lambda: server.status(500), "status 500: went wrong", "server's log"),
    ("503", lambda: server.status(503), "status 503", "server's log"),
]
UNUSABLE = [
    ("truncated JSON", server.truncated_json, "not valid JSON"),
    ("empty choices", server.empty_choices, "no `choices`"),
    ("null content", server.null_content, "`content` is null"),
    ("empty text", server.empty_text, "empty"),
    ("cut", server.cut_short, "max_tokens"),
    ("filtered", server.filtered, "content filter"),
    ("refusal", server.refusal, "refusal"),
    ("tools", server.tool_calls_only, "called tools"),
    ("not UTF-8", server.not_utf8, "not UTF-8"),
]
HOPELESS = [
    (400, RequestRefused, "sampling"),
    (422, RequestRefused, "sampling"),
    (401, EndpointError, "gate_api_key_env"),
    (403, EndpointError, "gate_api_key_env"),
    (404, EndpointError, "model name"),
]


@pytest.mark.parametrize(("kind", "fault", "why", "fix"), TRANSPORT, ids=lambda v: str(v)[:12])
def test_a_failing_endpoint_is_retried_within_bounds(
    served: server.OpenAIServer,
    kind: str,
    fault: Callable[[], server.Reaction],
    why: str,
    fix: str,
) -> None:
    served.behaviour = lambda _: fault()

    with pytest.raises(EndpointError) as caught:
        ask(served.url)

    assert len(served.calls) == 3, kind
    assert why in caught.value.why
    assert fix in caught.value.fix


@pytest.mark.parametrize(("kind", "fault", "why"), UNUSABLE, ids=lambda v: str(v)[:12])
def test_a_reply_that_is_no_answer_is_asked_for_again_within_bounds(
    served: server.OpenAIServer, kind: str, fault: Callable[[], server.Reaction], why: str
) -> None:
    served.behaviour = lambda _: fault()

    with pytest.raises(ModelError) as caught:
        ask(served.url)

    assert not isinstance(caught.value, EndpointError)
    assert len(served.calls) == 2, kind
    assert why in caught.value.why
    assert "q1" in caught.value.message


@pytest.mark.parametrize(("code", "error", "fix"), HOPELESS)
def test_what_no_retry_mends_is_not_retried(
    served: server.OpenAIServer, code: int, error: type[ModelError], fix: str
) -> None:
    served.behaviour = lambda _: server.status(code)

    with pytest.raises(ModelError) as caught:
        ask(served.url)

    assert type(caught.value) is error
    assert len(served.calls) == 1
    assert fix in caught.value.fix


@pytest.mark.parametrize(
    "fault", [f for _, f, *_ in TRANSPORT] + [f for _, f, _ in UNUSABLE], ids=lambda f: f.__name__
)
def test_a_fault_that_passes_is_not_seen(
    served: server.OpenAIServer, fault: Callable[[], server.Reaction]
) -> None:
    served.behaviour = lambda call: server.echo(call) if call.number else fault()

    assert ask(served.url).text == "echo: What is 6 x 7?"


def test_an_endpoint_that_hangs_is_given_up(served: server.OpenAIServer) -> None:
    served.behaviour = lambda _: server.hang()

    with pytest.raises(EndpointError) as caught:
        ask(served.url, timeout_seconds=0.2, retries=1)

    assert len(served.calls) == 2
    assert "no reply within 0.2 s" in caught.value.why
    assert "timeout_seconds" in caught.value.fix


def test_retry_after_is_honoured(served: server.OpenAIServer) -> None:
    served.behaviour = lambda call: (
        server.echo(call) if call.number else server.too_many(retry_after_ms=700)
    )
    began = time.monotonic()
    ask(served.url)

    assert time.monotonic() - began >= 0.7


def test_nobody_there_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]

    with pytest.raises(EndpointError) as caught:
        ask(f"http://127.0.0.1:{port}/v1", retries=0)

    assert "Connection refused" in caught.value.why
    assert "start the server" in caught.value.fix


@pytest.mark.parametrize("code", [400, 401, 500])
def test_a_key_that_the_server_repeats_is_not_passed_on(
    served: server.OpenAIServer, code: int
) -> None:
    served.behaviour = lambda _: server.status(code, f"key {KEY} is\nno <good>\x1b[31m {'x' * 999}")

    with pytest.raises(ModelError) as caught:
        ask(served.url, retries=0)

    shown = "".join(traceback.format_exception(caught.value))
    assert KEY not in shown
    assert "key [key] is no <good>" in caught.value.why
    assert len(caught.value.why) < 400
    assert "\x1b" not in caught.value.why


def test_a_reason_is_the_same_each_time(served: server.OpenAIServer) -> None:
    ids = "request req_0abc{0}def id 1b4e28ba-2fa1-11d2-883f-0016d3cca42{0}"
    served.behaviour = lambda call: server.status(500, ids.format(call.number))
    reasons = set()
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            ask(served.url, retries=0)
        reasons.add(caught.value.why)

    assert len(reasons) == 1


@pytest.mark.parametrize("body", [b"plain words", b"", b"[]", b'{"error": "text"}', b"\xff"])
def test_an_error_in_any_shape_is_understood(served: server.OpenAIServer, body: bytes) -> None:
    served.behaviour = lambda _: server.Reaction(status=400, body=body)

    with pytest.raises(ModelError, match="status 400"):
        ask(served.url)


def test_the_rate_limit_counts_every_request(served: server.OpenAIServer) -> None:
    served.behaviour = lambda _: server.too_many()
    began = time.monotonic()

    with pytest.raises(EndpointError):
        ask(served.url, retries=3, requests_per_minute=600.0)

    assert len(served.calls) == 4
    assert time.monotonic() - began >= 0.3


def test_an_answer_may_be_taken_in_part(served: server.OpenAIServer) -> None:
    served.behaviour = lambda _: server.cut_short()
    client = connect(served.url)

    assert client.answer_in_part(QUESTION).text == "half an ans"
    client.close()


def test_identity_says_where_and_what_and_no_secret(served: server.OpenAIServer) -> None:
    client = connect(served.url, slots=5)

    assert client.identity == {"kind": "endpoint", "base_url": served.url, "model": "toy"}
    assert client.slots == 5
    client.close()


@pytest.mark.parametrize(
    "settings", [EndpointSettings(model="m"), EndpointSettings(base_url="http://h/v1")]
)
def test_without_address_or_model_there_is_no_client(settings: EndpointSettings) -> None:
    with pytest.raises(WrongUsage, match="without"):
        OpenAICompatible(settings)


def test_the_form_of_an_answer_reaches_the_server_and_is_left_out_where_there_is_none(
    served: server.OpenAIServer,
) -> None:
    client = connect(served.url)

    client.answer(replace(QUESTION, response_format={"type": "json_object"}))
    client.answer(QUESTION)
    client.close()

    assert served.calls[0].body["response_format"] == {"type": "json_object"}
    assert "response_format" not in served.calls[1].body


@pytest.mark.parametrize("code", [400, 413, 422])
def test_a_request_that_is_refused_is_told_from_an_endpoint_that_is_down(
    served: server.OpenAIServer, code: int
) -> None:
    served.behaviour = lambda _: server.status(code)

    with pytest.raises(RequestRefused):
        ask(served.url)


def test_fields_beside_openais_reach_the_server_and_make_another_identity(
    served: server.OpenAIServer,
) -> None:
    extra = {"chat_template_kwargs": {"guideline": "be kind"}}
    settings = EndpointSettings(base_url=served.url, model="toy")
    client = OpenAICompatible(settings, extra=extra)
    client.answer(QUESTION)
    client.close()

    (call,) = served.calls
    assert call.body["chat_template_kwargs"] == {"guideline": "be kind"}
    assert call.body["model"] == "toy"
    assert client.identity != OpenAICompatible(settings).identity
    assert client.identity["extra"] == extra
