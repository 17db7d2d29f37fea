"""Votes of people on some prompts beside a judge's on all, and what they say together."""

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from stages.stats.clusters import ClusterTotals, Floats
from stages.stats.crossed import Spread, numbered
from stages.stats.means import exact_range
from stages.stats.ranges import SHARES, Range

_AT_ONCE = 256
"""Groups left out whose estimates are held in memory at a time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Labelled:
    """What people said, one entry per vote, beside what the judge said of the same prompt.

    Attributes:
        human: What the candidate won by people, 0 to 1, length n.
        judge: What it won by the judge on that prompt, 0 to 1; the same for all votes on a prompt.
            Any number is valid, also 0.5 for a verdict that is unresolved: a bad judge costs
            precision, never truth.
        prompts: The prompt of each vote.
        annotators: Who gave each vote, None where a rule did; None: prompts alone are the clusters.
        strata: The topic of each vote's prompt.
    """

    human: tuple[float, ...]
    judge: tuple[float, ...]
    prompts: tuple[Hashable, ...]
    annotators: tuple[Hashable | None, ...] | None
    strata: tuple[str, ...]

    def __post_init__(self) -> None:
        columns = (self.human, self.judge, self.prompts, self.annotators, self.strata)
        lengths = {len(column) for column in columns if column is not None}
        if len(lengths) > 1:
            raise ValueError(f"columns of labelled votes have the lengths {sorted(lengths)}")
        if len(set(zip(self.prompts, self.judge, self.strata, strict=True))) > len(
            set(self.prompts)
        ):
            raise ValueError("a labelled prompt has two topics or two verdicts of the judge")


@dataclass(frozen=True, slots=True, kw_only=True)
class Unlabelled:
    """What the judge said of the prompts that nobody else has judged, one entry per prompt.

    Attributes:
        judge: What the candidate won, 0 to 1, length N.
        prompts: The prompt of each: never one of the labelled ones.
        strata: Its topic.
    """

    judge: tuple[float, ...]
    prompts: tuple[Hashable, ...]
    strata: tuple[str, ...]

    def __post_init__(self) -> None:
        if not len(self.judge) == len(self.prompts) == len(self.strata):
            raise ValueError("columns of unlabelled prompts have different lengths")
        if len(set(self.prompts)) < len(self.prompts):
            raise ValueError("an unlabelled prompt stands twice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Fitted:
    """Estimates of B samples, shape (B,), and how far each trusts the judge."""

    value: Floats
    power: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Labelled prompts in S strata, and what is known of the others.

    Attributes:
        rows: The prompt's number of each vote, shape (n,).
        human: Of each vote, shape (n,).
        judge: Of each labelled prompt, shape (P,).
        member: Which prompt is in which stratum, 0 or 1, shape (P, S).
        shares: Weight of each stratum, shape (S,).
        others: Number of unlabelled prompts by stratum, shape (S,).
        mean: The judge's mean on them, shape (S,).
        variance: The judge's variance on them, shape (S,).
    """

    rows: NDArray[np.intp]
    human: Floats
    judge: Floats
    member: Floats
    shares: Floats
    others: Floats
    mean: Floats
    variance: Floats

    @classmethod
    def of(
        cls, labelled: Labelled, unlabelled: Unlabelled, shares: Mapping[str, float] | None
    ) -> "Sample":
        """The sample whose strata are weighted with the shares, or as many prompts as they have.

        Raises:
            ValueError: When the shares are not those of the strata.
        """
        strata = list(dict.fromkeys(labelled.strata))
        topic = dict(zip(labelled.prompts, labelled.strata, strict=True))
        verdict = dict(zip(labelled.prompts, labelled.judge, strict=True))
        columns = [
            np.array(
                [j for j, s in zip(unlabelled.judge, unlabelled.strata, strict=True) if s == x]
            )
            for x in strata
        ]
        others = np.array([float(len(column)) for column in columns])
        member = np.array([[float(s == x) for x in strata] for s in topic.values()])
        return cls(
            rows=numbered(labelled.prompts),
            human=np.array(labelled.human),
            judge=np.array(list(verdict.values())),
            member=member,
            shares=_shares(strata, member.sum(axis=0) + others, shares),
            others=others,
            mean=np.array([column.mean() if len(column) else 0.0 for column in columns]),
            variance=np.array(
                [column.var(ddof=1) if len(column) > 1 else 0.25 for column in columns]
            ),
        )

    @property
    def votes(self) -> Floats:
        """Number of votes on each prompt, shape (P,)."""
        return _summed(self.rows, np.ones(len(self.rows)), len(self.judge))

    @property
    def weights(self) -> Floats:
        """How much each vote weighs, shape (n,)."""
        prompts = self.member @ (self.shares / self.member.sum(axis=0))
        weights: Floats = (prompts / self.votes)[self.rows]
        return weights

    @property
    def sums(self) -> Floats:
        """What people said of each prompt, summed, shape (P,)."""
        return _summed(self.rows, self.human, len(self.judge))

    @property
    def alone(self) -> "Sample":
        """The same without what the judge said of other prompts: people alone."""
        return replace(self, others=np.zeros_like(self.others))

    def exact(self, tail: float) -> Range | None:
        """What `exact_range` says of people's votes, weighted."""
        sizes = _summed(self.rows, self.weights, len(self.judge))
        sums = _summed(self.rows, self.weights * self.human, len(self.judge))
        totals = ClusterTotals(sizes=sizes, sums=sums[:, None])
        return exact_range(totals, tail=tail, limits=SHARES)

    def fitted(self, votes: Floats, sums: Floats) -> Fitted:
        """The estimate from some of the votes; NaN where a stratum has none.

        A prompt weighs as much as it has votes left, relative to those it had.

        Args:
            votes: Number of votes on each prompt, shape (B, P).
            sums: Their sums, shape (B, P).
        """
        alive = votes / self.votes
        human = sums / np.maximum(votes, 1)
        n = alive @ self.member
        helps, others = self.others > 0, np.maximum(self.others, 1)
        with np.errstate(invalid="ignore", divide="ignore"):  # a stratum that is left out
            squares = helps * self.shares**2 / n / np.maximum(n - 1, 1)
            means = [(alive * column) @ self.member / n for column in (human, self.judge)]
            mine, theirs = (
                alive * (column - mean @ self.member.T)
                for column, mean in zip((human, self.judge), means, strict=True)
            )
            both, people, judges = (
                (squares * (product @ self.member))
                for product in (mine * theirs, mine**2, theirs**2)
            )
            power = _power(
                both.sum(axis=1),
                people.sum(axis=1),
                judges,
                ratio=n / others,
                degrees=n.sum(axis=1) - len(self.shares) - 1,
            )
            moved = power[:, None] * helps * (self.mean - means[1])
            values: Floats = (means[0] + moved) @ self.shares
        return Fitted(value=values, power=power)

    def leaving_out(self, groups: NDArray[np.intp]) -> Floats:
        """The estimate without each group of votes, shape (G,).

        A group inside one of several strata moves the estimate by as much as the jackknife of that
        stratum alone would count.
        """
        votes, sums, found = self.votes, self.sums, []
        whole = self.fitted(votes[None], sums[None]).value[0]
        count = int(groups.max()) + 1
        for first in range(0, count, _AT_ONCE):
            chosen = (groups >= first) & (groups < first + _AT_ONCE)
            shape = (min(_AT_ONCE, count - first), len(votes))
            without = [np.zeros(shape), np.zeros(shape)]
            where = (groups[chosen] - first, self.rows[chosen])
            np.add.at(without[0], where, 1)
            np.add.at(without[1], where, self.human[chosen])
            found.append(self.fitted(votes - without[0], sums - without[1]).value)
        without_each: Floats = whole + (np.concatenate(found) - whole) * self._inside(groups, count)
        return without_each

    def error_of_others(self, power: float) -> Spread:
        """Of the judge's mean over unlabelled prompts."""
        parts = (self.others > 0) * self.shares**2 * self.variance / np.maximum(self.others, 1)
        return Spread(
            variance=power**2 * float(parts.sum()),
            degrees=max(1.0, float((self.others - 1).clip(0).sum())),
        )

    def _inside(self, groups: NDArray[np.intp], count: int) -> Floats:
        """For each group the factor from the jackknife of all to that of its stratum."""
        strata = self.member.argmax(axis=1)[self.rows]
        first, last = np.full(count, len(self.shares)), np.full(count, -1)
        np.minimum.at(first, groups, strata)
        np.maximum.at(last, groups, strata)
        alone = np.bincount(first[first == last], minlength=len(self.shares))[first]
        factor = np.sqrt((1 - 1 / np.maximum(alone, 2)) / (1 - 1 / count))
        found: Floats = np.where((first == last) & (alone > 1), factor, 1.0)
        return found


