"""What the tiny models of these tests are taught: the words that follow a word."""

from collections.abc import Sequence
from pathlib import Path

from stages.workshop.training.data import Preferred, Taught
from stages.workshop.training.settings import Training
from tests.tiny_models import tiny_llama

WORDS = [f"w{number}" for number in range(12)]
QUICK = Training(epochs=4, learning_rate=1e-2, batch=16, max_length=64)


def question(word: int) -> tuple[dict[str, str], ...]:
    return ({"role": "user", "content": f"w{word}"},)


def followers(rows: int = 160) -> Sequence[Taught]:
    return [
        Taught(
            id=str(at),
            messages=question(at % 10),
            answer=f"w{at % 10 + 1} w{at % 10 + 2}",
        )
        for at in range(rows)
    ]


def tastes(rows: int = 32) -> Sequence[Preferred]:
    return [
        Preferred(id=str(at), messages=question(at % 10), chosen="w1 w2", rejected="w3 w4")
        for at in range(rows)
    ]


def base_in(folder: Path, *, seed: int = 0) -> Path:
    return tiny_llama(folder, WORDS, hidden=32, layers=1, seed=seed)
