"""Counts and moments of disjoint sets of units, put together without reading the units."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Annotated

from pydantic import BeforeValidator, PlainSerializer, TypeAdapter

from policies.canonical import Json

SAME = 1e-9
"""Relative to what was summed: means of one and the same value differ by no more."""

Number = Annotated[
    float,
    BeforeValidator(lambda said: math.nan if said is None else said),
    PlainSerializer(lambda number: number if math.isfinite(number) else None),
]
"""A number that may be none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """One metric's columns in some units of one arm; what is no finite number is NaN.

    Attributes:
        n: Units whose window has closed.
        seen: Of each of the k columns: units of which an event had a value.
        about: Of each column a number near its mean.
        beyond: How far its mean lies beyond that; apart they hold more digits than their sum.
        scatter: Sums of products of two deviations from the means, shape (k, k).
        third: Sums of products of three, of the columns that make the metric's value, in the
            order of `combinations_with_replacement`.
    """

    n: int
    seen: tuple[int, ...]
    about: tuple[Number, ...]
    beyond: tuple[Number, ...]
    scatter: tuple[tuple[Number, ...], ...]
    third: tuple[Number, ...]

    @property
    def mean(self) -> tuple[float, ...]:
        """Of each column."""
        return tuple(a + b for a, b in zip(self.about, self.beyond, strict=True))

    @property
    def columns(self) -> int:
        """Columns that make the metric's value: 2 of a ratio."""
        return 1 if len(self.third) == 1 else 2

    def __add__(self, other: "Spread") -> "Spread":
        """Of the units of both, which share none.

        Values that are one and the same in both have no scatter, however their means were rounded:
        a spread made of rounding would make any difference look certain.

        References:
            Pebay (2008), eq. 3.1 and its like for three columns; never sums of squares.
        """
        if not self.n or not other.n:
            return self if self.n else other
        n, places = self.n + other.n, range(len(self.about))
        gap = [self._gap(other, i) for i in places]
        half = self.n * other.n / n
        return Spread(
            n=n,
            seen=tuple(a + b for a, b in zip(self.seen, other.seen, strict=True)),
            about=self.about,
            beyond=tuple(a + d * (other.n / n) for a, d in zip(self.beyond, gap, strict=True)),
            scatter=tuple(
                tuple(
                    self.scatter[i][j] + other.scatter[i][j] + gap[i] * gap[j] * half
                    for j in places
                )
                for i in places
            ),
            third=self._third(other, gap),
        )

    def _gap(self, other: "Spread", i: int) -> float:
        gap = (other.about[i] - self.about[i]) + (other.beyond[i] - self.beyond[i])
        constant = self.scatter[i][i] == other.scatter[i][i] == 0
        size = abs(self.about[i]) + abs(self.beyond[i])
        return 0.0 if constant and abs(gap) <= SAME * size else gap

    def _third(self, other: "Spread", gap: Sequence[float]) -> tuple[float, ...]:
        n, found = self.n + other.n, []
        for number, (a, b, c) in enumerate(triples(self.columns)):
            total = self.third[number] + other.third[number]
            total += gap[a] * gap[b] * gap[c] * self.n * other.n * (self.n - other.n) / n**2
            for alone, one, two in ((a, b, c), (b, a, c), (c, a, b)):
                lever = self.n * other.scatter[one][two] - other.n * self.scatter[one][two]
                total += gap[alone] * lever / n
            found.append(total)
        return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """What is told of a set of units.

    Attributes:
        counts: Units, by the names of `Figures.counts`.
        arms: By arm and metric; an arm of which no unit's window has closed is not there.
    """

    counts: Mapping[str, int]
    arms: Mapping[str, Mapping[str, Spread]]

    def __add__(self, other: "Totals") -> "Totals":
        """Of the units of both, which share none."""
        names = {*self.counts, *other.counts}
        arms = {**other.arms, **self.arms}
        for arm in self.arms.keys() & other.arms.keys():
            mine, theirs = self.arms[arm], other.arms[arm]
            arms[arm] = {metric: mine[metric] + theirs[metric] for metric in mine}
        return Totals(
            counts={name: self.counts.get(name, 0) + other.counts.get(name, 0) for name in names},
            arms=arms,
        )


NOBODY = Totals(counts={}, arms={})


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerTotals:
    """What is told of each layer of a state.

    Attributes:
        open: At the state's moment, of units of which something may still change.
        settled: Of units that are done with, and were not reopened.
    """

    open: Totals
    settled: Totals

    @property
    def together(self) -> Totals:
        """Of all units."""
        return self.settled + self.open


def triples(columns: int) -> tuple[tuple[int, int, int], ...]:
    """Which three of the columns that make a value are multiplied, in order."""
    return tuple((a, b, c) for a, b, c in combinations_with_replacement(range(columns), 3))


def skewness(found: Spread) -> float | None:
    """Third standardised moment of a metric's values, of a ratio's linearised ones, if it has one.

    None with fewer than two units, without variance, and where it is not finite.
    """
    if found.n < 2:  # noqa: PLR2004 - one unit has no variance
        return None
    k = found.columns
    weights = [1.0] if k == 1 else [1.0, -found.mean[0] / (found.mean[1] or math.inf)]
    third = variance = 0.0
    for number, (a, b, c) in enumerate(triples(k)):
        orders = len({(a, b, c), (b, c, a), (c, a, b), (a, c, b), (b, a, c), (c, b, a)})
        third += orders * weights[a] * weights[b] * weights[c] * found.third[number] / found.n
    for a in range(k):
        for b in range(k):
            variance += weights[a] * weights[b] * found.scatter[a][b] / found.n
    value = third / variance**1.5 if variance > 0 else math.inf
    return value if math.isfinite(value) else None


def as_json(totals: LayerTotals | None) -> Json:
    """As JSON, which has no NaN: null."""
    said: Json = _CODEC.dump_python(totals, mode="json")
    return said


def from_json(said: Json) -> LayerTotals | None:
    """The totals that `as_json` wrote.

    Raises:
        ValueError: It did not.
    """
    return _CODEC.validate_python(said)


_CODEC: TypeAdapter[LayerTotals | None] = TypeAdapter(LayerTotals | None)
