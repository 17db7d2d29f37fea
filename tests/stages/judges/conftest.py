from collections.abc import Iterator
from pathlib import Path

import pytest

from stages.engine.folder_state import FolderState
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.servers import judge
from tests.servers.batch_desk import BatchDesk
from tests.servers.openai_server import OpenAIServer


@pytest.fixture(scope="module")
def served_batches() -> Iterator[tuple[OpenAIServer, BatchDesk]]:
    desk = BatchDesk()
    with OpenAIServer(routes=desk.routes) as server:
        desk.server = server
        yield server, desk


@pytest.fixture
def pairs_server(served_batches: tuple[OpenAIServer, BatchDesk]) -> OpenAIServer:
    """A judge of pairs that prefers the longer answer."""
    server, desk = served_batches
    server.behaviour = judge.comparing(judge.prefers_longer)
    server.calls.clear()
    for held in (desk.files, desk.batches, desk.refuse, desk.deaf, desk.asked):
        held.clear()
    desk.tamper = lambda lines: lines
    return server


@pytest.fixture
def desk(served_batches: tuple[OpenAIServer, BatchDesk], pairs_server: OpenAIServer) -> BatchDesk:
    del pairs_server
    return served_batches[1]


@pytest.fixture
def judge_client(pairs_server: OpenAIServer) -> Iterator[OpenAICompatible]:
    client = OpenAICompatible(
        EndpointSettings(base_url=pairs_server.url, model="judge", retries=0, attempts=1)
    )
    yield client
    client.close()


@pytest.fixture
def journal(tmp_path: Path) -> FolderState:
    return FolderState(tmp_path / "journal")
