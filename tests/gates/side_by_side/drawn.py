"""Votes on any pairs of models, drawn from strengths that are known."""

import math
from collections.abc import Mapping

import numpy as np

from stages.side_by_side.vote import Vote

STRENGTHS = {"strong": 1.2, "middling": 0.4, "weak": -0.6}


def vote(prompt: str, said: float | None, **more: object) -> Vote:
    """A vote on `strong` and `weak` by ann; `said` is what `strong` won."""
    named = {
        "annotator": "ann",
        "model_a": "strong",
        "model_b": "weak",
        "both_bad": None if said is None else False,
        "first": "strong",
        "where": f"votes:{prompt}",
    } | more
    return Vote(prompt=prompt, win_a=said, graded_a=said, **named)  # type: ignore[arg-type]


def drawn(
    prompts: int = 150, *, strengths: Mapping[str, float] = STRENGTHS, seed: int = 0
) -> list[Vote]:
    """Every pair of models on every prompt, by Bradley and Terry's model with some ties."""
    random = np.random.default_rng(seed)
    models = list(strengths)
    pairs = [(a, b) for n, a in enumerate(models) for b in models[n + 1 :]]
    return [
        vote(
            f"p{number}",
            _said(random, strengths[a] - strengths[b]),
            annotator=f"u{number % 5}",
            model_a=a,
            model_b=b,
            first=(a, b)[number % 2],
            answer_a=_text(random),
            answer_b=_text(random),
        )
        for number in range(prompts)
        for a, b in pairs
    ]


def _said(random: np.random.Generator, ahead: float) -> float:
    if random.random() < 0.15:
        return 0.5
    return float(random.random() < 1 / (1 + math.exp(-ahead)))


def _text(random: np.random.Generator) -> str:
    parts = ["# Head", "- one", "- two", "**so**", "plain words"]
    kept = [part for part in parts if random.random() < 0.5]
    return "\n".join(["answer", *kept, "word " * int(random.integers(1, 40))])
