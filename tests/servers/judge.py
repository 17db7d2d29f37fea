"""Replies of a scripted judge, for `OpenAIServer`."""

import json
import re
from collections.abc import Callable

from tests.servers.openai_server import Behaviour, Call, Reaction, text

CASE = re.compile(r"^Case ([0-9a-f]{12})$", re.MULTILINE)


def is_probe(call: Call) -> bool:
    return CASE.search(call.prompt) is None


def case_of(call: Call) -> str:
    """The number of the case that is asked about; `0` of the probe."""
    found = CASE.search(call.prompt)
    return found[1] if found else "0"


def exhibit(call: Call, label: str) -> str:
    """A fenced text, found the way a reader would: from its first line to its own last line."""
    case = case_of(call)
    begin, end = f"--- BEGIN {label} {case} ---\n", f"\n--- END {label} {case} ---"
    return call.prompt.split(begin)[1].split(end)[0]


def verdict(call: Call, choice: object, *, key: str = "", reasoning: object = "it is so") -> str:
    """A verdict in the form that was asked for."""
    key = key or ("score" if '"score"' in call.prompt else "verdict")
    return json.dumps({"case": case_of(call), "reasoning": reasoning, key: choice})


def judging(choose: Callable[[Call], object]) -> Behaviour:
    """A judge that chooses as told."""
    return lambda call: text(verdict(call, "yes" if is_probe(call) else choose(call)))


def saying(reply: Callable[[Call], str]) -> Behaviour:
    """A judge whose whole reply is told."""
    return lambda call: text(verdict(call, "yes") if is_probe(call) else reply(call))


def reacting(react: Callable[[Call], Reaction]) -> Behaviour:
    """A judge whose server reacts as told, but for the probe."""
    return lambda call: text(verdict(call, "yes")) if is_probe(call) else react(call)


def comparing(choose: Callable[[str, str], str]) -> Behaviour:
    """A judge of pairs that chooses by the two answers, in the order in which it sees them."""
    return judging(lambda call: choose(exhibit(call, "answer a"), exhibit(call, "answer b")))


def prefers_first(first: str, second: str) -> str:
    del first, second
    return "A>B"


def prefers_longer(first: str, second: str) -> str:
    """The same whatever stands first."""
    if len(first) == len(second):
        return "A=B"
    return "A>>B" if len(first) > len(second) else "B>>A"
