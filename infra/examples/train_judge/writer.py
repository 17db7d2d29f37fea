"""Answers and modifies instructions, as an OpenAI-compatible endpoint. Usage: writer.py FILE."""

import json
import re
import sys
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fetching import answer, modified
from numpy.random import default_rng

_CASE = re.compile(r"^Case ([0-9a-f]+)$", re.MULTILINE)


def main() -> None:
    """Serves until it is ended, and writes its port into FILE."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Path(sys.argv[1]).write_text(str(server.server_address[1]))
    server.serve_forever()


class Handler(BaseHTTPRequestHandler):
    """Keeps connections open: thousands of questions come."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        """Replies to a question."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        content = json.dumps(
            {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": "writer",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": said(body["messages"])},
                    }
                ],
                "usage": {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49},
            }
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def said(messages: list[dict[str, str]]) -> str:
    """A category, another instruction, or an answer: by what is asked."""
    text = messages[-1]["content"]
    chance = default_rng(zlib.crc32(text.encode()))
    if "category" in text:
        return json.dumps({"case": _case(text), "reasoning": "it says so", "category": _kind(text)})
    if '"instruction"' in text:
        return json.dumps({"instruction": modified(_shown(text), chance)})
    return answer(text, chance)


def _case(text: str) -> str:
    found = _CASE.search(text)
    return found[1] if found else ""


def _kind(text: str) -> str:
    return "fetching" if " a " in _shown(text) else "talk"


def _shown(text: str) -> str:
    """What stands between the lines that fence it."""
    return text.split(" ---\n", 1)[1].split("\n--- END", 1)[0] if " ---\n" in text else text


if __name__ == "__main__":
    main()
