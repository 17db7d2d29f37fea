"""The server of the examples' toy models, over real HTTP."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from infra.examples.toy_server import Toy
from policies.task import Sampling
from stages.evidence.items import Item
from stages.models.client import Request
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings
from tests.infra.examples.running import EXAMPLES

ECHO = """
import sys
from pathlib import Path
from toy_server import Toy, serve
toy = Toy(says=lambda model, said: f"{model}: {said[-1]['content']}")
serve(toy, port_file=Path(sys.argv[1]))
"""


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    port = tmp_path / "port.txt"
    environment = {"PYTHONPATH": str(EXAMPLES)}
    with subprocess.Popen([sys.executable, "-c", ECHO, port], env=environment) as server:
        for _ in range(300):
            if port.exists():
                break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port.read_text()}/v1"
        server.terminate()


@pytest.mark.integration
def test_a_checkpoint_of_a_name_answers(url: str) -> None:
    item = Item(id="1", messages=({"role": "user", "content": "say it"},), cluster="1")
    with closing(OpenAICompatible(EndpointSettings(base_url=url, model="parrot"))) as client:
        said = client.answer(Request(item=item, sampling=Sampling()))

    assert (said.text, said.prompt_tokens, said.completion_tokens) == ("parrot: say it", 2, 3)


def test_texts_become_vectors_in_their_order() -> None:
    toy = Toy(says=lambda *_: "", vector=lambda text: [float(len(text))])

    told = toy.reply("/v1/embeddings", {"model": "m", "input": ["a", "bcd"]})

    assert told["data"] == [{"index": 0, "embedding": [1.0]}, {"index": 1, "embedding": [3.0]}]


def test_tokens_are_words() -> None:
    toy = Toy(says=lambda _, said: said[-1]["content"].upper())

    told = toy.reply("/v1/chat/completions", {"model": "m", "messages": [{"content": "a b c"}]})

    assert told["usage"] == {"prompt_tokens": 3, "completion_tokens": 3, "total_tokens": 6}
