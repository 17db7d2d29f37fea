"""Toy models: one names, grades and embeds, four answer, one judges. Usage: model.py FILE.

It writes its port into FILE. How good an answer is can be seen: so many of its lines are steps.
"""

import json
import re
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from infra.examples.build_bench.traffic import CLAUSES, TOPICS
from infra.examples.toy_server import Messages, Toy, serve

SKILL = {
    "novice": 2,
    "beginner": 3,
    "amateur": 4,
    "middling": 5,
    "adept": 6,
    "skilled": 7,
    "expert": 8,
}
"""How many steps the answers of a model have, more or less."""

LIKES_LENGTH = 0.008
"""What a character is worth to the judge, in steps: it likes long answers a little too much."""

_DIMENSIONS = 24
_VERDICTS = {2: "A>>B", 1: "A>B", 0: "A=B", -1: "B>A", -2: "B>>A"}


def said(model: str, messages: Messages) -> str:
    """An answer, a verdict, a name for a topic, or the criteria that a prompt's clauses meet."""
    asked = messages[-1]["content"]
    if model in SKILL:
        return _answer(model, asked)
    if model == "critic":
        return json.dumps(_verdict(asked))
    if "You name topics" in messages[0]["content"]:
        return max(TOPICS, key=lambda name: sum(asked.count(word) for word in TOPICS[name]))
    case = re.search(r"Case ([0-9a-f]{12})", asked)
    shown = asked.partition("--- BEGIN prompt")[2].partition("--- END prompt")[0]
    met = {name: clause.partition("{n}")[0] in shown for name, clause in CLAUSES.items()}
    number = case.group(1) if case else "none"
    return json.dumps({"case": number, "reasoning": "by its clauses", **met})


def _answer(model: str, asked: str) -> str:
    """Steps by skill and luck; one that is told to be detailed says the same at greater length."""
    question, _, told = asked.partition("\n\nAnswer in as much detail")
    steps = SKILL[model] + zlib.crc32(f"{model} {question}".encode()) % 7 - 3
    words = " which is to be done with care and in good time" if told else ""
    return "\n".join(
        f"Step {n}: do what follows from {n}{words}" for n in range(1, max(1, steps) + 1)
    )


def _verdict(asked: str) -> dict[str, str]:
    case = re.search(r"^Case ([0-9a-f]{12})$", asked, re.MULTILINE)
    if case is None:  # it is asked once whether it takes a schema
        return {"case": "0", "reasoning": "none", "verdict": "yes"}
    first, second = (_worth(asked, label, case.group(1)) for label in ("answer a", "answer b"))
    mood = zlib.crc32(case.group(1).encode()) % 61 / 10 - 3
    choice = _VERDICTS[max(-2, min(2, round(first - second + mood)))]
    reasoning = f"By their steps and lengths they are worth {first:.1f} and {second:.1f}."
    return {"case": case.group(1), "reasoning": reasoning, "verdict": choice}


def _worth(asked: str, label: str, case: str) -> float:
    shown = asked.partition(f"--- BEGIN {label} {case} ---\n")[2]
    answer = shown.partition(f"\n--- END {label} {case} ---")[0]
    return answer.count("Step ") + LIKES_LENGTH * len(answer)


def vector(text: str) -> Sequence[float]:
    """Words of the topic count much, all others little."""
    found = [0.0] * _DIMENSIONS
    for place, words in enumerate(TOPICS.values()):
        found[place] = float(sum(text.count(word) for word in words))
    for word in text.split():
        found[len(TOPICS) + zlib.crc32(word.encode()) % (_DIMENSIONS - len(TOPICS))] += 0.05
    return found


TOY = Toy(says=said, vector=vector)

if __name__ == "__main__":
    serve(TOY, port_file=Path(sys.argv[1]))
