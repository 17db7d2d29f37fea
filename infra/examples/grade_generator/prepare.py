"""Material, tests and an untaught student. Usage: prepare.py FOLDER."""

import argparse
import json
from collections.abc import Iterable, Mapping
from pathlib import Path

from numpy.random import default_rng
from phrases import DICTIONARIES, WORDS, answer, instruction, phrases, wrong
from tiny_model import tiny_llama

TESTED, SHOWN, GIVEN = 60, 6, 400
"""Of each domain's 1,296 phrases: how many are asked in the test, how many are demonstrations, and
how many are given to be answered or made better."""


def main() -> None:
    """Writes everything that the recipe names into FOLDER."""
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--hidden", type=int, default=32)
    told = parser.parse_args()
    prepare(told.folder, hidden=told.hidden)


def prepare(folder: Path, *, hidden: int = 32) -> None:
    """Writes material and tests of every domain, and the student's folder `student`.

    Args:
        folder: Where.
        hidden: Width of the student.
    """
    folder.mkdir(parents=True, exist_ok=True)
    chance = default_rng(0)
    for domain in DICTIONARIES:
        drawn = phrases(domain, chance)
        tests, shown = drawn[:TESTED], drawn[TESTED : TESTED + SHOWN]
        rest = drawn[TESTED + SHOWN :][:GIVEN]
        _write(
            folder / f"{domain}_test.jsonl",
            (
                {
                    "id": f"{domain}-{n}",
                    "prompt": instruction(domain, words),
                    "target": answer(domain, words),
                }
                for n, words in enumerate(tests)
            ),
        )
        _write(
            folder / f"{domain}_demonstrations.jsonl",
            (
                _row(n, instruction(domain, words), answer(domain, words))
                for n, words in enumerate(shown)
            ),
        )
        _write(
            folder / f"{domain}_instructions.jsonl",
            (_row(n, instruction(domain, words), "") for n, words in enumerate(rest)),
        )
        _write(
            folder / f"{domain}_pairs.jsonl",
            (
                _row(n, instruction(domain, words), wrong(domain, words, chance))
                for n, words in enumerate(rest)
            ),
        )
    tiny_llama(folder / "student", WORDS, hidden=hidden)


def _row(number: int, asked: str, response: str) -> Mapping[str, str]:
    row = {"id": str(number), "instruction": asked}
    return {**row, "response": response} if response else row


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    path.write_text("".join(json.dumps(record) + "\n" for record in records))


if __name__ == "__main__":
    main()
