"""What an answer is worth to somebody who reads only what is shown; shared by people and judge."""

import re

SAYS_WHAT, SAYS_WHEN = 1.0, 0.6
MUCH, SOME = 1.2, 0.3
"""Differences from which an answer is much better, and better."""


def worth(answer: str) -> float:
    """How far it tells what to do and how long that takes, 0 to 1.6."""
    return SAYS_WHAT * ("Open " in answer) + SAYS_WHEN * bool(re.search(r"\d", answer))


def strength(difference: float) -> int:
    """2 when it is much in favour of the first, 1 when somewhat, 0 when neither, or below 0."""
    size = 2 if abs(difference) >= MUCH else 1 if abs(difference) >= SOME else 0
    return size if difference > 0 else -size
