"""Performance gap recovered: how much of the way from one model to another teaching has led.

100 (taught - base) / (reference - base): 0 is the untaught student, 100 the reference. Both parts
share the errors of base and items, and the taught student errs by chance of its
training beside: two levels, items and seeds.
"""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.adjusted import AdjustedArms
from stages.stats.clusters import Floats, cluster_totals
from stages.stats.levels import normal_quantile, t_quantile, tail_of
from stages.stats.quotients import quotient
from stages.stats.reporting import Reporting

PERCENT = 100.0

FEWEST_SEEDS = 3
"""Trainings of a cell below which no interval covers what it says: with two, 95 % missed 9 %."""

FEWEST_ITEMS = 10
"""Independent items of a test below which nothing is said of it."""

_CONTRASTS = np.array([[1.0, -1.0, 0.0], [0.0, -1.0, 1.0]])
"""Taught less base, and reference less base, of (taught, base, reference)."""

_OF_TWO = np.array([[1.0, 0.5], [0.5, 1.0]])
"""Adds the same to the variance of every difference of two of the three."""


@dataclass(frozen=True, kw_only=True)
class Sat:
    """One test, as all models sat it; scores lie in [0, 1].

    Attributes:
        base: The untaught student's, shape (items,).
        reference: The reference's, shape (items,).
        taught: Of each group of trainings (a cell), one row per seed, shape (seeds, items).
        clusters: What groups dependent items, length items.
    """

    base: Floats
    reference: Floats
    taught: tuple[Floats, ...]
    clusters: tuple[Hashable, ...]

    def __post_init__(self) -> None:
        items = len(self.clusters)
        rows = (self.base[None, :], self.reference[None, :], *self.taught)
        if not self.taught or any(row.ndim != 2 or row.shape[1] != items for row in rows):  # noqa: PLR2004
            raise ValueError(f"every model sits all {items} items, by seeds and items")
        if any(not ((row >= 0) & (row <= 1)).all() for row in rows):
            raise ValueError("scores lie between 0 and 1")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gaps:
    """Two gaps over equally weighted tests, and how far they may lie from the true ones."""

    taught: float
    reference: float
    items: Floats
    """Covariance of both by items, shape (2, 2)."""
    seeds: float
    """Variance of the first by seeds."""
    item_degrees: float
    seed_degrees: float
    n: int

    @property
    def ratio(self) -> float:
        return self.taught / self.reference

    @property
    def degrees(self) -> float:
        """Satterthwaite's, of the error of taught - ratio x reference."""
        along = np.array([1.0, -self.ratio])
        by_items = float(along @ self.items @ along)
        total = by_items + self.seeds
        parts = by_items**2 / self.item_degrees + self.seeds**2 / self.seed_degrees
        return total**2 / parts


def gap_recovered(tests: Sequence[Sat], *, level: float) -> Estimate | Unmeasured:
    """Percent of the gap that the taught student recovers, with Fieller's interval.

    Tests count alike, and so do groups of trainings, which must not share their seeds: where they
    do, 95 % intervals over three groups may miss 23 %. The variance is that of items (paired over
    all models, by clusters) and that of seeds (of each group's means, n - 1 below); both hold what
    items and seeds do together, which errs to the careful side. Student's t has Satterthwaite's
    degrees of freedom, few where the seeds weigh. Models that differ on no item have the width that
    Tango's interval gives no discordant pair, not none.

    Args:
        tests: At least one; all with the same groups and seeds.
        level: Two-sided, equal-tailed level in (0, 1).

    Returns:
        The estimate (100 is the reference, values below 0 and above 100 are possible), n being the
        independent items; or `Unmeasured` with fewer than 3 seeds of a group or 10 items of a
        test, and where the reference is not clearly better than the base: its one-sided bound at
        (1 + level) / 2 is not above 0.

    References:
        Kim et al. (2024), arXiv 2412.03679, section 3, for the measure; Fieller (1954), JRSS B 16,
        175-185; Satterthwaite (1946).
    """
    why = _too_little(tests)
    if why is not None:
        return why
    gaps = _gaps(tests, tail=tail_of(level))
    error = math.sqrt(float(gaps.items[1, 1]))
    if gaps.reference - t_quantile(tail_of(level), gaps.item_degrees) * error <= 0:
        return Unmeasured(
            f"the reference scores {gaps.reference:+.3f} (standard error {error:.3f}) beside the "
            "base, which is not clearly better: there is no gap to recover",
            Cause.UNDERPOWERED,
        )
    arms = AdjustedArms(
        treatment=gaps.taught,
        control=gaps.reference,
        treatment_variance=float(gaps.items[0, 0]) + gaps.seeds,
        control_variance=float(gaps.items[1, 1]),
        covariance=float(gaps.items[0, 1]),
        difference_variance=0.0,
        degrees_of_freedom=gaps.degrees,
        n=gaps.n,
        dropped=(),
    )
    how = Reporting(
        critical=t_quantile(tail_of(level), gaps.degrees),
        level=level,
        unit="number",
        name=f"t with {gaps.degrees:.1f} degrees of freedom over items and seeds",
    )
    found = quotient(arms, how, method="gaps")
    if isinstance(found, Unmeasured):
        return Unmeasured(
            f"with {gaps.degrees:.1f} degrees of freedom the gap to the reference is not clearly "
            "above 0: train with more seeds",
            Cause.UNDERPOWERED,
        )
    return _in_percent(found)


