"""Generators whose worth is known, a reference, a judge and vectors. Usage: serve.py FILE.

`clean` is always right, `noisy` writes wrong answers to three instructions of ten, `wrong` to all,
and `narrow` knows half of the words.
"""

import json
import re
import sys
import zlib
from pathlib import Path

from phrases import DICTIONARIES, LENGTH, ORDERS, answer, by_text, instruction, read, wrong
from toy_server import Messages, Toy, serve

NOISE = {"clean": 0.0, "noisy": 0.3, "wrong": 1.0, "narrow": 0.0}
"""Share of the instructions that a generator answers by chance."""

_CASE = re.compile(r"^Case ([0-9a-f]+)$", re.MULTILINE)
_ORDER = re.compile(rf"^((?:{'|'.join(ORDERS.values())})(?: [a-z0-9]+)+)$", re.MULTILINE)


def said(model: str, messages: Messages) -> str:
    """What a model says to a question."""
    text = messages[-1]["content"]
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


def counted(text: str) -> list[float]:
    """Words, counted: texts are apart as far as their words are."""
    vector = [0.0] * 64
    for word in text.split():
        vector[zlib.crc32(word.encode()) % 64] += 1.0
    return vector


if __name__ == "__main__":
    serve(Toy(says=said, vector=counted), port_file=Path(sys.argv[1]))
