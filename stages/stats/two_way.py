"""A mean of votes whose errors depend on each other both by prompt and by annotator."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats, cluster_totals
from stages.stats.levels import t_quantile, tail_of
from stages.stats.means import (
    NEGLIGIBLE,
    exact_range,
    is_still,
    refuse_values,
    wilson_of_error,
)
from stages.stats.ranges import SHARES, Range
from stages.stats.shares import SHARE
from stages.stats.student import degrees_of

FEW_ANNOTATORS = 5
"""Below this many (Kish's number) the error of a mean takes the fewest degrees of freedom: with
Satterthwaite's, intervals over 3 annotators who differ cover down to 0.93, over 2 to 0.89."""

LEAST_DEGREES = 0.1
"""Degrees of freedom with which t, some 10^12, already says nothing."""


def two_way_mean(
    values: Sequence[float],
    prompts: Sequence[Hashable],
    annotators: Sequence[Hashable],
    *,
    level: float,
    unit: str,
) -> Estimate | Unmeasured:
    """Mean of votes, for prompts and for annotators that are both a sample of many.

    The variance is that of clusters of prompts, plus that of annotators, less that of both
    together, and never below the largest of the first two; each by the jackknife (CV3). Degrees of
    freedom are Satterthwaite's over the three, with Kish's number of clusters where they are
    uneven; with fewer than 5 annotators those of the smaller clustering, which is wide and right:
    few people cannot tell what others would say. Shares take Wilson's form. A share's ends reach at
    least as far as the exact bound over prompts where fewer than 10 prompts differ from a value
    that most have; that bound sees no spread between annotators.

    Args:
        values: One per vote, or per prompt and annotator, shape (n,); a `share` lies between 0
            and 1.
        prompts: The prompt of each, length n.
        annotators: Who gave each, length n.
        level: Two-sided confidence level in (0, 1).
        unit: `share`, or any other name for values without limits.

    Returns:
        The mean over values, n being the number of prompts; or `Unmeasured` without values, with
        NaN or infinite ones, with one prompt or one annotator, or when unlimited values do not
        vary.

    Raises:
        ValueError: When lengths differ, a share lies outside [0, 1] or the level is impossible.

    References:
        Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29, 238-249,
        eq. 2.5; the floor as in MacKinnon, Nielsen and Webb (2024), on the two-way jackknife;
        Satterthwaite (1946).
    """
    tail_of(level)
    limits = SHARES if unit == SHARE else None
    column = np.asarray(values, dtype=np.float64)[:, None]
    refused = refuse_values(column, limits)
    ways = TwoWay.of(column, prompts, annotators)
    if refused is not None:
        return refused
    for way, what in ((ways.prompts, "prompt"), (ways.annotators, "annotator")):
        if way.groups < 2:  # noqa: PLR2004 - a spread needs two
            return Unmeasured(f"1 {what} cannot show a spread", Cause.UNDERPOWERED)
    still = is_still(ways.cells, limits)
    if still and limits is None:
        return Unmeasured(
            f"all {len(column)} values are equal, which says nothing of their spread",
            Cause.UNDERPOWERED,
        )
    return _interval(ways, still=still, level=level, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoWay:
    """Sums of a column of values over two clusterings that cross, and over both together.

    Attributes:
        prompts: Over prompts.
        annotators: Over annotators.
        cells: Over what one annotator said of one prompt.
    """

    prompts: ClusterTotals
    annotators: ClusterTotals
    cells: ClusterTotals

    @classmethod
    def of(
        cls, column: Floats, prompts: Sequence[Hashable], annotators: Sequence[Hashable]
    ) -> "TwoWay":
        """Sums of a column, shape (n, 1).

        Raises:
            ValueError: When lengths differ.
        """
        totals = {
            "prompts": cluster_totals(column, prompts),
            "annotators": cluster_totals(column, annotators),
        }
        cells = list(zip(prompts, annotators, strict=True))
        return cls(**totals, cells=cluster_totals(column, cells))

    @property
    def variance(self) -> float:
        """Squared standard error of the mean."""
        by_prompt, by_annotator, by_cell = self._parts
        found = max(by_prompt + by_annotator - by_cell, by_prompt, by_annotator)
        return found if found > NEGLIGIBLE**2 else by_cell

    @property
    def degrees(self) -> float:
        """Degrees of freedom of the variance, above 0."""
        degrees = [degrees_of(way) for way in (self.prompts, self.annotators, self.cells)]
        fewest = max(LEAST_DEGREES, min(degrees))
        if degrees[1] < FEW_ANNOTATORS - 1:
            return fewest
        noise = sum(part**2 / d for part, d in zip(self._parts, degrees, strict=True))
        return max(fewest, self.variance**2 / noise)

    @property
    def _parts(self) -> tuple[float, float, float]:
        by_prompt, by_annotator, by_cell = (
            float(way.covariance[0, 0]) for way in (self.prompts, self.annotators, self.cells)
        )
        return by_prompt, by_annotator, by_cell


def _interval(ways: TwoWay, *, still: bool, level: float, unit: str) -> Estimate:
    limits = SHARES if unit == SHARE else None
    mean, tail = float(ways.prompts.means[0]), tail_of(level)
    error = 0.0 if still else math.sqrt(ways.variance)
    exact = exact_range(ways.prompts, tail=tail, limits=limits) if limits else None
    if still:
        within = Range(low=mean, high=mean)
    else:
        within = _within(mean, error, t_quantile(tail, ways.degrees), limits)
    if exact is not None:
        within = Range(low=min(within.low, exact.low), high=max(within.high, exact.high))
    return Estimate(
        value=mean,
        standard_error=None if still else error,
        low=within.low,
        high=within.high,
        level=level,
        n=ways.prompts.groups,
        unit=unit,
        method=_method(ways, still=still, limits=limits, exact=exact),
    )


def _within(mean: float, error: float, t: float, limits: Range | None) -> Range:
    if limits is not None:
        return wilson_of_error(mean, error=error, t=t)
    return Range(low=mean - t * error, high=mean + t * error)


def _method(ways: TwoWay, *, still: bool, limits: Range | None, exact: Range | None) -> str:
    people = f"{ways.annotators.groups} annotators"
    if still:
        return f"exact binomial bound over prompts, all votes of {people} being equal"
    name = "Wilson score with Student's t" if limits else "Student's t"
    name = f"two-way cluster-robust (prompt and annotator) {name}, {people}"
    return name if exact is None else f"{name}, widened to the exact binomial bound over prompts"
