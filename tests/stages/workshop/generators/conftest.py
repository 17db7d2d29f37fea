from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.openai_server import OpenAIServer
from tests.stages.workshop.generators.world import World, answers, material_in


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    material_in(tmp_path)
    with OpenAIServer(answers) as server:
        found = World(folder=tmp_path, server=server)
        yield found
        for client in found.clients.values():
            client.close()
