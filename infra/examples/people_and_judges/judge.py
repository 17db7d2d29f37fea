"""A judge for those who have none: a server on this machine that replies as OpenAI's API does.

Usage: judge.py PORT_FILE

It listens at a free port of 127.0.0.1 and writes the port into PORT_FILE. It reads two answers out
of their fences and says which tells better what to do; it likes what it is shown first a little too
much, as language models do.
"""

import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from reading import strength, worth

LIKES_FIRST = 0.35
CASE = re.compile(r"^Case ([0-9a-f]{12})$", re.MULTILINE)
VERDICTS = {2: "A>>B", 1: "A>B", 0: "A=B", -1: "B>A", -2: "B>>A"}


def main() -> None:
    """Serves until it is ended."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), Judge)
    file = Path(sys.argv[1])
    file.with_suffix(".new").write_text(str(server.server_port), encoding="utf-8")
    file.with_suffix(".new").rename(file)
    server.serve_forever()


class Judge(BaseHTTPRequestHandler):
    """Answers `POST /v1/chat/completions`."""

    def do_POST(self) -> None:  # the name is the standard library's
        """One verdict."""
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        body = json.dumps(_reply(asked["messages"][-1]["content"])).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def _reply(prompt: str) -> dict[str, object]:
    message = {"role": "assistant", "content": json.dumps(_verdict(prompt))}
    return {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 0,
        "model": "reader",
        "choices": [{"index": 0, "finish_reason": "stop", "message": message}],
        "usage": {
            "prompt_tokens": len(prompt) // 4,
            "completion_tokens": 30,
            "total_tokens": len(prompt) // 4 + 30,
        },
    }


def _verdict(prompt: str) -> dict[str, str]:
    case = CASE.search(prompt)
    if case is None:  # it is asked once whether it takes a schema
        return {"case": "0", "reasoning": "none", "verdict": "yes"}
    first, second = (worth(_shown(prompt, label, case[1])) for label in ("answer a", "answer b"))
    choice = VERDICTS[strength(first - second + LIKES_FIRST)]
    reasoning = f"What it says to do and when is worth {first} and {second}."
    return {"case": case[1], "reasoning": reasoning, "verdict": choice}


def _shown(prompt: str, label: str, case: str) -> str:
    begin, end = f"--- BEGIN {label} {case} ---\n", f"\n--- END {label} {case} ---"
    return prompt.partition(begin)[2].partition(end)[0]


if __name__ == "__main__":
    main()
