"""Whether a benchmark tells models apart, and whether in the order in which people put them.

Every figure is over all pairs of models, or those that people tell apart. Pairs that share a model
depend on each other; models are the independent units, and errors are by leaving out each in turn.
Where all pairs say the same, leaving one out changes nothing; no interval is therefore nearer to a
limit than the exact bound of as many units that all agree.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import log_ndtr, ndtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import Floats
from stages.stats.levels import t_quantile, tail_of
from stages.stats.ranges import SHARES, Range
from stages.stats.shares import SHARE

FEW_MODELS = 6
"""Fewer models give no interval: a jackknife over five misses the truth in 8 of 100 worlds."""

_SAME = 1e-12
"""Figures without one model that differ by less are the same but for rounding."""

CORRELATIONS, LOSSES = Range(low=-1.0, high=1.0), Range(low=0.0, high=math.inf)
"""Limits of rank correlations and of log losses."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one model stands, on a benchmark or with people.

    Attributes:
        score: By which models are ranked, of any unit.
        low: Lower end of its interval.
        high: Upper end.
        mean: Mean of the score's distribution, as of its resamples.
        variance: Variance of the score.
    """

    score: float
    low: float
    high: float
    mean: float
    variance: float

    def __post_init__(self) -> None:
        numbers = (self.score, self.low, self.high, self.mean, self.variance)
        if not all(math.isfinite(x) for x in numbers) or self.variance < 0:
            raise ValueError(f"a standing holds finite numbers and a variance, not {numbers}")
        if self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Separation:
    """How many pairs cannot be told apart.

    Attributes:
        overlaps: Pairs whose intervals overlap.
        pairs: All pairs.
        share: Of pairs whose intervals do not overlap.
    """

    overlaps: int
    pairs: int
    share: Estimate | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class HumanAgreement:
    """A benchmark held against people on the same models.

    Attributes:
        strict: Share of all pairs that are in people's order.
        agreement: Mean over the pairs that people tell apart: 1 in their order, 0.5 where the
            benchmark's intervals overlap, 0 in the opposite one.
        brier: Mean squared error of the benchmark's probability that one model of a pair is the
            better; 0 is best, 0.25 says nothing.
        log_loss: Mean of minus the logarithm of the probability given to people's order; 0 is best.
        spearman: Rank correlation of the scores, -1 to 1.
    """

    strict: Estimate | Unmeasured
    agreement: Estimate | Unmeasured
    brier: Estimate | Unmeasured
    log_loss: Estimate | Unmeasured
    spearman: Estimate | Unmeasured


def separability(standings: Sequence[Standing], *, level: float) -> Separation:
    """Pairs of models whose intervals do not overlap; ends that touch overlap.

    Args:
        standings: At least two models, each with an interval.
        level: Two-sided confidence level of the share's interval, in (0, 1).

    Raises:
        ValueError: With fewer than two models.
    """
    if len(standings) < 2:  # noqa: PLR2004 - a pair needs two
        raise ValueError("separability is of at least two models")
    apart = 1 - _overlap(standings)
    pairs = len(standings) * (len(standings) - 1) // 2
    return Separation(
        overlaps=pairs - round(float(np.triu(apart, 1).sum())),
        pairs=pairs,
        share=_over_pairs(apart, np.ones_like(apart), level=level, limits=SHARES, unit=SHARE),
    )


def agreement_with_people(
    benchmark: Sequence[Standing], people: Sequence[Standing], *, level: float
) -> HumanAgreement:
    """How well a benchmark's order is that of people, over all pairs of the models they share.

    The probability that model b is better than a is Phi((mu_b - mu_a) / sqrt(var_a + var_b)), with
    the benchmark's means and variances; a pair without variance is decided by its means.

    Args:
        benchmark: Each model on the benchmark, at least two.
        people: The same models, in the same order, as people rank them.
        level: Two-sided confidence level in (0, 1).

    Returns:
        Each figure with a jackknife interval over models; n is the number of models.

    Raises:
        ValueError: When lengths differ or there are fewer than two models.

    References:
        Li et al. (2024), arXiv 2406.11939, section 3, on agreement, separability and Brier score.
    """
    if len(benchmark) != len(people) or len(people) < 2:  # noqa: PLR2004 - a pair needs two
        raise ValueError("a benchmark and people rank the same models, at least two")
    theirs = _order([one.score for one in people])
    same = (_order([one.score for one in benchmark]) == theirs).astype(np.float64)
    credit = np.where(_overlap(benchmark) > 0, 0.5, same)
    chance, surprise = _chances(benchmark, theirs)
    every = np.ones_like(same)
    scores = np.array([[one.score for one in each] for each in (benchmark, people)])
    return HumanAgreement(
        strict=_over_pairs(same, every, level=level, limits=SHARES, unit=SHARE),
        agreement=_over_pairs(credit, 1 - _overlap(people), level=level, limits=SHARES, unit=SHARE),
        brier=_over_pairs((1 - chance) ** 2, every, level=level, limits=SHARES, unit=SHARE),
        log_loss=_over_pairs(surprise, every, level=level, limits=LOSSES, unit="nats"),
        spearman=_spearman(scores, level=level),
    )


def agreement_with_outcomes(
    benchmark: Sequence[Standing], outcomes: Mapping[tuple[int, int], int], *, level: float
) -> Estimate | Unmeasured:
    """How often a benchmark agrees with experiments, over the pairs that these told apart.

    Args:
        benchmark: Each model on the benchmark, at least two.
        outcomes: By the numbers of two models: 1 where the first won its experiment, -1 where the
            second did. Pairs without a winner are not given.
        level: Two-sided confidence level in (0, 1).

    Returns:
        Mean of 1 for the same winner, 0.5 where the benchmark's intervals overlap, 0 for the other
        winner, with a jackknife interval over models; n is the number of models.

    Raises:
        ValueError: With fewer than two models.
    """
    if len(benchmark) < 2:  # noqa: PLR2004 - a pair needs two
        raise ValueError("agreement is about at least two models")
    ours = _order([one.score for one in benchmark])
    theirs, counted = np.zeros_like(ours), np.zeros_like(ours)
    for (one, other), winner in outcomes.items():
        theirs[one, other], theirs[other, one] = winner, -winner
        counted[one, other] = counted[other, one] = 1
    credit = np.where(_overlap(benchmark) > 0, 0.5, (ours == theirs).astype(np.float64))
    return _over_pairs(credit, counted, level=level, limits=SHARES, unit=SHARE)


def difference_in_agreement(
    one: Sequence[Standing], other: Sequence[Standing], people: Sequence[Standing], *, level: float
) -> Estimate | Unmeasured:
    """By how much more of all pairs one ranking is in people's order than another.

    Args:
        one: Each model as one ranks it.
        other: The same models, in the same order, as the other does.
        people: The same models as people do.
        level: Two-sided confidence level in (0, 1).

    Returns:
        Difference of the strict agreements, -1 to 1, with a jackknife interval over models.

    Raises:
        ValueError: When lengths differ or there are fewer than two models.
    """
    if len({len(one), len(other), len(people)}) > 1 or len(people) < 2:  # noqa: PLR2004 - a pair
        raise ValueError("all three rank the same models, at least two")
    theirs = _order([standing.score for standing in people])
    first, second = (
        (_order([standing.score for standing in ranking]) == theirs).astype(np.float64)
        for ranking in (one, other)
    )
    return _over_pairs(
        first - second, np.ones_like(theirs), level=level, limits=CORRELATIONS, unit=SHARE
    )


def _order(scores: Sequence[float]) -> NDArray[np.float64]:
    """Sign of the row's score minus the column's, shape (m, m)."""
    column = np.array(scores)
    signs: Floats = np.sign(column[:, None] - column[None, :])
    return signs


def _overlap(standings: Sequence[Standing]) -> Floats:
    """1 where two intervals overlap, shape (m, m)."""
    low, high = (np.array([getattr(one, end) for one in standings]) for end in ("low", "high"))
    return ((low[:, None] <= high) & (low <= high[:, None])).astype(np.float64)


def _chances(benchmark: Sequence[Standing], theirs: Floats) -> tuple[Floats, Floats]:
    """Probability of people's order, and minus its logarithm, shape (m, m) each."""
    mean = np.array([one.mean for one in benchmark])
    variance = np.array([one.variance for one in benchmark])
    gap, spread = mean[:, None] - mean, np.sqrt(variance[:, None] + variance)
    sure = np.where(gap == 0, 0.0, np.copysign(np.inf, gap))
    z = theirs * np.divide(gap, spread, out=sure, where=spread > 0)
    z = np.where(theirs == 0, 0.0, z)  # people who put neither first are told nothing
    return np.asarray(ndtr(z)), -np.asarray(log_ndtr(z))


