"""A workroom whose models are the toy of the example, over real HTTP."""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

from infra.examples.build_bench import model
from infra.examples.build_bench.traffic import prompts
from policies.canonical import canonical_json
from stages.engine.folder_state import FolderState
from stages.judges.purse import Cap, Purse
from stages.models.openai_compatible import OpenAICompatible
from stages.models.prices import Price
from stages.models.settings import EndpointSettings
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.workroom import Hand, Workroom

PRICE = Price(usd_input=1.0, usd_output=0.0, gpus=0)


@dataclass
class Toy:
    """The toy model's server, whose replies a test may change."""

    url: str = ""
    asked: list[tuple[str, Mapping[str, object]]] = field(default_factory=list)
    status: int = 200

    def reply(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        return model.TOY.reply(path, body)


@contextmanager
def serving(toy: Toy) -> Iterator[Toy]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            toy.asked.append((self.path, body))
            content = json.dumps(toy.reply(self.path, body)).encode()
            self.send_response(toy.status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    toy.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield toy
    finally:
        server.shutdown()
        server.server_close()


@contextmanager
def room(
    folder: Path,
    toy: Toy,
    *,
    names: Iterable[str] = ("grader", "embedder"),
    cap: Cap | None = None,
    to: str = "bench",
) -> Iterator[Workroom]:
    settings = EndpointSettings(base_url=toy.url, model="toy", slots=8, retries=0)
    clients = {name: OpenAICompatible(settings) for name in names}
    try:
        yield Workroom(
            name="bench",
            state=FolderState(folder / "state"),
            base=folder,
            folder=folder / "benches" / to,
            hands={
                name: Hand(name=name, client=client, price=PRICE)
                for name, client in clients.items()
            },
            purse=Purse(cap or Cap()),
        )
    finally:
        for client in clients.values():
            client.close()


def write_traffic(path: Path, texts: Iterable[str]) -> None:
    path.write_text("".join(json.dumps({"prompt": text}) + "\n" for text in texts))


def recipe(folder: Path, count: int = 240, *, month: int = 1, **more: object) -> BenchRecipe:
    """A recipe of k-means, quick, and its traffic; sections may be replaced."""
    file = folder / f"traffic{month}.jsonl"
    if not file.exists():
        write_traffic(file, prompts(count, month=month))
    said = {
        "recipe": "bench",
        "traffic": {"files": [file.name]},
        "embeddings": {"endpoint": "embedder"},
        "clustering": {"by": "kmeans", "topics": 8, "topic_at_least": 4},
        "naming": {"model": "grader"},
        "grading": {"models": ["grader"]},
        "passes": {"topic": 5},
        "drawn": {"prompts": 30},
        **more,
    }
    return BenchRecipe.model_validate_json(canonical_json(said))
