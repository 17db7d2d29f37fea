"""How far those who vote agree, and what each of them is like."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.agreement import Agreement, agreement_matrix
from stages.stats.annotators import first_position
from stages.stats.comparisons import TIE
from stages.stats.dawid_skene import DawidSkene, dawid_skene
from stages.stats.krippendorff import Distance, krippendorff_alpha

LEVEL = 0.95
"""Confidence level of every interval here."""

LABELS = ("a", "b", "tie", "both_bad")
"""What a vote may say: that a is better or b, a tie, or both bad; a being what the first vote on
the pair of answers calls so, which is the candidate in a batch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Voter:
    """One annotator or judge.

    Attributes:
        name: Who.
        votes: Their votes with a verdict.
        unresolved: Those without.
        first_position: Share of votes for the answer shown first; 0.5 without a preference.
        accuracy: Probability that their vote is right, by Dawid and Skene's model; None where
            there is no fit.
    """

    name: str
    votes: int
    unresolved: int
    first_position: Estimate | Unmeasured
    accuracy: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """How far votes agree.

    Attributes:
        votes: Number of votes with a verdict.
        units: Number of pairs of answers they are on.
        alpha: Krippendorff's, with nominal distances.
        voters: Everybody, by name.
        matrix: Every two of them, on what both have judged.
        labels: Probability of each of `LABELS` over all units, by Dawid and Skene's model; or why
            there is no fit.
    """

    votes: int
    units: int
    alpha: Estimate | Unmeasured
    voters: tuple[Voter, ...]
    matrix: tuple[Agreement, ...]
    labels: tuple[float, ...] | Unmeasured


def agreement_of(votes: Sequence[Vote]) -> Agreed:
    """How far votes agree; a vote without a verdict agrees and disagrees with nothing.

    Where somebody judged a pair in both orders, the first of both stands for them in all but the
    share of first positions. What the rule settled, nobody said: it is left out.
    """
    said = _once(votes)
    fit = dawid_skene(
        [_unit(vote) for vote in said],
        [vote.annotator for vote in said],
        labels=labels_of(said),
        names=LABELS,
    )
    if isinstance(fit, DawidSkene) and not fit.converged:
        fit = Unmeasured("the model of annotators' errors did not converge", Cause.BROKEN)
    by_name: dict[str, dict[Hashable, str]] = {}
    for vote, label in zip(said, labels_of(said), strict=True):
        by_name.setdefault(vote.annotator, {})[_unit(vote)] = label
    return Agreed(
        votes=len(said),
        units=len({_unit(vote) for vote in said}),
        alpha=agreement_of_votes(said),
        voters=_voters(votes, fit),
        matrix=agreement_matrix(dict(sorted(by_name.items())), level=LEVEL),
        labels=fit if isinstance(fit, Unmeasured) else tuple(map(float, fit.prevalence)),
    )


def agreement_of_votes(votes: Sequence[Vote]) -> Estimate | Unmeasured:
    """Krippendorff's alpha of votes, with nominal distances."""
    said = _once(votes)
    return krippendorff_alpha(
        labels_of(said),
        [_unit(vote) for vote in said],
        distance=Distance.NOMINAL,
        level=LEVEL,
        random=np.random.default_rng(0),
    )


def labels_of(votes: Sequence[Vote]) -> list[str]:
    """What votes with a verdict say, each one of `LABELS`."""
    first: dict[Hashable, str] = {}
    return [_label(vote, first.setdefault(_unit(vote), vote.model_a)) for vote in votes]


def _label(vote: Vote, a: str) -> str:
    assert vote.win_a is not None
    if vote.both_bad:
        return "both_bad"
    lean = vote.win_a - TIE
    if lean == 0:
        return "tie"
    return "a" if (lean > 0) == (vote.model_a == a) else "b"


def _voters(votes: Sequence[Vote], fit: DawidSkene | Unmeasured) -> tuple[Voter, ...]:
    accuracies: dict[Hashable, float] = {}
    if isinstance(fit, DawidSkene):
        accuracies = dict(zip(fit.annotators, fit.accuracies, strict=True))
    return tuple(
        _voter(name, [v for v in votes if v.annotator == name], accuracies.get(name))
        for name in sorted({vote.annotator for vote in votes if not vote.ruled})
    )


def _voter(name: str, votes: Sequence[Vote], accuracy: float | None) -> Voter:
    said = [vote for vote in votes if vote.win_a is not None]
    return Voter(
        name=name,
        votes=len(said),
        unresolved=len(votes) - len(said),
        first_position=first_position(
            [_first_won(vote) for vote in said], [vote.prompt for vote in said], level=LEVEL
        ),
        accuracy=accuracy,
    )


def _first_won(vote: Vote) -> float:
    assert vote.win_a is not None
    return vote.win_a if vote.first == vote.model_a else 1 - vote.win_a


def _once(votes: Sequence[Vote]) -> list[Vote]:
    """What people and judges say of each pair of answers first, where it is a verdict."""
    first: dict[tuple[str, Hashable], Vote] = {}
    for vote in votes:
        if vote.win_a is None or vote.ruled:
            continue
        first.setdefault((vote.annotator, _unit(vote)), vote)
    return list(first.values())


def _unit(vote: Vote) -> Hashable:
    return (vote.prompt, *sorted(vote.pair))
