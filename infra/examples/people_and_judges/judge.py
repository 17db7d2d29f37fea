"""A judge for those who have none: a server on this machine that replies as OpenAI's API does.

Usage: judge.py PORT_FILE

It listens at a free port of 127.0.0.1 and writes the port into PORT_FILE. It reads two answers out
of their fences and says which tells better what to do; it likes what it is shown first a little too
much, as language models do.
"""

import json
import re
import sys
from pathlib import Path

from reading import strength, worth
from toy_server import Messages, Toy, serve

LIKES_FIRST = 0.35
CASE = re.compile(r"^Case ([0-9a-f]{12})$", re.MULTILINE)
VERDICTS = {2: "A>>B", 1: "A>B", 0: "A=B", -1: "B>A", -2: "B>>A"}


def said(_: str, messages: Messages) -> str:
    """One verdict."""
    return json.dumps(_verdict(messages[-1]["content"]))


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
    serve(Toy(says=said), port_file=Path(sys.argv[1]))
