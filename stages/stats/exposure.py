"""How units come into an A/B day by day, and how much information its looks will have."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from stages.stats.score_walk import CLOSEST
from stages.stats.sequential import (
    OBRIEN_FLEMING,
    Spending,
    bonferroni_bounds,
    lan_demets_bounds,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Exposure:
    """Distinct units of the compared arms that have come by the end of each day.

    Attributes:
        by_day: Units up to the end of day 1, 2, ...; above 0, never falling. A day's units come
            evenly over it.
    """

    by_day: tuple[float, ...]

    def __post_init__(self) -> None:
        curve = (0.0, *self.by_day)
        if not self.by_day or not self.by_day[0] > 0 or not self.by_day[-1] < math.inf:
            raise ValueError("units must come on the first day, and be finitely many")
        if not all(before <= after for before, after in pairwise(curve)):
            raise ValueError("distinct units so far cannot become fewer")

    def units_at(self, day: float) -> float:
        """Units that have come by a time in days since the start; the last day's after its end."""
        if day <= 0:
            return 0.0
        whole = int(day)
        if whole >= len(self.by_day):
            return self.by_day[-1]
        before = self.by_day[whole - 1] if whole else 0.0
        return before + (day - whole) * (self.by_day[whole] - before)

    def day_of(self, units: float) -> float | None:
        """When this many units have come, in days; None when they do not within the curve."""
        curve = (0.0, *self.by_day)
        for day, (before, after) in enumerate(pairwise(curve)):
            if after >= units:
                return day + (units - before) / (after - before) if after > before else float(day)
        return None


def steady_exposure(daily: float, *, returning: float, days: int) -> Exposure:
    """Units of a fixed population, each of which comes on any day with the same probability.

    Day d brings units x (1 - returning)^(d - 1) new ones. Real units differ in how often they come,
    so that the real curve rises for longer: a measured one is better.

    Args:
        daily: Distinct units of a day, above 0.
        returning: Share of a day's units that come again on the next day, in [0, 1].
        days: How far the curve goes, at least 1.

    Raises:
        ValueError: A number out of range.
    """
    if not 0 < daily < math.inf or not 0 <= returning <= 1 or days < 1:
        raise ValueError(f"{daily} units a day, {returning} returning, {days} days")
    by_day, total = [], 0.0
    for day in range(days):
        total += daily * (1 - returning) ** day
        by_day.append(total)
    return Exposure(by_day=tuple(by_day))


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """When an A/B is looked at.

    Attributes:
        days: Days of its looks since the first exposure, increasing; the last one ends it.
        minimum_days: Looks before it spend nothing.
        window_days: A unit enters when its attribution window has closed; 0: values still grow, and
            each look gets only the alpha that it spends itself.
    """

    days: tuple[float, ...]
    minimum_days: float = 7.0
    window_days: float = 0.0

    def __post_init__(self) -> None:
        if not self.days or any(a >= b for a, b in pairwise((0.0, *self.days))):
            raise ValueError(f"looks are above 0 and increasing, not {self.days}")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedLooks:
    """The looks that can decide, and what each of them may spend.

    Attributes:
        information: Share of the planned units at each look, above 0 and increasing.
        days: Day of each.
        alpha: One-sided error of all looks together, in (0, 1).
        spending: The spending function; the last look spends all that is left.
        spends: Whether each look may cross.
        values_final: Whether values are final (Lan and DeMets), or still grow (Bonferroni).
    """

    information: tuple[float, ...]
    days: tuple[float, ...]
    alpha: float
    spending: Spending = OBRIEN_FLEMING
    spends: tuple[bool, ...]
    values_final: bool = True

    def __post_init__(self) -> None:
        if not len(self.information) == len(self.days) == len(self.spends) > 0:
            raise ValueError("every look has its information, its day and whether it spends")
        if any(b - a < CLOSEST * b for a, b in pairwise((0.0, *self.information))):
            raise ValueError(f"information must increase from look to look, not {self.information}")
        if not 0 < self.alpha < 1:
            raise ValueError(f"alpha must lie between 0 and 1, not {self.alpha}")

    @property
    def bounds(self) -> tuple[float | None, ...]:
        """What z must exceed at each look; None where it cannot decide."""
        bounds = lan_demets_bounds if self.values_final else bonferroni_bounds
        return bounds(
            self.information,
            alpha=self.alpha,
            spending=self.spending,
            spends=self.spends,
            spend_all_at_last=True,
        )


def one_look(alpha: float, *, day: float = 1.0) -> PlannedLooks:
    """A fixed design: everything is spent at the planned number of units."""
    return PlannedLooks(information=(1.0,), days=(day,), alpha=alpha, spends=(True,))


def planned_looks(
    schedule: Schedule,
    exposure: Exposure,
    planned_units: float,
    *,
    alpha: float,
    spending: Spending = OBRIEN_FLEMING,
) -> PlannedLooks | None:
    """The looks of a schedule when units come as said.

    Looks without new units (less than 0.1 % more) are left out, as are those after the planned
    units are in: the first look with all of them, after the minimum run time, ends the A/B.

    Returns:
        The looks, or None when no unit's window has closed by the last of them.
    """
    shares, days = list[float](), list[float]()
    for day in schedule.days:
        share = exposure.units_at(day - schedule.window_days) / planned_units
        last = shares[-1] if shares else 0.0
        if share - last >= CLOSEST * share > 0:
            shares.append(share)
            days.append(day)
        if share >= 1 and day >= schedule.minimum_days:
            break
    if not shares:
        return None
    return PlannedLooks(
        information=tuple(shares),
        days=tuple(days),
        alpha=alpha,
        spending=spending,
        spends=_may_spend(days, schedule.minimum_days),
        values_final=schedule.window_days > 0,
    )


def _may_spend(days: Sequence[float], minimum: float) -> tuple[bool, ...]:
    return tuple(day >= minimum for day in days)
