"""A toy checkpoint behind an OpenAI-compatible endpoint. Usage: model.py VERSION PORT."""

import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WRONG_EVERY = {"1": 8, "2": 20, "3": 2, "5": 30, "6": 12}
"""Every how many sums a version gets one wrong."""

FORGETFUL = "6"
"""Answers the same question otherwise when it is asked again."""


def main() -> None:
    """Serves until it is ended."""
    version, port = sys.argv[1], int(sys.argv[2])
    asked = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._send(b"{}")

        def do_POST(self) -> None:
            nonlocal asked
            asked += 1
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            said = answer(body["messages"][-1]["content"], version, asked)
            reply = {
                "id": "1",
                "object": "chat.completion",
                "created": 0,
                "model": f"clerk-{version}",
                "choices": [
                    {
                        "index": 0,
                        "finish_reason": "stop",
                        "message": {"role": "assistant", "content": said},
                    }
                ],
                "usage": {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11},
            }
            self._send(json.dumps(reply).encode())

        def _send(self, content: bytes) -> None:
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    ThreadingHTTPServer(("127.0.0.1", port), Handler).serve_forever()


def answer(question: str, version: str, asked: int) -> str:
    """The sum, right or wrong; anything else is greeted."""
    words = question.rstrip("?").split()
    if words[:2] != ["What", "is"]:
        return f"I am clerk {version}" + (f", call {asked}" if version == FORGETFUL else "")
    one, other = int(words[2]), int(words[4])
    wrong = (7 * one + other) % WRONG_EVERY[version] == 0
    return str(one + other + wrong)


if __name__ == "__main__":
    main()
