"""Generators whose worth is known, a reference, a judge and vectors. Usage: serve.py FILE.

`clean` is always right, `noisy` writes wrong answers to three instructions of ten, `wrong` to all,
and `narrow` knows half of the words.
"""

import json
import re
import sys
import zlib
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from phrases import DICTIONARIES, LENGTH, ORDERS, answer, by_text, instruction, read, wrong

NOISE = {"clean": 0.0, "noisy": 0.3, "wrong": 1.0, "narrow": 0.0}
"""Share of the instructions that a generator answers by chance."""

_CASE = re.compile(r"^Case ([0-9a-f]+)$", re.MULTILINE)
_ORDER = re.compile(rf"^((?:{'|'.join(ORDERS.values())})(?: [a-z0-9]+)+)$", re.MULTILINE)


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
            embedded(body) if self.path.endswith("/embeddings") else completed(body)
        ).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Says nothing."""


def completed(body: Mapping[str, object]) -> dict[str, object]:
    """A chat completion of the model that is named."""
    model, messages = str(body["model"]), body["messages"]
    assert isinstance(messages, list)
    said = said_by(model, str(messages[-1]["content"]))
    return {
        "id": "1",
        "object": "chat.completion",
        "created": 0,
        "model": model,
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": said},
            }
        ],
        "usage": {"prompt_tokens": 40, "completion_tokens": 9, "total_tokens": 49},
    }


def embedded(body: Mapping[str, object]) -> dict[str, object]:
    """Vectors that count words: texts are apart as far as their words are."""
    texts = body["input"]
    assert isinstance(texts, list)
    return {
        "object": "list",
        "model": str(body["model"]),
        "data": [{"index": n, "embedding": _counted(text)} for n, text in enumerate(texts)],
        "usage": {"prompt_tokens": len(texts), "total_tokens": len(texts)},
    }


def said_by(model: str, text: str) -> str:
    """What a model says to a question."""
    if model == "judge":
        return _judged(text)
    if "<response>" not in text:  # it sits a test
        domain, words = read(text)
        return _answered(model, domain, words, text)
    return _taught(model, text)


def _taught(model: str, text: str) -> str:
    """An instance, by what is asked for: the last instruction in it, or a new one."""
    asked = _ORDER.findall(text)
    domain, words = read(asked[-1])
    if "one new instruction" in text:
        known = _known(model, domain)
        picked = by_text(f"{model} {text}").integers(len(known), size=LENGTH)
        words = tuple(known[int(i)] for i in picked)
    own = instruction(domain, words)
    right = _answered(model, domain, words, own)
    told = f"<response>\n{right}\n</response>"
    if "<instruction>" not in text:
        return told
    return f"<instruction>\n{own}\n</instruction>\n{told}"


def _answered(model: str, domain: str, words: tuple[str, ...], text: str) -> str:
    chance = by_text(f"{model}: {text}")
    by_chance = chance.random() < NOISE.get(model, 0.0) or not {*words} <= {*_known(model, domain)}
    return wrong(domain, words, chance) if by_chance else answer(domain, words)


def _known(model: str, domain: str) -> list[str]:
    """The words that a model can put into the other language."""
    return list(DICTIONARIES[domain])[: 3 if model == "narrow" else None]


def _judged(text: str) -> str:
    """A judge that can tell: right answers are worth 5, wrong ones 1, and all is easy."""
    found, asked = _CASE.search(text), _ORDER.findall(text)
    if not asked:
        return "there is nothing to judge"
    domain, words = read(asked[0])
    score = 2
    if "BEGIN response" in text:
        given = text.split("BEGIN response", 1)[1].split(" ---\n", 1)[1].split("\n---", 1)[0]
        score = 5 if given.strip() == answer(domain, words) else 1
    case = found[1] if found else ""
    return json.dumps({"case": case, "reasoning": "word by word", "score": score})


def _counted(text: str) -> list[float]:
    vector = [0.0] * 64
    for word in text.split():
        vector[zlib.crc32(word.encode()) % 64] += 1.0
    return vector


if __name__ == "__main__":
    main()
