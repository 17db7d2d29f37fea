"""AlpacaEval 2: win rates and length-controlled win rates beside the published ones.

Usage: python -m infra.figures alpaca_eval FOLDER

FOLDER holds `published.csv`, `length_controlled_weights.csv`, `instruction_difficulty.json` and a
folder for each model with its `annotations.json`. Length-controlled win rates are computed twice:
from the published weights, and from weights that are fitted to the annotations alone.
"""

import csv
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.side_by_side import VotesFormat
from stages.evidence.estimate import Estimate
from stages.side_by_side.votes import parse_votes
from stages.stats.length_control import (
    LengthControlled,
    LengthModel,
    length_controlled,
    length_controlled_win_rate,
)
from stages.stats.means import mean_t
from stages.stats.shares import SHARE

LEVEL = 0.95
LENGTH, DIFFICULTY = "np.tanh(std_delta_len)", "instruction_difficulty"
INTERCEPT = "not_gamed_baseline.astype(float)"
"""AlpacaEval's names of its three weights."""

WHY = """\
Weights fitted here differ because the published ones also rest on verdicts that are no part of the
annotations: on two versions of the baseline, told to be brief and to be verbose, at a tenth of the
weight each, with an L1 penalty chosen by cross-validation. NullModel's published figure is not that
of its published weights."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """The verdicts on one model's answers, and what is published of them.

    Attributes:
        model: Its name.
        shares: What it won, 0 to 1, for each instruction.
        lengths: Characters of its answers.
        baseline_lengths: Characters of the baseline's.
        difficulty: Of each instruction.
        published: `win_rate`, `standard_error` and `length_controlled_winrate`, times 100.
        weights: The published weights.
    """

    model: str
    shares: Sequence[float]
    lengths: Sequence[int]
    baseline_lengths: Sequence[int]
    difficulty: Sequence[float]
    published: Mapping[str, float]
    weights: LengthModel

    def win_rate(self) -> Estimate:
        """Mean of what it won."""
        found = mean_t(self.shares, level=LEVEL, unit=SHARE)
        assert isinstance(found, Estimate)
        return found

    def from_published(self) -> float:
        """Length-controlled win rate by the published weights."""
        return length_controlled_win_rate(self.weights, self.difficulty)

    def refitted(self) -> LengthControlled:
        """The same by weights of its own verdicts alone."""
        found = length_controlled(
            self.shares,
            lengths=self.lengths,
            baseline_lengths=self.baseline_lengths,
            difficulty=self.difficulty,
            level=LEVEL,
        )
        assert isinstance(found, LengthControlled)
        return found


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures alpaca_eval FOLDER")
    print("every figure is a percentage; in brackets ours minus the published one")
    for judged in read(Path(arguments[0])):
        _print(judged)
    print(WHY)


def read(folder: Path) -> tuple[Judged, ...]:
    """Every model of `published.csv` that has annotations: all but the baseline."""
    published = _table(folder / "published.csv")
    weights = _table(folder / "length_controlled_weights.csv")
    asked = json.loads((folder / "instruction_difficulty.json").read_text(encoding="utf-8"))
    difficulty = dict(zip(asked["ins"], asked["diff"], strict=True))
    return tuple(
        _judged(folder / model / "annotations.json", row, weights[model], difficulty)
        for model, row in published.items()
        if (folder / model / "annotations.json").is_file()
    )


def _judged(
    path: Path,
    published: Mapping[str, float],
    weights: Mapping[str, float],
    difficulty: Mapping[str, float],
) -> Judged:
    data = path.read_bytes()
    votes = parse_votes(data, written_by=VotesFormat.ALPACA_EVAL, where=str(path))
    entries = json.loads(data)
    return Judged(
        model=path.parent.name,
        shares=[vote.win_a for vote in votes if vote.win_a is not None],
        lengths=[len(entry["output_2"]) for entry in entries],
        baseline_lengths=[len(entry["output_1"]) for entry in entries],
        difficulty=[difficulty[entry["instruction"]] for entry in entries],
        published=published,
        weights=LengthModel(
            length=weights[LENGTH], difficulty=weights[DIFFICULTY], intercept=weights[INTERCEPT]
        ),
    )


def _table(path: Path) -> Mapping[str, Mapping[str, float]]:
    """Numbers of each row, by the name in its first column."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row[""]: {name: _number(text) for name, text in row.items()}
            for row in csv.DictReader(file)
        }


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return float("nan")


def _print(judged: Judged) -> None:
    won, refitted = judged.win_rate(), judged.refitted()
    print(f"-- {judged.model}: {len(judged.shares)} instructions")
    assert won.standard_error is not None
    _line("win rate", won.value, judged.published["win_rate"])
    _line("standard error", won.standard_error, judged.published["standard_error"])
    target = judged.published["length_controlled_winrate"]
    _line("LC, published weights", judged.from_published(), target)
    _line("LC, fitted here", refitted.win_rate.value, target)
    fitted, given = refitted.model, judged.weights
    print(
        f"   weights fitted here (published): length {fitted.length:.3f} ({given.length:.3f}), "
        f"difficulty {fitted.difficulty:.3f} ({given.difficulty:.3f}), "
        f"intercept {fitted.intercept:.3f} ({given.intercept:.3f}); "
        f"95 % interval of the LC win rate {_percent(refitted.win_rate.low)} to "
        f"{_percent(refitted.win_rate.high)}"
    )


def _line(what: str, share: float, published: float) -> None:
    print(f"   {what:22} {100 * share:.7f}  [{100 * share - published:+.1e}]")


def _percent(share: float | None) -> str:
    assert share is not None
    return f"{100 * share:.1f}"
