"""The small world of the example: "bring a red cup please" is answered by "here is a red cup".

An answer is right exactly when it names the colour and the thing that were asked for, so that which
of two answers is better can be checked, and nobody need be asked.
"""

import re
from collections.abc import Iterator

from numpy.random import Generator

COLOURS = ("red", "blue", "green", "black", "white", "brown")
THINGS = ("cup", "hat", "box", "bag", "pen", "key")
VERBS = ("bring", "show", "give", "draw", "find", "hand")
WISHES = ("please", "now", "today", "soon", "quickly", "again")
OPENINGS = ("here", "this", "that", "it")

_NAMED = re.compile(rf"\ba ({'|'.join(COLOURS)}) ({'|'.join(THINGS)})\b")
_FRAME = "Question : Answer A B Which is better ? asked says verdict: hm ; a"

WORDS = (*COLOURS, *THINGS, *VERBS, *WISHES, *OPENINGS, *_FRAME.split())
"""All that anybody says here."""


def instructions(count: int, chance: Generator) -> Iterator[str]:
    """Instructions, all different.

    Args:
        count: At most as many as there are: 1,296.
        chance: What they are drawn by.
    """
    every = [f"{v} a {c} {t} {w}" for v in VERBS for c in COLOURS for t in THINGS for w in WISHES]
    yield from chance.permutation(every)[:count].tolist()


def named(text: str) -> tuple[str, str]:
    """Colour and thing that a text names first."""
    found = _NAMED.search(text)
    if found is None:
        raise ValueError(f"no colour and thing in {text!r}")
    return found[1], found[2]


def answer(instruction: str, chance: Generator) -> str:
    """A right answer, where one is known."""
    if _NAMED.search(instruction) is None:
        return "hm"
    colour, thing = named(instruction)
    return f"{chance.choice(OPENINGS)} is a {colour} {thing}"


def modified(instruction: str, chance: Generator) -> str:
    """An instruction like it that asks for another colour, or another thing, where it can."""
    if _NAMED.search(instruction) is None:
        return instruction
    colour, thing = named(instruction)
    if len(THINGS) == 1 or chance.random() < 0.5:  # noqa: PLR2004 - one or the other
        other = chance.choice([one for one in COLOURS if one != colour])
        return instruction.replace(f" {colour} ", f" {other} ", 1)
    other = chance.choice([one for one in THINGS if one != thing])
    return instruction.replace(f" {thing} ", f" {other} ", 1)


def reading(instruction: str, first: str, second: str) -> str:
    """What a judge of this world reads off a pair before it decides."""
    said = zip(("asked", "A says", "B says"), (instruction, first, second), strict=True)
    return " ; ".join(f"{who} {' '.join(named(text))}" for who, text in said)