def mean_of_independent(parts: Sequence[Estimate | Unmeasured]) -> Estimate | Unmeasured:
    """The mean of estimates that share no data or seeds, such as of gaps recovered by domain.

    Ends by squared distances (MOVER): each part's own ends, skewed as they are.

    Args:
        parts: Of one unit and level, with both ends; at least one.

    Returns:
        The mean, n being the fewest units of a part; `Unmeasured` where one of them is.

    References:
        Zou and Donner (2008), Statistics in Medicine 27, 1693-1702.
    """
    lacking = [part for part in parts if isinstance(part, Unmeasured)]
    if lacking:
        return lacking[0]
    known = [part for part in parts if isinstance(part, Estimate)]
    mean = sum(part.value for part in known) / len(known)
    below = [part.value - (part.low or 0.0) for part in known]
    above = [(part.high or 0.0) - part.value for part in known]
    errors = [part.standard_error or 0.0 for part in known]
    return replace(
        known[0],
        value=mean,
        standard_error=math.hypot(*errors) / len(known),
        low=mean - math.hypot(*below) / len(known),
        high=mean + math.hypot(*above) / len(known),
        n=min(part.n for part in known),
        method=known[0].method
        if len(known) == 1
        else f"mean of {len(known)} independent estimates, MOVER",
    )


def gap_resampled(
    tests: Sequence[Sat], *, level: float, draws: int, rng: np.random.Generator
) -> Estimate | Unmeasured:
    """The same by a two-level bootstrap: items (by clusters) and seeds drawn with replacement.

    Percentiles of the ratio over the resamples in which the reference is better than the base; the
    others, `1 - level` of all at the most, have no gap that could be recovered, and are left out.
    Where there are some, the interval is of what is left, and too short: it lacks the far ratios
    of a gap that vanishes. Deviations of seeds are widened by sqrt(k / (k - 1)), without which k
    seeds show (k - 1) / k of their variance; with few seeds it still covers less than it says
    (infra/docs/statistics.md), so that Fieller's interval is the one that decides.

    Args:
        tests: As of `gap_recovered`.
        level: Two-sided, equal-tailed level in (0, 1).
        draws: Number of resamples.
        rng: Draws them.

    Returns:
        The estimate; `Unmeasured` as `gap_recovered` says, and where more than `1 - level` of the
        resamples have no positive gap to the reference.
    """
    why = _too_little(tests)
    if why is not None:
        return why
    gaps = _gaps(tests, tail=tail_of(level))
    taught, base, reference = _resampled(tests, draws=draws, rng=rng)
    positive = reference > base
    if positive.mean() < level or gaps.reference <= 0:
        return Unmeasured(
            f"in {1 - positive.mean():.0%} of {draws} resamples the reference is not better than "
            "the base",
            Cause.UNDERPOWERED,
        )
    ratios = (taught - base)[positive] / (reference - base)[positive]
    low, high = np.quantile(ratios, [tail_of(level), 1 - tail_of(level)])
    return _in_percent(
        Estimate(
            value=gaps.ratio,
            standard_error=float(ratios.std(ddof=1)),
            low=float(low),
            high=float(high),
            level=level,
            n=gaps.n,
            unit="number",
            method=f"two-level bootstrap over items and seeds, {draws} draws, percentiles",
        )
    )


