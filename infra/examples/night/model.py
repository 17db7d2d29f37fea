"""A toy checkpoint behind an OpenAI-compatible endpoint. Usage: model.py VERSION PORT."""

import sys
from itertools import count

from toy_server import Toy, serve

WRONG_EVERY = {"1": 8, "2": 20, "3": 2, "5": 30, "6": 12}
"""Every how many sums a version gets one wrong."""

FORGETFUL = "6"
"""Answers the same question otherwise when it is asked again."""


def answer(question: str, version: str, asked: int) -> str:
    """The sum, right or wrong; anything else is greeted."""
    words = question.rstrip("?").split()
    if words[:2] != ["What", "is"]:
        return f"I am clerk {version}" + (f", call {asked}" if version == FORGETFUL else "")
    one, other = int(words[2]), int(words[4])
    wrong = (7 * one + other) % WRONG_EVERY[version] == 0
    return str(one + other + wrong)


if __name__ == "__main__":
    version, asked = sys.argv[1], count(1)
    toy = Toy(says=lambda _, said: answer(said[-1]["content"], version, next(asked)))
    serve(toy, port=int(sys.argv[2]))
