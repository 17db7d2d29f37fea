"""A world small enough for a tiny student: four words put into another language, word by word.

Each domain has a dictionary of its own. Who learns it from some phrases can say all the others.
"""

from collections.abc import Iterable, Mapping, Sequence
from itertools import product

from numpy.random import Generator, default_rng

DICTIONARIES: Mapping[str, Mapping[str, str]] = {
    "math": {
        "one": "two",
        "two": "three",
        "three": "four",
        "four": "five",
        "five": "six",
        "six": "one",
    },
    "code": {"push": "p0", "pop": "p1", "add": "a0", "sub": "a1", "mul": "m0", "neg": "m1"},
    "instruction_following": {
        "red": "rouge",
        "blue": "bleu",
        "green": "vert",
        "black": "noir",
        "white": "blanc",
        "grey": "gris",
    },
}
LENGTH = 4
"""Words of a phrase."""

ORDERS = {"math": "next", "code": "assemble", "instruction_following": "french"}
"""The word that every instruction of a domain begins with."""

WORDS = sorted(
    {word for each in DICTIONARIES.values() for pair in each.items() for word in pair}
    | set(ORDERS.values())
)
"""All that a student needs to know."""


def phrases(domain: str, chance: Generator) -> list[tuple[str, ...]]:
    """Every instruction of a domain, in an order by chance."""
    every = list(product(DICTIONARIES[domain], repeat=LENGTH))
    return [every[i] for i in chance.permutation(len(every))]


def instruction(domain: str, words: Sequence[str]) -> str:
    """What is asked of some words."""
    return f"{ORDERS[domain]} {' '.join(words)}"


def answer(domain: str, words: Iterable[str]) -> str:
    """What is right."""
    return " ".join(DICTIONARIES[domain][word] for word in words)


def read(asked: str) -> tuple[str, tuple[str, ...]]:
    """Domain and words of an instruction."""
    order, *words = asked.split()
    return next(domain for domain, own in ORDERS.items() if own == order), tuple(words)


def wrong(domain: str, words: Sequence[str], chance: Generator) -> str:
    """Words of the other language that chance picks, which are right now and then."""
    other = list(DICTIONARIES[domain].values())
    return " ".join(other[int(i)] for i in chance.integers(len(other), size=len(words)))


def by_text(text: str) -> Generator:
    """Chance that depends on a text only: a server that is asked again says the same."""
    return default_rng(list(text.encode()))
