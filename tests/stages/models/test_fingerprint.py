import pytest

from stages.evidence.items import Response
from stages.models.client import ModelError, Request
from stages.models.fingerprint import CANARIES, served_identity
from stages.models.openai_compatible import OpenAICompatible
from stages.models.recorded import Recorded, RecordedFormat
from stages.models.settings import EndpointSettings
from tests.servers import openai_server as server


def connect(served: server.OpenAIServer) -> OpenAICompatible:
    return OpenAICompatible(
        EndpointSettings(base_url=served.url, model="toy", retries=0, attempts=1)
    )


class Fake:
    slots = 1

    def __init__(self, name: str, answer: str) -> None:
        self.identity = {"kind": "pyfunc", "sha256": name}
        self._answer = answer

    def answer(self, request: Request) -> Response:
        return Response(text=self._answer + request.item.id)

    def close(self) -> None: ...


def test_the_fingerprint_depends_on_identity_and_answers() -> None:
    prints = {served_identity(Fake(*it)) for it in [("a", "x"), ("a", "y"), ("b", "x")]}

    assert len(prints) == 3
    assert served_identity(Fake("a", "x")) in prints


@pytest.mark.integration
def test_the_pinned_texts_are_asked_briefly_at_temperature_zero() -> None:
    with server.OpenAIServer() as served:
        client = connect(served)
        served_identity(client)
        client.close()

    assert tuple(served.prompts()) == CANARIES
    assert {call.body["temperature"] for call in served.calls} == {0.0}
    assert max(call.body["max_tokens"] for call in served.calls) <= 32


@pytest.mark.integration
def test_an_answer_that_was_cut_is_good_enough() -> None:
    with server.OpenAIServer(lambda _: server.cut_short()) as served:
        client = connect(served)

        assert len(served_identity(client)) == 64
        client.close()


@pytest.mark.integration
def test_a_pinned_text_without_answer_leaves_no_fingerprint() -> None:
    with server.OpenAIServer(
        lambda call: server.null_content() if call.number == 2 else server.echo(call)
    ) as served:
        client = connect(served)
        with pytest.raises(ModelError):
            served_identity(client)
        client.close()


def test_recorded_outputs_are_known_by_their_file() -> None:
    client = Recorded(b'{"id": 1, "output": "x"}', where="f", form=RecordedFormat.JSONL)

    assert served_identity(client) == client.identity["sha256"]
