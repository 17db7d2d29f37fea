"""A toy model that names, grades and embeds. Usage: model.py FILE; writes its port into FILE."""

import json
import re
import sys
import zlib
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from infra.examples.build_bench.traffic import CLAUSES, TOPICS

_DIMENSIONS = 24
_OTHERS = "other things"


def answer(system: str, asked: str) -> str:
    """A name for a topic, or the criteria that a prompt's clauses meet."""
    if "You name topics" in system:
        return max(TOPICS, key=lambda name: sum(asked.count(word) for word in TOPICS[name]))
    case = re.search(r"Case ([0-9a-f]{12})", asked)
    shown = asked.partition("--- BEGIN prompt")[2].partition("--- END prompt")[0]
    met = {name: clause.partition("{n}")[0] in shown for name, clause in CLAUSES.items()}
    number = case.group(1) if case else "none"
    return json.dumps({"case": number, "reasoning": "by its clauses", **met})


def vector(text: str) -> Sequence[float]:
    """Words of the topic count much, all others little."""
    found = [0.0] * _DIMENSIONS
    for place, words in enumerate(TOPICS.values()):
        found[place] = float(sum(text.count(word) for word in words))
    for word in text.split():
        found[len(TOPICS) + zlib.crc32(word.encode()) % (_DIMENSIONS - len(TOPICS))] += 0.05
    return found


def reply(path: str, body: Mapping[str, object]) -> Mapping[str, object]:
    """What an OpenAI-compatible server says."""
    if path.endswith("/embeddings"):
        texts = body["input"]
        assert isinstance(texts, list)
        rows = [{"index": n, "embedding": vector(text)} for n, text in enumerate(texts)]
        used = {"prompt_tokens": sum(len(text.split()) for text in texts)}
        return {"data": rows, "model": "toy-embedder", "usage": used}
    messages = body["messages"]
    assert isinstance(messages, list)
    said = answer(messages[0]["content"], messages[-1]["content"])
    message = {"role": "assistant", "content": said}
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": "toy",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {"prompt_tokens": 300, "completion_tokens": 60, "total_tokens": 360},
    }


class Handler(BaseHTTPRequestHandler):
    """Answers posts."""

    def do_POST(self) -> None:
        """One reply."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        content = json.dumps(reply(self.path, body)).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def main() -> None:
    """Serves until it is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Path(sys.argv[1]).write_text(str(server.server_address[1]), encoding="utf-8")
    server.serve_forever()


if __name__ == "__main__":
    main()
