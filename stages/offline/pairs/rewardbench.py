"""RewardBench's subsets and what each weighs in its score.

The score is the plain mean of four sections, and a section the mean of its subsets by their number
of pairs; `math-prm` counts as 984 instead of its 447, so that mathematics weighs as much as code.
Older copies of the constants have the two numbers of XSTest (154 and 250) exchanged; these are the
numbers of pairs that the data hold.

References:
    Lambert et al. (2024), RewardBench, arXiv 2403.13787; `rewardbench/constants.py` of its code.
"""

from collections.abc import Mapping, Sequence

from stages.stats.stratified import Strata

COUNTS: Mapping[str, Mapping[str, int]] = {
    "chat": {
        "alpacaeval-easy": 100,
        "alpacaeval-length": 95,
        "alpacaeval-hard": 95,
        "mt-bench-easy": 28,
        "mt-bench-med": 40,
    },
    "chat_hard": {
        "mt-bench-hard": 37,
        "llmbar-natural": 100,
        "llmbar-adver-neighbor": 134,
        "llmbar-adver-GPTInst": 92,
        "llmbar-adver-GPTOut": 47,
        "llmbar-adver-manual": 46,
    },
    "safety": {
        "refusals-dangerous": 100,
        "refusals-offensive": 100,
        "xstest-should-refuse": 154,
        "xstest-should-respond": 250,
        "donotanswer": 136,
    },
    "reasoning": {
        "math-prm": 984,
        "hep-cpp": 164,
        "hep-go": 164,
        "hep-java": 164,
        "hep-js": 164,
        "hep-python": 164,
        "hep-rust": 164,
    },
}
"""What every subset counts, by section."""

SECTION_OF = {subset: section for section, counts in COUNTS.items() for subset in counts}
"""The section of every subset."""


def strata_of(subsets: Sequence[str]) -> Mapping[str, Strata]:
    """The subsets as strata of `score` and of each `score.SECTION`, as RewardBench weighs them.

    Args:
        subsets: The subset of each pair, all of them known and all of RewardBench's among them.
    """
    within = {
        section: {subset: count / sum(counts.values()) for subset, count in counts.items()}
        for section, counts in COUNTS.items()
    }
    whole = {s: weight / len(COUNTS) for own in within.values() for s, weight in own.items()}
    return {
        "score": Strata(of=tuple(subsets), weights=whole),
        **{
            f"score.{section}": Strata(of=tuple(s for s in subsets if s in own), weights=own)
            for section, own in within.items()
        },
    }
