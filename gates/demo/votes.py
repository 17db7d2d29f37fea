"""Votes of the demo's annotators, drawn from the truth about each checkpoint."""

from collections.abc import Iterator, Sequence

import numpy as np

from gates.demo.checkpoints import CHAMPION, Checkpoint
from policies.canonical import Json

PROMPTS, OVERLAP, ANNOTATORS = 300, 2, 12
TIES, BOTH_BAD, STRONG = 0.15, 0.1, 0.3
"""Shares: ties among all votes, "both bad" among the ties, strong ones among the preferences."""

COIN = 0.5


def votes(
    candidates: Sequence[Checkpoint], prompts: Sequence[str], rng: np.random.Generator
) -> Iterator[dict[str, Json]]:
    """Every vote: each pair is shown for each prompt to `OVERLAP` annotators, sides at random.

    People agree more than chance on a prompt: its quality gap is drawn once per prompt.
    """
    for candidate in candidates:
        for prompt in prompts[:PROMPTS]:
            leaning = candidate.preferred + 0.15 * float(rng.standard_normal())
            judges = rng.choice(ANNOTATORS, size=OVERLAP, replace=False)
            for judge in sorted(int(j) for j in judges):
                yield {
                    "prompt": prompt,
                    "model_a": candidate.name,
                    "model_b": CHAMPION.name,
                    "annotator": f"annotator-{judge + 1:02d}",
                    "shown_first": "a" if rng.random() < COIN else "b",
                    "verdict": _verdict(leaning, rng),
                }


def _verdict(leaning: float, rng: np.random.Generator) -> str:
    luck, strength = float(rng.random()), float(rng.random())
    if luck < TIES:
        return "both_bad" if strength < BOTH_BAD else "A=B"
    wins = rng.random() < leaning
    mark = ">>" if strength < STRONG else ">"
    return f"A{mark}B" if wins else f"B{mark}A"
