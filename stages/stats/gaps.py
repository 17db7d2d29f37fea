"""Two gaps between models that sat the same tests: one in parts of the other, by items and seeds.

The denominator is what the reference has over the untaught base. The numerator is what taught
students have over that base, or over the students of another generator. Base, reference and items
are shared by all; every training has the luck of its seed beside, and of the data that was drawn
for it: two levels, items and seeds.
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

_CONTRASTS = np.array([[1.0, -1.0, 0.0, 0.0], [0.0, 0.0, -1.0, 1.0]])
"""Taught less whom they are held against, reference less base, of these four in this order."""

_BASE_SHARED = np.array([[1.0, 0.5], [0.5, 1.0]])
"""Adds the same to the variance of both gaps, half of it as their covariance: both are from the
base."""

_NOBODY_SHARED = np.eye(2)
"""The same of gaps between four models."""


@dataclass(frozen=True, kw_only=True)
class Sat:
    """One test, as all models sat it; scores lie in [0, 1].

    Attributes:
        base: The untaught student's, shape (items,).
        reference: The reference's, shape (items,).
        taught: Of each group of trainings (a cell), one row per seed, shape (seeds, items).
        clusters: What groups dependent items, length items.
        ids: What names the items, length items; empty where nobody sat them elsewhere.
    """

    base: Floats
    reference: Floats
    taught: tuple[Floats, ...]
    clusters: tuple[Hashable, ...]
    ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        items = len(self.clusters)
        rows = (self.base[None, :], self.reference[None, :], *self.taught)
        if not self.taught or any(row.ndim != 2 or row.shape[1] != items for row in rows):  # noqa: PLR2004
            raise ValueError(f"every model sits all {items} items, by seeds and items")
        if any(not ((row >= 0) & (row <= 1)).all() for row in rows):
            raise ValueError("scores lie between 0 and 1")
        if self.ids and len(self.ids) != items:
            raise ValueError(f"{len(self.ids)} ids name {items} items")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """Two gaps over equally weighted tests, and how far they may lie from the true ones.

    Attributes:
        taught: What taught students have over whom they are held against.
        reference: What the reference has over the base.
        items: Covariance of both by items, shape (2, 2).
        seeds: Variance of the first by seeds.
        item_degrees: Degrees of freedom of the one.
        seed_degrees: And of the other.
        n: Independent items of the smallest test.
    """

    taught: float
    reference: float
    items: Floats
    seeds: float
    item_degrees: float
    seed_degrees: float
    n: int

    @property
    def ratio(self) -> float:
        """The first in parts of the second."""
        return self.taught / self.reference

    @property
    def degrees(self) -> float:
        """Satterthwaite's, of the error of taught - ratio x reference."""
        along = np.array([1.0, -self.ratio])
        by_items = float(along @ self.items @ along)
        total = by_items + self.seeds
        parts = by_items**2 / self.item_degrees + self.seeds**2 / self.seed_degrees
        return total**2 / parts


def too_little(tests: Sequence[Sat]) -> Unmeasured | None:
    """Why nothing is said of tests: none, few seeds or few items; None when there is enough."""
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


def gaps(tests: Sequence[Sat], *, tail: float, against: Sequence[Sat] = ()) -> Gaps:
    """Both gaps over tests, with their errors.

    Args:
        tests: At least one; all with the same groups and seeds, which no two groups share.
        tail: Of one side of the interval that is to come.
        against: The same tests as sat by students of another generator; without it, the base.

    Returns:
        Gaps whose variance is that of items (paired over all models, by clusters) and that of seeds
        (of each group's means, n - 1 below); models that differ on no item have the width that
        Tango's interval gives no discordant pair, not none.
    """
    z2, share = normal_quantile(tail) ** 2, 1 / len(tests)
    means, covariance, doubt, numbers = np.zeros(4), np.zeros((4, 4)), 0.0, []
    for test, other in zip(tests, against or tests, strict=True):
        held = _of_all(other) if against else test.base
        columns = np.stack([_of_all(test), held, test.base, test.reference], axis=1)
        totals = cluster_totals(columns, test.clusters)
        means += share * totals.means
        covariance += share**2 * totals.covariance
        doubt += share**2 * z2 / (totals.groups + z2) ** 2  # Tango's width without discordance
        numbers.append(totals.groups)
    variances, degrees = zip(
        *(part for side in (tests, against) if side for part in _of_seeds(side)), strict=True
    )
    spread = sum(v**2 / df for v, df in zip(variances, degrees, strict=True))
    taught, reference = _CONTRASTS @ means
    return Gaps(
        taught=float(taught),
        reference=float(reference),
        items=_CONTRASTS @ covariance @ _CONTRASTS.T
        + doubt * (_NOBODY_SHARED if against else _BASE_SHARED),
        seeds=sum(variances),
        item_degrees=min(numbers) - 1,
        seed_degrees=sum(variances) ** 2 / spread if spread else 1.0,
        n=min(numbers),
    )


def fieller(found: Gaps, *, level: float) -> Estimate | Unmeasured:
    """The first gap in percent of the second, with Fieller's interval.

    Student's t has Satterthwaite's degrees of freedom, few where the seeds weigh.

    Args:
        found: Both.
        level: Two-sided, equal-tailed level in (0, 1).

    Returns:
        The estimate; or `Unmeasured` where the reference is not clearly better than the base: its
        one-sided bound at (1 + level) / 2 is not above 0.

    References:
        Fieller (1954), JRSS B 16, 175-185; Satterthwaite (1946).
    """
    error = math.sqrt(float(found.items[1, 1]))
    if found.reference - t_quantile(tail_of(level), found.item_degrees) * error <= 0:
        return Unmeasured(
            f"the reference scores {found.reference:+.3f} (standard error {error:.3f}) beside the "
            "base, which is not clearly better: there is no gap to recover",
            Cause.UNDERPOWERED,
        )
    arms = AdjustedArms(
        treatment=found.taught,
        control=found.reference,
        treatment_variance=float(found.items[0, 0]) + found.seeds,
        control_variance=float(found.items[1, 1]),
        covariance=float(found.items[0, 1]),
        difference_variance=0.0,
        degrees_of_freedom=found.degrees,
        n=found.n,
        dropped=(),
    )
    how = Reporting(
        critical=t_quantile(tail_of(level), found.degrees),
        level=level,
        unit="number",
        name=f"t with {found.degrees:.1f} degrees of freedom over items and seeds",
    )
    said = quotient(arms, how, method="gaps")
    if isinstance(said, Unmeasured):
        return Unmeasured(
            f"with {found.degrees:.1f} degrees of freedom the gap to the reference is not clearly "
            "above 0: train with more seeds",
            Cause.UNDERPOWERED,
        )
    return in_percent(said)


def in_percent(found: Estimate) -> Estimate:
    """A quotient as a percentage."""
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


def _of_all(test: Sat) -> Floats:
    """Mean score of all groups, which count alike, on each item."""
    return np.asarray(np.mean([group.mean(axis=0) for group in test.taught], axis=0))


def _of_seeds(tests: Sequence[Sat]) -> list[tuple[float, int]]:
    """What each group's seeds add to the variance of the mean over groups; degrees of freedom."""
    groups = len(tests[0].taught)
    found = []
    for group in range(groups):
        by_seed = np.mean([test.taught[group].mean(axis=1) for test in tests], axis=0)
        own = float(np.var(by_seed, ddof=1)) / len(by_seed)
        found.append((own / groups**2, len(by_seed) - 1))
    return found