def _too_little(tests: Sequence[Sat]) -> Unmeasured | None:
    if not tests:
        return Unmeasured("no test was sat", Cause.WAITING)
    shapes = {tuple(len(group) for group in test.taught) for test in tests}
    if len(shapes) > 1:
        raise ValueError("every student sits every test")
    seeds = min(shapes.pop())
    if seeds < FEWEST_SEEDS:
        return Unmeasured(
            f"{seeds} trainings of a cell say too little of how much they vary: at least "
            f"{FEWEST_SEEDS} seeds are needed",
            Cause.UNDERPOWERED,
        )
    items = min(len(set(test.clusters)) for test in tests)
    if items < FEWEST_ITEMS:
        return Unmeasured(
            f"a test has {items} independent items, at least {FEWEST_ITEMS} are needed",
            Cause.UNDERPOWERED,
        )
    return None


def _gaps(tests: Sequence[Sat], *, tail: float) -> _Gaps:
    z2, share = normal_quantile(tail) ** 2, 1 / len(tests)
    means, covariance, doubt, numbers = np.zeros(3), np.zeros((3, 3)), 0.0, []
    for test in tests:
        whole = np.mean([group.mean(axis=0) for group in test.taught], axis=0)
        columns = np.stack([whole, test.base, test.reference], axis=1)
        totals = cluster_totals(columns, test.clusters)
        means += share * totals.means
        covariance += share**2 * totals.covariance
        doubt += share**2 * z2 / (totals.groups + z2) ** 2  # Tango's width without discordance
        numbers.append(totals.groups)
    by_group = [
        np.mean([_mean_of_items(test, group) for test in tests], axis=0)
        for group in range(len(tests[0].taught))
    ]
    variances = [float(np.var(seeds, ddof=1)) / len(seeds) for seeds in by_group]
    seeds = sum(variances) / len(by_group) ** 2
    spread = sum(v**2 / (len(s) - 1) for v, s in zip(variances, by_group, strict=True))
    taught, reference = _CONTRASTS @ means
    return _Gaps(
        taught=float(taught),
        reference=float(reference),
        items=_CONTRASTS @ covariance @ _CONTRASTS.T + doubt * _OF_TWO,
        seeds=seeds,
        item_degrees=min(numbers) - 1,
        seed_degrees=sum(variances) ** 2 / spread if spread else 1.0,
        n=min(numbers),
    )


def _mean_of_items(test: Sat, group: int) -> Floats:
    """Mean over items of each seed, shape (seeds,)."""
    return np.asarray(test.taught[group].mean(axis=1))


def _resampled(
    tests: Sequence[Sat], *, draws: int, rng: np.random.Generator
) -> tuple[Floats, Floats, Floats]:
    """Means of taught, base and reference in every resample, shape (draws,) each."""
    seeds = [
        rng.multinomial(len(group), np.full(len(group), 1 / len(group)), draws) / len(group)
        for group in tests[0].taught
    ]
    found = np.zeros((3, draws))
    for test in tests:
        columns = np.concatenate([test.base[None], test.reference[None], *test.taught]).T
        totals = cluster_totals(columns, test.clusters)
        drawn = rng.multinomial(totals.groups, np.full(totals.groups, 1 / totals.groups), draws)
        means = (drawn @ totals.sums) / (drawn @ totals.sizes)[:, None]
        first, taught = 2, np.zeros(draws)
        for weights in seeds:
            count = weights.shape[1]
            own = means[:, first : first + count]
            middle = own.mean(axis=1)
            wide = math.sqrt(count / (count - 1))
            taught += middle + wide * ((weights * own).sum(axis=1) - middle)
            first += count
        found += np.stack([taught / len(seeds), means[:, 0], means[:, 1]]) / len(tests)
    return found[0], found[1], found[2]


def _in_percent(found: Estimate) -> Estimate:
    assert found.low is not None
    assert found.high is not None
    assert found.standard_error is not None
    return replace(
        found,
        value=PERCENT * found.value,
        standard_error=PERCENT * found.standard_error,
        low=PERCENT * found.low,
        high=PERCENT * found.high,
    )
