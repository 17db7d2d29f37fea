"""A mean of votes whose errors depend on each other both by prompt and by annotator."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import ClusterTotals, Floats, cluster_totals
from stages.stats.crossed import CrossedSpread, Spread, givers, share_within
from stages.stats.levels import t_quantile, tail_of
from stages.stats.means import (
    exact_range,
    is_still,
    refuse_values,
)
from stages.stats.ranges import SHARES, Range
from stages.stats.shares import SHARE
from stages.stats.student import degrees_of


def two_way_mean(
    values: Sequence[float],
    prompts: Sequence[Hashable],
    annotators: Sequence[Hashable | None],
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
        annotators: Who gave each, length n; None where a rule said it, see `givers`.
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
        eq. 2.5; see `CrossedSpread`.
    """
    tail_of(level)
    limits = SHARES if unit == SHARE else None
    column = np.asarray(values, dtype=np.float64)[:, None]
    refused = refuse_values(column, limits)
    totals = _Totals.of(column, prompts, annotators)
    if refused is not None:
        return refused
    for way, what in ((totals.prompts, "prompt"), (totals.people, "annotator")):
        if way.groups < 2:  # noqa: PLR2004 - a spread needs two
            few = f"1 {what}" if way.groups else f"no {what}"
            return Unmeasured(f"{few} cannot show a spread", Cause.UNDERPOWERED)
    still = is_still(totals.cells, limits)
    if still and limits is None:
        return Unmeasured(
            f"all {len(column)} values are equal, which says nothing of their spread",
            Cause.UNDERPOWERED,
        )
    return _interval(totals, still=still, level=level, unit=unit)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Totals:
    """Sums over prompts, over annotators, and over what one annotator said of one prompt.

    Annotators include nobody, on each prompt that a rule settled; people do not.
    """

    prompts: ClusterTotals
    annotators: ClusterTotals
    people: ClusterTotals
    cells: ClusterTotals

    @classmethod
    def of(
        cls, column: Floats, prompts: Sequence[Hashable], annotators: Sequence[Hashable | None]
    ) -> "_Totals":
        who, named = givers(prompts, annotators), [each is not None for each in annotators]
        by_prompt, by_annotator = (cluster_totals(column, way) for way in (prompts, who))
        return cls(
            prompts=by_prompt,
            annotators=by_annotator,
            people=cluster_totals(column[named], [each for each in annotators if each is not None]),
            cells=cluster_totals(column, list(zip(prompts, who, strict=True))),
        )

    @property
    def spread(self) -> Spread:
        return CrossedSpread(
            prompts=Spread.of_mean(self.prompts),
            annotators=replace(Spread.of_mean(self.annotators), degrees=degrees_of(self.people)),
            cells=Spread.of_mean(self.cells),
        ).total


def _interval(totals: _Totals, *, still: bool, level: float, unit: str) -> Estimate:
    limits = SHARES if unit == SHARE else None
    mean, tail = float(totals.prompts.means[0]), tail_of(level)
    spread = totals.spread
    error = math.sqrt(spread.variance)
    exact = None
    if limits is None:
        t = t_quantile(tail, spread.degrees)
        within = Range(low=mean - t * error, high=mean + t * error)
    else:
        exact = exact_range(totals.prompts, tail=tail, limits=limits)
        within = share_within(mean, spread, exact=exact, tail=tail)
    return Estimate(
        value=mean,
        standard_error=None if still else error,
        low=within.low,
        high=within.high,
        level=level,
        n=totals.prompts.groups,
        unit=unit,
        method=_method(totals, still=still, limits=limits, exact=exact),
    )


def _method(totals: _Totals, *, still: bool, limits: Range | None, exact: Range | None) -> str:
    people = f"{totals.people.groups} annotators"
    if still:
        return f"exact binomial bound over prompts, all votes of {people} being equal"
    name = "Wilson score with Student's t" if limits else "Student's t"
    name = f"two-way cluster-robust (prompt and annotator) {name}, {people}"
    return name if exact is None else f"{name}, widened to the exact binomial bound over prompts"
