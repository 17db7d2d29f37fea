"""What a lead is shown of a batch: how far it is by topic, and pairs that people disagree on."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from statistics import median
from typing import assert_never

from stages.evidence.estimate import Bounds, Estimate, Unmeasured
from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.standing import Dispute
from stages.side_by_side.batch import Batch
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import WORTH, Preference
from stages.side_by_side.vote import Vote

WORDS = {
    Preference.A_MUCH_BETTER: "A much better",
    Preference.A_BETTER: "A better",
    Preference.TIE: "about equal",
    Preference.B_BETTER: "B better",
    Preference.B_MUCH_BETTER: "B much better",
    Preference.BOTH_BAD: "both bad",
    Preference.UNRESOLVED: "unresolved",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DisputeShown:
    """A dispute as a lead is shown it: blind, too.

    Attributes:
        pair: The pair.
        turned: Whether answer b is called A.
        said: Who voted, and what of the answers as they are shown here.
        settled: What a lead said last, in words; empty while it is open.
        comment: Why.
    """

    pair: Pair
    turned: bool
    said: tuple[tuple[str, str], ...]
    settled: str = ""
    comment: str = ""

    @property
    def answers(self) -> tuple[str, str]:
        """The answers, that first which is called A."""
        both = (self.pair.answer_a, self.pair.answer_b)
        return (both[1], both[0]) if self.turned else both


def median_speed(summaries: Sequence[PersonSummary]) -> float | None:
    """Median over people of their median seconds on a vote; None when nobody's was measured."""
    known = [found.median_seconds for found in summaries if found.median_seconds is not None]
    return median(known) if known else None


def in_words(found: Estimate | Unmeasured) -> str:
    """A figure with its interval, or why there is none."""
    if isinstance(found, Unmeasured):
        return f"not measured: {found.reason}"
    match found.bounds:
        case Bounds.TWO_SIDED:
            return f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"
        case Bounds.LOWER:
            return f"{found.value:.3f} (at least {found.low:.3f})"
        case Bounds.UPPER:
            return f"{found.value:.3f} (at most {found.high:.3f})"
        case _:
            assert_never(found.bounds)


def shown_dispute(dispute: Dispute, batch: Batch) -> DisputeShown:
    """A dispute with sides that a lead cannot tell: by a digest of the pair, not by its models."""
    pair = batch.shown[dispute.pair]
    turned = is_turned(dispute.pair)
    last = dispute.adjudication
    return DisputeShown(
        pair=pair,
        turned=turned,
        said=tuple((vote.annotator, _words(_said(vote, pair), turned)) for vote in dispute.votes),
        settled="" if last is None else _words(last.preference, turned),
        comment="" if last is None else last.comment,
    )


def is_turned(pair: str) -> bool:
    """Whether a lead is shown answer b of a pair as A."""
    return sha256(f"lead {pair}".encode()).digest()[0] % 2 == 1


def _words(said: Preference, turned: bool) -> str:  # noqa: FBT001 - private, and a plain fact
    return WORDS[said.turned if turned else said]


def _said(vote: Vote, pair: Pair) -> Preference:
    """The preference that a vote's scores come from, A being the pair's answer a."""
    said = next(
        preference
        for preference, worth in WORTH.items()
        if (worth.graded, worth.both_bad) == (vote.graded_a, vote.both_bad)
    )
    return said if vote.model_a == pair.model_a else said.turned
