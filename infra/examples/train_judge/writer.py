"""Answers and modifies instructions, as an OpenAI-compatible endpoint. Usage: writer.py FILE."""

import json
import re
import sys
import zlib
from pathlib import Path

from fetching import answer, modified
from numpy.random import default_rng
from toy_server import Messages, Toy, serve

_CASE = re.compile(r"^Case ([0-9a-f]+)$", re.MULTILINE)


def said(_: str, messages: Messages) -> str:
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
    serve(Toy(says=said), port_file=Path(sys.argv[1]))