def _over_pairs(
    values: Floats, counted: Floats, *, level: float, limits: Range, unit: str
) -> Estimate | Unmeasured:
    """Mean over pairs that count, of symmetric values of shape (m, m)."""
    counted = np.triu(counted + counted.T, 1) / 2
    worth = np.where(counted > 0, values, 0.0) * counted

    def mean(kept: NDArray[np.intp]) -> float | None:
        number = float(counted[np.ix_(kept, kept)].sum())
        return float(worth[np.ix_(kept, kept)].sum()) / number if number else None

    units = min(len(values), int(np.count_nonzero(counted)))
    return _jackknifed(mean, _Units(len(values), units), level=level, limits=limits, unit=unit)


def _spearman(scores: Floats, *, level: float) -> Estimate | Unmeasured:
    def correlation(kept: NDArray[np.intp]) -> float | None:
        from scipy.stats import rankdata

        ranks = rankdata(scores[:, kept], axis=1)
        spread = ranks.std(axis=1)
        return float(np.asarray(np.corrcoef(ranks))[0, 1]) if spread.all() else None

    return _jackknifed(
        correlation,
        _Units(scores.shape[1], scores.shape[1]),
        level=level,
        limits=CORRELATIONS,
        unit="correlation",
    )


@dataclass(frozen=True, slots=True)
class _Units:
    """How many models there are, and how many of them or of pairs are independent at best."""

    models: int
    independent: int


