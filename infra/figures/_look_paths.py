"""Paths of A/Bs that are looked at again and again, held against the bounds of their looks."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from stages.stats.sequential import OBRIEN_FLEMING, Spending, lan_demets_bounds

ALPHA, PLANNED = 0.025, 200_000
"""One-sided alpha, and units planned."""

FIXED_DRIFT = 1.959964 + 0.841621
"""Expected z at the end at which a fixed sample has power 0.80."""

AT_ONCE = 20_000
"""Paths that are held in memory at a time."""

Table = NDArray[np.float64]
Flags = NDArray[np.bool_]
Generator = np.random.Generator


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """When an A/B is looked at, and what its looks may spend.

    Attributes:
        name: What is particular about it.
        units: Units of both arms at each look, even numbers; a look at which there are no more than
            before spends nothing.
        skipped: Number of first looks that are before the minimum run time.
        spending: The spending function.
    """

    name: str
    units: tuple[int, ...]
    skipped: int = 0
    spending: Spending = OBRIEN_FLEMING

    @property
    def information(self) -> tuple[float, ...]:
        """Share of the planned units at each look."""
        return tuple(units / PLANNED for units in self.units)

    @property
    def grows(self) -> tuple[bool, ...]:
        """Whether each look brings more units than all before it."""
        most = (0, *accumulate(self.units, max))
        return tuple(units > before for units, before in zip(self.units, most, strict=False))

    def bounds(self, *, alpha: float = ALPHA) -> Table:
        """The bound of each look, infinite where it cannot decide; each is found as it comes."""
        counted: list[float] = []
        may: list[bool] = []
        found = []
        for number, (share, grew) in enumerate(zip(self.information, self.grows, strict=True)):
            counted += [share] if grew else []
            may += [number >= self.skipped] if grew else []
            bounds = lan_demets_bounds(
                counted,
                alpha=alpha,
                spending=self.spending,
                spends=may,
                spend_all_at_last=number == len(self.units) - 1,
            )
            bound = bounds[-1] if grew else None
            found.append(math.inf if bound is None else bound)
        return np.array(found)

    def scores(
        self, paths: int, random: Generator, *, drift: float = 0.0, metrics: int = 1
    ) -> Table:
        """Z of independent metrics at each look, shape (paths, metrics, looks).

        A look that brings nothing new sees what the one before it saw.
        """
        seen = np.maximum.accumulate(np.array(self.information))
        gains = np.diff(seen, prepend=0.0)
        steps = random.standard_normal((paths, metrics, len(gains))) * np.sqrt(gains)
        walks: Table = (steps + drift * gains).cumsum(axis=2) / np.sqrt(seen)
        return walks


def designs(looks: int) -> tuple[Design, ...]:
    """Looks in even steps, in uneven ones, and with too many, too few, fewer and no units."""
    steps = np.arange(1, looks + 1) / looks
    late = np.append(0.97 * np.arange(1, looks) / (looks - 1), 1.15)
    falls = steps.copy()
    falls[looks // 2] = steps[looks // 2 - 1] - 0.5 / looks
    return (
        Design(name="even", units=_units(steps)),
        Design(name="slow start", units=_units(steps**1.7)),
        Design(name="fast start", units=_units(1 - (1 - steps) ** 1.7)),
        Design(name="overrun", units=_units(late)),
        Design(name="underrun", units=_units(0.85 * steps)),
        Design(name="a look falls", units=_units(falls)),
        Design(name="minimum run time", units=_units(steps), skipped=looks // 2),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Rates:
    """How often something happens, of how many paths.

    Attributes:
        shares: Share of the paths by what happens.
        paths: Number of paths.
    """

    shares: Mapping[str, float]
    paths: int

    def error(self, name: str) -> float:
        """Monte Carlo error of a share."""
        share = self.shares[name]
        return math.sqrt(max(share * (1 - share), 1 / self.paths) / self.paths)


def chunks(paths: int) -> Iterator[int]:
    """Sizes in which so many paths are drawn."""
    for done in range(0, paths, AT_ONCE):
        yield min(AT_ONCE, paths - done)


def error_rates(design: Design, paths: int, *, seed: int = 1) -> Rates:
    """How often a design errs, out of that many paths each.

    `crosses`: the primary without an effect crosses at some look. `ships`: the same, and at that
    look a guardrail passes that is four standard errors (at the end) inside its margin. `at margin`
    and `at margin, sure`: a primary with power 0.80, or one that always crosses, ships with its
    guardrail exactly at the margin. `misses`: some look's repeated 95 % interval misses the truth.
    `naive`: some look's z exceeds 1.96. A stop for harm, which only takes SHIPs away, is left out.
    """
    random, bounds = np.random.default_rng(seed), design.bounds()
    may = np.array(design.grows) & (np.arange(len(design.units)) >= design.skipped)
    counts = dict.fromkeys(RATES, 0)
    for size in chunks(paths):
        null, other = design.scores(size, random, metrics=2).transpose(1, 0, 2)
        powered = design.scores(size, random, drift=FIXED_DRIFT)[:, 0]
        inside = other + 4 * np.sqrt(np.maximum.accumulate(design.information))
        crosses, at_margin = null > bounds, other > bounds
        found = {
            "crosses": crosses,
            "ships": crosses & (inside > bounds),
            "at margin": (powered > bounds) & at_margin,
            "at margin, sure": at_margin,
            "misses": np.abs(null) > bounds,
            "naive": (null > _NAIVE) & may,
        }
        for name, flags in found.items():
            counts[name] += int(flags.any(axis=1).sum())
    return Rates(shares={name: n / paths for name, n in counts.items()}, paths=paths)


RATES = ("crosses", "ships", "at margin", "at margin, sure", "misses", "naive")
"""What `error_rates` counts, in its order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Power:
    """What a design finds of an effect that a fixed sample of its size finds with power 0.80.

    Attributes:
        power: Probability to cross.
        sample: Mean share of the planned units at which it ends.
    """

    power: float
    sample: float


def power_of(design: Design, paths: int, *, seed: int = 2) -> Power:
    """Power and mean sample of a design under the effect that it was planned for."""
    random, bounds = np.random.default_rng(seed), design.bounds()
    share, found, sample = np.array(design.information), 0, 0.0
    for size in chunks(paths):
        crossed = design.scores(size, random, drift=FIXED_DRIFT)[:, 0] > bounds
        ever = crossed.any(axis=1)
        found += int(ever.sum())
        sample += float(share[np.where(ever, crossed.argmax(axis=1), len(share) - 1)].sum())
    return Power(power=found / paths, sample=sample / paths)


def _units(shares: Table) -> tuple[int, ...]:
    return tuple(2 * round(float(share) * PLANNED / 2) for share in shares)


_NAIVE = 1.959964
"""The quantile that a look without any correction would use."""
