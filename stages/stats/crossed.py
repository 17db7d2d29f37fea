"""The spread of an estimate over prompts and annotators that cross: one variance out of three."""

import math
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.stats.clusters import ClusterTotals, Floats
from stages.stats.levels import t_quantile
from stages.stats.means import NEGLIGIBLE, wilson_of_error
from stages.stats.ranges import Range
from stages.stats.student import degrees_of

FEW_ANNOTATORS = 5
"""Below this many (Kish's number) the error of a mean takes the fewest degrees of freedom: with
Satterthwaite's, intervals over 3 annotators who differ cover down to 0.93, over 2 to 0.89."""

LEAST_DEGREES = 0.1
"""Degrees of freedom with which t, some 10^12, already says nothing."""

LeavingOut = Callable[[NDArray[np.intp]], Floats]
"""The estimate without each group, shape (G,), from the group's number of each row, shape (n,)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """A variance of an estimate and its degrees of freedom, above 0."""

    variance: float
    degrees: float

    @classmethod
    def of_mean(cls, totals: ClusterTotals) -> "Spread":
        """That of the mean of the only column of cluster totals, by the jackknife (CV3)."""
        return cls(variance=float(totals.covariance[0, 0]), degrees=degrees_of(totals))


@dataclass(frozen=True, slots=True, kw_only=True)
class CrossedSpread:
    """The spread of an estimate over prompts, over annotators, and over the cells of both.

    Attributes:
        prompts: With prompts as clusters.
        annotators: With annotators as clusters; None where nobody is known, or they are all there
            are: then prompts alone count.
        cells: With what one annotator said of one prompt as clusters; None together with the other.
    """

    prompts: Spread
    annotators: Spread | None
    cells: Spread | None

    @property
    def total(self) -> Spread:
        """Of prompts and annotators together.

        The variance is V_p + V_a - V_pa, never below V_p or V_a. Degrees of freedom are
        Satterthwaite's over the three; with few annotators the fewest of them.

        References:
            Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29,
            238-249; the floor as in MacKinnon, Nielsen and Webb (2024), on two-way jackknives.
        """
        if self.annotators is None or self.cells is None:
            return self.prompts
        parts = (self.prompts, self.annotators, self.cells)
        by_prompt, by_annotator, by_cell = (part.variance for part in parts)
        variance = max(by_prompt + by_annotator - by_cell, by_prompt, by_annotator)
        if variance <= NEGLIGIBLE**2:  # prompts and annotators balance each other out
            variance = max(variance, by_cell)
        fewest = max(LEAST_DEGREES, min(part.degrees for part in parts))
        if self.annotators.degrees < FEW_ANNOTATORS - 1 or variance == 0:
            return Spread(variance=variance, degrees=fewest)
        noise = sum(part.variance**2 / part.degrees for part in parts)
        return Spread(variance=variance, degrees=max(fewest, variance**2 / noise))


def crossed_jackknife(
    leaving_out: LeavingOut,
    prompts: Sequence[Hashable],
    annotators: Sequence[Hashable | None] | None,
    *,
    weights: Floats,
    fitted: int,
) -> CrossedSpread:
    """The spread of any estimate of votes, by leaving out each prompt, annotator and cell.

    Args:
        leaving_out: The estimate without each group.
        prompts: The prompt of each vote, length n.
        annotators: Who gave each, length n, see `givers`; None: prompts alone count.
        weights: How much each vote weighs, at least 0, shape (n,): Kish's number of clusters rests
            on it.
        fitted: Parameters that prompts have determined, at least 1: degrees of freedom lost.
    """
    by_prompt = _jackknifed(leaving_out, prompts, weights, fitted)
    if annotators is None:
        return CrossedSpread(prompts=by_prompt, annotators=None, cells=None)
    who, named = givers(prompts, annotators), np.array([each is not None for each in annotators])
    cells = list(zip(prompts, who, strict=True))
    return CrossedSpread(
        prompts=by_prompt,
        annotators=_jackknifed(leaving_out, who, weights, 1, counted=weights * named),
        cells=_jackknifed(leaving_out, cells, weights, fitted),
    )


def share_within(mean: float, spread: Spread, *, exact: Range | None, tail: float) -> Range:
    """Wilson's interval of a share with Student's t, no narrower than an exact one.

    Args:
        mean: The share; one outside 0 to 1 is taken to the nearer end.
        spread: Of the share; without variance its interval is the share itself.
        exact: A range that the interval must hold; None when there is none.
        tail: Error allowed at each end.
    """
    mean = min(1.0, max(0.0, mean))
    within = Range(low=mean, high=mean)
    if spread.variance > NEGLIGIBLE**2 and 0 < mean < 1:
        error, t = math.sqrt(spread.variance), t_quantile(tail, spread.degrees)
        within = wilson_of_error(mean, error=error, t=t)
    if exact is None:
        return within
    return Range(low=min(within.low, exact.low), high=max(within.high, exact.high))


def givers(prompts: Sequence[Hashable], annotators: Sequence[Hashable | None]) -> list[Hashable]:
    """Who gave each vote: an annotator, or nobody (None) where a rule settled the prompt.

    Nobody's habits are in what a rule says: it is a cluster of its own on each prompt, and adds no
    degrees of freedom to what annotators show of each other.
    """
    return [
        (None, prompt) if who is None else who
        for prompt, who in zip(prompts, annotators, strict=True)
    ]


def numbered(names: Sequence[Hashable]) -> NDArray[np.intp]:
    """Numbers of names in order of their first appearance, shape (n,)."""
    numbers: dict[Hashable, int] = {}
    return np.array([numbers.setdefault(name, len(numbers)) for name in names], dtype=np.intp)


def _jackknifed(
    leaving_out: LeavingOut,
    names: Sequence[Hashable],
    weights: Floats,
    fitted: int,
    *,
    counted: Floats | None = None,
) -> Spread:
    """By leaving out each group; degrees of freedom of the weights that are counted, or of all."""
    groups = numbered(names)
    sizes = np.bincount(groups, weights=weights if counted is None else counted)
    found = leaving_out(groups)
    moves = found - found.mean()
    return Spread(
        variance=float((moves**2).sum()) * (len(sizes) - 1) / len(sizes),
        degrees=max(LEAST_DEGREES, float(sizes.sum() ** 2 / (sizes**2).sum()) - fitted),
    )
