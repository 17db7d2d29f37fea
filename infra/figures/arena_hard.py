"""Arena-Hard v0.1 and MT-bench held against people's votes on the same models.

Usage: python -m infra.figures arena_hard FOLDER

FOLDER holds `elo_20240329.json` (Chatbot Arena's ratings), `bootstrap_stats_<benchmark>.jsonl` and
`arena_to_<benchmark>.json`, which names the same models on a benchmark. A benchmark ranks by its
score; its probabilities come from the mean and the variance of its resamples.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.separability import Standing, agreement_with_people, separability

LEVEL = 0.95
BENCHMARKS = ("arena_hard", "mt_bench")


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures arena_hard FOLDER")
    folder = Path(arguments[0])
    for benchmark in BENCHMARKS:
        names = read_names(folder, benchmark)
        ranked = read_benchmark(folder, benchmark)
        people = read_people(folder)
        on_benchmark = [ranked[name.lower()] for name in names.values()]
        by_people = [people[name] for name in names]
        print(f"-- {benchmark}: {len(names)} models that people ranked too")
        _print(on_benchmark, by_people)


def read_names(folder: Path, benchmark: str) -> Mapping[str, str]:
    """Names on the benchmark, by their name in the arena."""
    text = (folder / f"arena_to_{benchmark}.json").read_text(encoding="utf-8")
    names: dict[str, str] = json.loads(text)
    return names


def read_people(folder: Path) -> Mapping[str, Standing]:
    """Ratings from people's votes, by the name in the arena."""
    rated = json.loads((folder / "elo_20240329.json").read_text(encoding="utf-8"))
    return {
        name: Standing(
            score=row["rating"],
            low=row["q025"],
            high=row["q975"],
            mean=row["rating"],
            variance=row["variance"],
        )
        for name, row in rated.items()
    }


def read_benchmark(folder: Path, benchmark: str) -> Mapping[str, Standing]:
    """Scores with their resamples, by the name in small letters: files spell it differently."""
    text = (folder / f"bootstrap_stats_{benchmark}.jsonl").read_text(encoding="utf-8")
    return {row["model"].lower(): _standing(row) for row in map(json.loads, text.splitlines())}


def _standing(row: Mapping[str, float | Sequence[float]]) -> Standing:
    drawn = np.array(row["results"], dtype=np.float64)
    return Standing(
        score=_number(row["score"]),
        low=_number(row["lower"]),
        high=_number(row["upper"]),
        mean=float(drawn.mean()),
        variance=float(drawn.var(ddof=1)) if len(drawn) > 1 else 0.0,  # the anchor's one
    )


def _number(value: float | Sequence[float]) -> float:
    assert isinstance(value, float | int)
    return float(value)


def _print(benchmark: Sequence[Standing], people: Sequence[Standing]) -> None:
    for who, standings in (("benchmark", benchmark), ("people", people)):
        found = separability(standings, level=LEVEL)
        print(f"{who + ' overlaps':20} {found.overlaps} of {found.pairs} pairs")
    agreed = agreement_with_people(benchmark, people, level=LEVEL)
    for name, figure in (
        ("strict agreement", agreed.strict),
        ("Brier score", agreed.brier),
        ("Spearman", agreed.spearman),
        ("agreement", agreed.agreement),
        ("log loss", agreed.log_loss),
    ):
        print(f"{name:20} {_interval(figure)}")


def _interval(found: Estimate | Unmeasured) -> str:
    if isinstance(found, Unmeasured):
        return f"not measured: {found.reason}"
    return f"{found.value:.4f} [{found.low:.4f}, {found.high:.4f}]"