def _power(
    both: Floats, people: Floats, judges: Floats, *, ratio: Floats, degrees: Floats
) -> Floats:
    """Lambda of each sample, shape (B,), of variances and covariance of means over the labelled.

    Args:
        both: Covariance of people and judge, shape (B,).
        people: Variance of people, shape (B,).
        judges: Variance of the judge by stratum, shape (B, S).
        ratio: Labelled over unlabelled prompts, shape (B, S).
        degrees: Degrees of freedom of the correlation, shape (B,).
    """
    total = judges.sum(axis=1)
    agreed = np.minimum(1.0, both**2 / (people * total))
    beyond_chance = 1 - (1 - agreed) / (np.maximum(degrees, 0) * agreed)
    best = both / (judges * (1 + ratio)).sum(axis=1) * beyond_chance
    useful = (both > 0) & (beyond_chance > 0)
    found: Floats = np.where(useful, np.minimum(1.0, best), 0.0)
    return found


def _shares(strata: Sequence[str], counts: Floats, shares: Mapping[str, float] | None) -> Floats:
    if shares is None:
        found: Floats = counts / counts.sum()
        return found
    if set(shares) != set(strata) or not math.isclose(sum(shares.values()), 1, abs_tol=1e-6):
        raise ValueError(f"shares of {sorted(shares)} for the topics {sorted(strata)} that make 1")
    return np.array([shares[stratum] for stratum in strata], dtype=np.float64)


def _summed(rows: NDArray[np.intp], values: Floats, groups: int) -> Floats:
    sums = np.zeros(groups)
    np.add.at(sums, rows, values)
    return sums
