"""Writes the demo's bundled data anew: `python -m gates.demo.bundle`."""

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from gates.demo.answers import (
    Question,
    Questions,
    answers,
    passages,
    provocations,
    support_questions,
)
from gates.demo.checkpoints import CANDIDATES, CHAMPION
from gates.demo.votes import votes
from policies.canonical import Json, canonical_json

DATA = Path(__file__).parent / "data"
SEED, HARD = 20_260_901, 0.18
"""The one seed of the bundle, and the share of support questions the baseline gets wrong."""


def write_bundle(folder: Path) -> None:
    """Questions, corpus, recorded answers and votes; the same bytes every time."""
    rng = np.random.default_rng(SEED)
    questions = Questions(
        support=support_questions(rng), provoked=provocations(rng), passages=passages()
    )
    _lines(folder / "support.jsonl", map(_item, questions.support))
    _lines(folder / "provoked.jsonl", map(_item, questions.provoked))
    _lines(
        folder / "passages.jsonl", ({"id": q.id, "prompt": q.prompt} for q in questions.passages)
    )
    corpus = "\n".join(q.target for q in questions.passages) + "\n"
    (folder / "chronicle.txt").write_text(corpus, encoding="utf-8")
    _answers(folder / "answers", questions, rng)
    voted = [c for c in CANDIDATES if c.preferred != CHAMPION.preferred]
    _lines(folder / "votes.jsonl", votes(voted, [q.id for q in questions.support], rng))


def _answers(folder: Path, questions: Questions, rng: np.random.Generator) -> None:
    hard: Sequence[bool] = [bool(luck < HARD) for luck in rng.random(len(questions.support))]
    for checkpoint in (CHAMPION, *CANDIDATES):
        said = answers(checkpoint, questions, hard=hard, rng=rng)
        _lines(
            folder / f"{checkpoint.name}.jsonl",
            ({"id": name, "output": text} for name, text in said.items()),
        )


def _item(question: Question) -> Json:
    item = {"id": question.id, "prompt": question.prompt}
    return {**item, "target": question.target} if question.target else item


def _lines(path: Path, records: Iterable[Json]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(canonical_json(r) + "\n" for r in records), encoding="utf-8")


if __name__ == "__main__":
    write_bundle(DATA)
