"""Performance gap recovered: how much of the way from one model to another teaching has led.

100 (taught - base) / (reference - base): 0 is the untaught student, 100 the reference.
"""

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.clusters import Floats, cluster_totals
from stages.stats.gaps import Sat, fieller, gaps, in_percent, too_little
from stages.stats.levels import tail_of

_NO_WIDTH = 1e-9
"""Width of an interval of the quotient below which it is that of rounding."""


def gap_recovered(tests: Sequence[Sat], *, level: float) -> Estimate | Unmeasured:
    """Percent of the gap that the taught student recovers, with Fieller's interval.

    Tests count alike, and so do groups of trainings, which must not share their seeds: where they
    do, 95 % intervals over three groups may miss 23 %. The variance is that of items (paired over
    all models, by clusters) and that of seeds (of each group's means, n - 1 below), which is also
    that of the data where every seed's student learns from a draw of its own: from one draw for
    all, a spread of draws as large as the seeds' has 95 % intervals miss 20 %. Both hold what
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
    why = too_little(tests)
    if why is not None:
        return why
    return fieller(gaps(tests, tail=tail_of(level)), level=level)


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
        The estimate; `Unmeasured` as `gap_recovered` says, where more than `1 - level` of the
        resamples have no positive gap to the reference, and where the ends would be one.
    """
    why = too_little(tests)
    if why is not None:
        return why
    found = gaps(tests, tail=tail_of(level))
    taught, base, reference = _resampled(tests, draws=draws, rng=rng)
    positive = reference > base
    if positive.mean() < level or found.reference <= 0:
        return Unmeasured(
            f"in {1 - positive.mean():.0%} of {draws} resamples the reference is not better than "
            "the base",
            Cause.UNDERPOWERED,
        )
    ratios = (taught - base)[positive] / (reference - base)[positive]
    low, high = np.quantile(ratios, [tail_of(level), 1 - tail_of(level)])
    if high - low < _NO_WIDTH:
        return Unmeasured(
            "all resamples recover the same: where students score as the base or the reference "
            "does on every item, a bootstrap has no width",
            Cause.UNDERPOWERED,
        )
    return in_percent(
        Estimate(
            value=found.ratio,
            standard_error=float(ratios.std(ddof=1)),
            low=float(low),
            high=float(high),
            level=level,
            n=found.n,
            unit="number",
            method=f"two-level bootstrap over items and seeds, {draws} draws, percentiles",
        )
    )


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
