"""What a generator's reply holds: the blocks that were asked for, or nothing that may be used."""

import re
from enum import StrEnum

from policies.graded_task import Method
from stages.evidence.estimate import Unmeasured
from stages.offline.refusal.rules import read_reply
from stages.workshop.generators.cells import Instance

LONGEST = 100_000
"""Characters of an instance; longer ones are nobody's lesson."""

_TAG = re.compile(r"</?(?:instruction|response)>")
_BOTH = re.compile(
    r"\s*<instruction>(?P<instruction>.*?)</instruction>\s*"
    r"<response>(?P<response>.*?)</response>\s*",
    re.DOTALL,
)
_ANSWER = re.compile(r"\s*<response>(?P<response>.*?)</response>\s*", re.DOTALL)


class Waste(StrEnum):
    """Why a question brought nothing to teach."""

    FAILED = "failed"
    """No whole answer: cut at `max_tokens`, empty, or an error."""
    UNPARSABLE = "unparsable"
    """Not exactly the blocks that were asked for, or one that says nothing."""
    REFUSED = "refused"
    REPEATED = "repeated"
    """It says what an earlier one, or a demonstration, says."""
    LEAKED = "leaked"
    """It holds an item of the tests."""


def parsed(name: str, reply: str, *, method: Method, asked: Instance | None) -> Instance | Waste:
    """The instance that a reply holds.

    Strict: the blocks that were asked for, each once, in order, and nothing beside them. What a
    looser reading would find is a guess, and a student would learn it.

    Args:
        name: Id of the instance.
        reply: What the generator said.
        method: Tells which blocks were asked for.
        asked: The instruction that was to be answered, of method RESPONSE.

    Returns:
        The instance, or why there is none.
    """
    found = (_ANSWER if method is Method.RESPONSE else _BOTH).fullmatch(reply)
    blocks = found.groupdict() if found else {}
    if asked is not None and method is Method.RESPONSE:
        blocks["instruction"] = asked.instruction
    instruction, response = ((blocks.get(key) or "").strip() for key in ("instruction", "response"))
    broken = found is None or any(_TAG.search(text) for text in found.groupdict().values())
    if broken or not (instruction and response) or len(instruction) + len(response) > LONGEST:
        return Waste.REFUSED if _refuses(asked, reply) else Waste.UNPARSABLE
    if _refuses(Instance(id="", instruction=instruction, response=""), response):
        return Waste.REFUSED
    return Instance(id=name, instruction=instruction, response=response)


def _refuses(asked: Instance | None, answer: str) -> bool:
    """Whether the built-in rules, which know English, read a refusal."""
    reading = read_reply(asked.instruction if asked else "", answer[:LONGEST])
    return not isinstance(reading, Unmeasured) and reading.reply.refuses
