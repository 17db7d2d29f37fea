"""Toy models behind an OpenAI-compatible server on this machine; an example says what they answer.

A token is a word.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import cast

Messages = Sequence[Mapping[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Toy:
    """What is served.

    Attributes:
        says: What the model of a name says to messages.
        vector: A text as a vector; None where nobody asks for one.
    """

    says: Callable[[str, Messages], str]
    vector: Callable[[str], Sequence[float]] | None = None

    def reply(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        """What an OpenAI-compatible server says to what was posted to a path."""
        if path.endswith("/embeddings"):
            return self._embedded(str(body["model"]), cast("Sequence[str]", body["input"]))
        return self._completed(str(body["model"]), cast("Messages", body["messages"]))

    def _completed(self, model: str, messages: Messages) -> Mapping[str, object]:
        said = self.says(model, messages)
        asked, answered = sum(_tokens(one["content"]) for one in messages), _tokens(said)
        message = {"role": "assistant", "content": said}
        return {
            "id": "1",
            "object": "chat.completion",
            "created": 0,
            "model": model,
            "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
            "usage": {
                "prompt_tokens": asked,
                "completion_tokens": answered,
                "total_tokens": asked + answered,
            },
        }

    def _embedded(self, model: str, texts: Sequence[str]) -> Mapping[str, object]:
        assert self.vector is not None
        asked = sum(_tokens(text) for text in texts)
        return {
            "object": "list",
            "model": model,
            "data": [{"index": n, "embedding": self.vector(text)} for n, text in enumerate(texts)],
            "usage": {"prompt_tokens": asked, "total_tokens": asked},
        }


def serve(toy: Toy, *, port: int = 0, port_file: Path | None = None) -> None:
    """Serves until it is ended.

    Args:
        toy: What.
        port: At which port of 127.0.0.1; 0 for a free one.
        port_file: Written whole, with the port, when questions can come.
    """

    class Handler(_Handler):
        served = toy

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    if port_file is not None:
        whole = port_file.with_suffix(".new")
        whole.write_text(str(server.server_port), encoding="utf-8")
        whole.rename(port_file)
    server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    """Keeps connections open: thousands of questions come."""

    protocol_version = "HTTP/1.1"
    served: Toy

    def do_GET(self) -> None:
        """Says that it is there."""
        self._send({})

    def do_POST(self) -> None:
        """Replies to a question."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self._send(self.served.reply(self.path, body))

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def _send(self, reply: Mapping[str, object]) -> None:
        content = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _tokens(text: str) -> int:
    return len(text.split())
