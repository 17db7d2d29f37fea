from pathlib import Path

import pytest

from stages.engine.folder_state import FolderState
from stages.engine.identity import IdentityChanged, IdentityUnknown, check_identity
from stages.models.openai_compatible import OpenAICompatible
from stages.models.recorded import Recorded, RecordedFormat
from stages.models.settings import EndpointSettings
from tests.servers import openai_server as server

pytestmark = pytest.mark.integration


def client_of(served: server.OpenAIServer, model: str = "toy") -> OpenAICompatible:
    return OpenAICompatible(
        EndpointSettings(base_url=served.url, model=model, retries=0, attempts=1)
    )


def test_the_same_answers_are_the_same_checkpoint(tmp_path: Path) -> None:
    with server.OpenAIServer() as served:
        client = client_of(served)
        checks = [
            check_identity(client, state=FolderState(tmp_path), stream="identity") for _ in range(2)
        ]
        client.close()

    assert checks == [None, None]
    assert len(FolderState(tmp_path).read("identity")) == 1


@pytest.mark.parametrize(
    "swapped",
    [lambda _: server.text("bonjour"), lambda c: server.text(f"echo: {c.prompt}", model="new")],
)
def test_other_answers_or_another_served_name_are_a_change_that_changing_back_does_not_undo(
    tmp_path: Path, swapped: server.Behaviour
) -> None:
    state = FolderState(tmp_path)
    with server.OpenAIServer() as served:
        client = client_of(served)
        assert check_identity(client, state=state, stream="identity") is None
        served.behaviour = swapped
        checks = [check_identity(client, state=state, stream="identity") for _ in range(2)]
        served.behaviour = server.echo
        checks.append(check_identity(client, state=state, stream="identity"))
        client.close()

    assert isinstance(checks[0], IdentityChanged)
    assert checks[0].reason.startswith("the endpoint changed what it serves")
    assert checks == [checks[0]] * 3
    assert len(state.read("identity")) == 2


def test_an_endpoint_that_does_not_answer_is_unknown_not_unchanged(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    with server.OpenAIServer(lambda _: server.status(500)) as served:
        client = client_of(served)
        check = check_identity(client, state=state, stream="identity")
        client.close()

    assert isinstance(check, IdentityUnknown)
    assert "status 500" in check.reason
    assert state.read("identity") == ()


def test_checkpoints_share_a_stream_without_being_mixed_up(tmp_path: Path) -> None:
    state = FolderState(tmp_path)
    with server.OpenAIServer(lambda c: server.text(c.body["model"])) as served:
        for name in ("a", "b", "a", "b"):
            client = client_of(served, name)
            assert check_identity(client, state=state, stream="identity") is None
            client.close()

    assert len(state.read("identity")) == 2


def test_recorded_outputs_stay_what_they_are(tmp_path: Path) -> None:
    client = Recorded(b'{"id": 1, "output": "x"}', where="f", form=RecordedFormat.JSONL)

    assert check_identity(client, state=FolderState(tmp_path), stream="identity") is None
