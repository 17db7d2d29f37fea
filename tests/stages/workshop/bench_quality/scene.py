"""Files of models whose order is known, as benches, judges and people see them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from policies.canonical import canonical_json
from stages.workshop.bench_quality.recipe import AssessmentRecipe

MODELS = ("gpt-4", "gpt-3", "claude-3", "claude-2", "llama-3", "llama-2")
"""The strongest first."""


QUALITY = {
    "recipe": "quality",
    "scores": {name: {"file": "scores.jsonl"} for name in ("first", "second")},
    "people": {"ratings": "ratings.json"},
}


def strengths(order: Sequence[str] = MODELS) -> Mapping[str, float]:
    return {model: 0.8 * (len(order) - place) for place, model in enumerate(order)}


def write_scores(
    path: Path, order: Sequence[str] = MODELS, *, spread: float = 0.5, upper: bool = False
) -> None:
    random = np.random.default_rng(0)
    rows = []
    for model, strength in strengths(order).items():
        drawn = sorted(random.normal(10 * strength, spread, 100).tolist())
        rows.append(
            {
                "model": model.upper() if upper else model,
                "score": 10 * strength,
                "lower": drawn[2],
                "upper": drawn[97],
                "results": drawn,
            }
        )
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))


def write_names(path: Path) -> None:
    path.write_text(json.dumps({model: model for model in MODELS}))


def write_ratings(path: Path) -> None:
    rows = {
        model: {"rating": 100 * s, "variance": 25.0, "q025": 100 * s - 10, "q975": 100 * s + 10}
        for model, s in strengths().items()
    }
    path.write_text(json.dumps(rows))


def votes(
    judge: str,
    *,
    order: Sequence[str] = MODELS,
    prompts: int = 60,
    likes: str = "",
    longer: float = 0.0,
    seed: int = 0,
) -> Iterable[Mapping[str, object]]:
    """A judge's votes: of each prompt a pair, by strength, liking a family or long answers."""
    random, strong = np.random.default_rng(seed), strengths(order)
    pairs = [(a, b) for place, a in enumerate(MODELS) for b in MODELS[place + 1 :]]
    for number in range(prompts):
        lengths = np.random.default_rng(number).integers(20, 400, len(MODELS))
        size = dict(zip(MODELS, lengths.tolist(), strict=True))
        for a, b in pairs:
            gap = strong[a] - strong[b]
            gap += longer * (size[a] - size[b]) / (size[a] + size[b])
            if likes:
                gap += 2.0 * (a.startswith(likes) - b.startswith(likes))
            won = random.random() < 1 / (1 + np.exp(-gap))
            yield {
                "prompt": f"p{number}",
                "annotator": judge,
                "model_a": a,
                "model_b": b,
                "verdict": "A>B" if won else "B>A",
                "shown_first": "a",
                "answer_a": "word " * size[a],
                "answer_b": "word " * size[b],
            }


def recipe(**said: object) -> AssessmentRecipe:
    return AssessmentRecipe.model_validate_json(canonical_json({"recipe": "quality", **said}))
