"""LLMFAO (D. Ustalov, CC BY 4.0): 124 crowd workers and two judges on 2,139 pairs of answers.

Usage: python -m infra.figures llmfao DATA_DIR

DATA_DIR holds `crowd-comparisons.csv`, `gpt4-crowd-comparisons.csv` and
`gpt3-crowd-comparisons.csv`. Printed is how far people agree, what most of them say, and who
prefers the answer shown first.
"""

import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from stages.evidence.estimate import Estimate
from stages.side_by_side.formats.llmfao import parse_llmfao
from stages.side_by_side.vote import Vote
from stages.stats.agreement import agreement_matrix
from stages.stats.annotators import first_position
from stages.stats.dawid_skene import DawidSkene, dawid_skene
from stages.stats.krippendorff import Distance, krippendorff_alpha
from stages.stats.two_way import two_way_mean

FILES = {
    "people": "crowd-comparisons.csv",
    "GPT-4": "gpt4-crowd-comparisons.csv",
    "GPT-3.5": "gpt3-crowd-comparisons.csv",
}
LEVEL, SEED = 0.95, 1
SAID = {1.0: "left", 0.5: "tie", 0.0: "right"}

Shown = tuple[str, str, str]
"""A prompt, the model on the left, the one on the right."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plurality:
    """What most voters say of each pair; a tied top is a tie.

    Attributes:
        words: `left`, `tie` or `right`, by pair.
    """

    words: Mapping[Shown, str]

    @property
    def counts(self) -> Counter[str]:
        """Number of pairs by word."""
        return Counter(self.words.values())

    @property
    def first(self) -> Estimate:
        """Share of the answers shown first, ties as half; prompts are the clusters."""
        won = {"left": 1.0, "tie": 0.5, "right": 0.0}
        found = first_position(
            [won[word] for word in self.words.values()],
            [prompt for prompt, _, _ in self.words],
            level=LEVEL,
        )
        assert isinstance(found, Estimate)
        return found


def main(arguments: Sequence[str]) -> None:
    """Prints the figures."""
    if len(arguments) != 1:
        sys.exit("usage: python -m infra.figures llmfao DATA_DIR")
    votes = read_votes(Path(arguments[0]))
    people = votes["people"]
    print(f"{len(people)} votes of {len({v.annotator for v in people})} people")
    print(f"Krippendorff's alpha, nominal: {_line(alpha(people), 6)}")
    counts = plurality(people).counts
    said = ", ".join(f"{word} {counts[word]}" for word in ("tie", "left", "right"))
    print(f"plurality of people: {said}")
    print("share of the answer shown first (plurality, ties as half; prompts are the clusters):")
    for who, given in votes.items():
        print(f"  {who}: {_line(plurality(given).first, 3)}")
    print(f"  people, vote by vote, two-way: {_line(_first_of_votes(people), 3)}")
    print("agreement on pairs (share; Cohen's kappa), people by plurality and by Dawid and Skene:")
    words_of = {who: dict(plurality(given).words) for who, given in votes.items()}
    words_of["Dawid-Skene"] = latent(people)
    for pair in agreement_matrix(words_of, level=LEVEL):
        assert isinstance(pair.share, Estimate)
        print(f"  {pair.first} and {pair.second}: {_line(pair.share, 3)}; {pair.kappa:.3f}")


def read_votes(folder: Path) -> Mapping[str, tuple[Vote, ...]]:
    """The votes of people and of the two judges."""
    return {
        who: parse_llmfao((folder / name).read_bytes(), where=name) for who, name in FILES.items()
    }


def plurality(votes: Sequence[Vote]) -> Plurality:
    """The word that most voters say of each pair."""
    said: dict[Shown, Counter[str]] = {}
    for vote in votes:
        said.setdefault(_shown(vote), Counter())[_word(vote)] += 1
    return Plurality(words={shown: _most(counts) for shown, counts in said.items()})


def alpha(votes: Sequence[Vote]) -> Estimate:
    """Krippendorff's nominal alpha over pairs."""
    found = krippendorff_alpha(
        [_word(vote) for vote in votes],
        [_shown(vote) for vote in votes],
        distance=Distance.NOMINAL,
        level=LEVEL,
        random=np.random.default_rng(SEED),
    )
    assert isinstance(found, Estimate)
    return found


def latent(votes: Sequence[Vote]) -> Mapping[Shown, str]:
    """The likeliest word of each pair by Dawid and Skene's model."""
    found = dawid_skene(
        [_shown(vote) for vote in votes],
        [vote.annotator for vote in votes],
        labels=[_word(vote) for vote in votes],
    )
    assert isinstance(found, DawidSkene)
    assert found.converged
    shown = dict.fromkeys(map(_shown, votes))
    return dict(zip(shown, found.likeliest, strict=True))


def _first_of_votes(votes: Sequence[Vote]) -> Estimate:
    found = two_way_mean(
        [vote.win_a or 0.0 for vote in votes],
        [vote.prompt for vote in votes],
        [vote.annotator for vote in votes],
        level=LEVEL,
        unit="share",
    )
    assert isinstance(found, Estimate)
    return found


def _shown(vote: Vote) -> Shown:
    return vote.prompt, vote.model_a, vote.model_b


def _word(vote: Vote) -> str:
    assert vote.win_a is not None
    return SAID[vote.win_a]


def _most(counts: Counter[str]) -> str:
    top = [word for word, n in counts.items() if n == max(counts.values())]
    return top[0] if len(top) == 1 else "tie"


def _line(found: Estimate, digits: int) -> str:
    assert found.low is not None
    assert found.high is not None
    return f"{found.value:.{digits}f} [{found.low:.{digits}f}, {found.high:.{digits}f}]"
