"""A toy model that names, grades and embeds. Usage: model.py FILE; writes its port into FILE."""

import json
import re
import sys
import zlib
from collections.abc import Sequence
from pathlib import Path

from infra.examples.build_bench.traffic import CLAUSES, TOPICS
from infra.examples.toy_server import Messages, Toy, serve

_DIMENSIONS = 24


def said(_: str, messages: Messages) -> str:
    """A name for a topic, or the criteria that a prompt's clauses meet."""
    system, asked = messages[0]["content"], messages[-1]["content"]
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


TOY = Toy(says=said, vector=vector)

if __name__ == "__main__":
    serve(TOY, port_file=Path(sys.argv[1]))