def _jackknifed(
    of: Callable[[NDArray[np.intp]], float | None],
    units: _Units,
    *,
    level: float,
    limits: Range,
    unit: str,
) -> Estimate | Unmeasured:
    """The figure over all models, with the error that leaving out each in turn shows."""
    models = units.models
    if models < FEW_MODELS:
        return Unmeasured(
            f"{models} models are too few for an interval over models: {FEW_MODELS} would do",
            Cause.UNDERPOWERED,
        )
    every = np.arange(models)
    value, without = of(every), [of(np.delete(every, left_out)) for left_out in range(models)]
    known = np.array([one for one in without if one is not None])
    if value is None or len(known) < models or not np.isfinite([value, *known]).all():
        return Unmeasured("too few pairs, or models that all rank alike", Cause.UNDERPOWERED)
    error = math.sqrt((models - 1) / models * float(((known - known.mean()) ** 2).sum()))
    unseen = _unseen(units.independent, tail_of(level), limits)
    half = t_quantile(tail_of(level), models - 1) * error
    if float(np.ptp(known)) < _SAME:
        half = unseen
    return Estimate(
        value=value,
        standard_error=error,
        low=max(limits.low, min(value - half, limits.high - unseen)),
        high=min(limits.high, max(value + half, limits.low + unseen)),
        level=level,
        n=models,
        unit=unit,
        method="jackknife over models with Student's t; near a limit the exact bound of as many",
    )


def _unseen(units: int, tail: float, limits: Range) -> float:
    """How far from its limit a figure may truly lie although every unit stands at it.

    Of n units that all agree, at least tail ** (1 / n) agree in the population (Clopper and
    Pearson). A loss without a limit is taken as that of giving every pair this probability.
    """
    agree = -math.log(tail) / units
    return agree if limits is LOSSES else -math.expm1(-agree)
