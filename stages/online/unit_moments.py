"""From the state of units to counts and moments of both arms: the other half of the reduction."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import combinations_with_replacement, pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from policies.online import OnlineKind
from stages.evidence.estimate import Cause, Unmeasured
from stages.online.look_data import MetricArms
from stages.online.parts import Part, columns_of
from stages.online.tables import ARM, instant
from stages.online.units import NONE, Ab, alive, segment, slot
from stages.stats.moments import Moments, from_summary

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import BooleanValue, Column, Scalar

Row = Mapping[str, object]
NO_CAPS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is computed of the state of units at one moment.

    Attributes:
        ab: The A/B.
        parts: The parts whose values the state holds.
        until: The moment.
        caps: Greatest value of a unit, by metric.
    """

    ab: Ab
    parts: tuple[Part, ...]
    until: datetime
    caps: Mapping[str, float] = field(default_factory=lambda: NO_CAPS)

    @property
    def metrics(self) -> tuple[str, ...]:
        """The metrics that have moments."""
        said = self.ab.plan.metrics.items()
        return tuple(name for name, metric in said if metric.kind is not OnlineKind.QUANTILE)

    def counts(self, state: "Table") -> "Table":
        """One row: units by arm, `A/exposed`, `A/triggered`, `A/phase_N`; and `excluded`."""
        both = state[ARM].isin([self.ab.arms.champion, self.ab.arms.challenger])
        one = both & ~state["crossed"] & ~state["excluded"]
        found = {"excluded": (both & state["excluded"]).sum()}
        for arm in (self.ab.arms.champion, self.ab.arms.challenger):
            mine = one & (state[ARM] == arm)
            found[f"{arm}/exposed"] = mine.sum()
            found[f"{arm}/triggered"] = (mine & self._enters(state)).sum()
            for n in range(len(self.ab.plan.ramp)):
                found[f"{arm}/phase_{n}"] = (mine & self._in_phase(state, n)).sum()
        return state.aggregate(**found)

    def analysed(self, state: "Table") -> "Table":
        """Units that enter the analysis."""
        units = alive(state, self.ab)
        return units.filter(self._enters(units))

    def closed(self, units: "Table", metric: str) -> "BooleanValue":
        """Whether a unit's value of a metric is final."""
        window = timedelta(days=self.ab.plan.window_of(metric))
        if window == NONE:
            return units["entered_at"].notnull()
        return units["entered_at"] <= instant(self.until - window)

    def value(self, units: "Table", metric: str, column: str) -> "Column":
        """A unit's value; 0 where it had no event."""
        import ibis

        value = units[slot(self.number(column))].fill_null(0.0)
        cap = self.caps.get(metric)
        if cap is None or column != metric:
            return value
        return ibis.ifelse((value > cap) & ~value.isnan(), cap, value)

    def number(self, column: str) -> int:
        """Place of a column among the parts."""
        return [part.name for part in self.parts].index(column)

    def moments(
        self, state: "Table", *, by: int | None = None, values: Sequence[str] = ()
    ) -> "Table":
        """A row per arm (and segment) with what `arms` reads, in two passes over the units.

        Never a difference of sums of squares; and around a mean of 1e8 even a running variance
        loses nine digits, so that values are centred first.

        Args:
            state: The units.
            by: Place of a segment in the plan.
            values: Its values that stand for themselves.
        """
        wide = self._wide(self.analysed(state), by, values)
        if self._where(wide, 0) is None:
            wide = wide.filter(wide["m0_closed"])
        keys = [ARM] if by is None else [ARM, "segment"]
        centres: dict[str, Scalar] = {}
        for i, metric in enumerate(self.metrics):
            for column in self._columns(i, metric):
                closed = self._where(wide, i)
                centres[f"{column}_centre"] = wide[column].mean(where=closed)
        both = wide.cross_join(wide.aggregate(**centres))
        both = both.mutate(
            **{
                column: both[column] - both[f"{column}_centre"]
                for i, metric in enumerate(self.metrics)
                for column in self._columns(i, metric)
            }
        )
        found: dict[str, Scalar] = {}
        for i, metric in enumerate(self.metrics):
            found |= self._aggregates(both, i, metric)
        return both.group_by(keys).aggregate(**found)

    def arms(
        self, metric: str, champion: Row | None, challenger: Row | None, *, skew: bool = True
    ) -> MetricArms:
        """A metric's arms in the rows of `moments`; None where an arm has no row."""
        read = _Reader(figures=self, metric=metric)
        rows = (champion, challenger)
        found = [
            read.moments(row, name)
            for row, name in zip(rows, ("champion", "challenger"), strict=True)
        ]
        skews = [read.skewness(row, one) for row, one in zip(rows, found, strict=True)]
        known = [skewness for skewness in skews if skewness is not None] if skew else []
        return MetricArms(
            metric=metric,
            champion=found[0],
            challenger=found[1],
            skewness=(known[0], known[1]) if len(known) == len(rows) else None,
        )

    def _wide(self, units: "Table", by: int | None, values: Sequence[str]) -> "Table":
        import ibis

        found: dict[str, Column] = {}
        for i, metric in enumerate(self.metrics):
            found[f"m{i}_closed"] = self.closed(units, metric)
            for j, column in enumerate(columns_of(self.ab.plan, metric)):
                found[f"m{i}_{j}"] = self.value(units, metric, column)
                found[f"m{i}_{j}_seen"] = units[slot(self.number(column))].notnull()
        if by is not None:
            text = units[segment(by)].fill_null("")
            found["segment"] = ibis.ifelse(text.isin(list(values)), text, ibis.null("string"))
        return units.select(units[ARM], **found)

    def _columns(self, i: int, metric: str) -> list[str]:
        return [f"m{i}_{j}" for j in range(len(columns_of(self.ab.plan, metric)))]

    def _where(self, wide: "Table", i: int) -> "BooleanValue | None":
        """Which units count for a metric; None: all that are left."""
        windows = {self.ab.plan.window_of(metric) for metric in self.metrics}
        return wide[f"m{i}_closed"] if len(windows) > 1 else None

    def _aggregates(self, both: "Table", i: int, metric: str) -> "dict[str, Scalar]":
        closed, columns = self._where(both, i), self._columns(i, metric)
        found = {f"m{i}_n": both.count(where=closed)}
        for j, column in enumerate(columns):
            found[f"{column}_about"] = both[f"{column}_centre"].max()
            found[f"{column}_mean"] = both[column].mean(where=closed)
            found[f"{column}_count"] = both[f"{column}_seen"].sum(where=closed)
            for k, other in enumerate(columns[: j + 1]):
                one, two = both[column], both[other]
                same = j == k
                found[f"m{i}_{k}{j}"] = (
                    one.var(how="sample", where=closed)
                    if same
                    else one.cov(two, how="sample", where=closed)
                )
        value = 2 if self.ab.plan.metrics[metric].denominator is not None else 1
        for a, b, c in combinations_with_replacement(range(value), 3):
            product = both[columns[a]] * both[columns[b]] * both[columns[c]]
            found[f"m{i}_{a}{b}{c}"] = product.mean(where=closed)
        return found

    def _enters(self, units: "Table") -> "BooleanValue":
        """Whether a unit was triggered (or needs no trigger), in a phase that is analysed."""
        found = units["entered_at"].notnull()
        for n, phase in enumerate(self.ab.plan.ramp):
            if not phase.analysed:
                found = found & ~self._in_phase(units, n)
        return found

    def _in_phase(self, units: "Table", number: int) -> "BooleanValue":
        """Whether a unit was first exposed in a phase of the ramp."""
        ends = [*(self.ab.at(phase.from_day) for phase in self.ab.plan.ramp), None]
        begins, ends_at = list(pairwise(ends))[number]
        assert begins is not None
        inside = units["first_at"] >= instant(begins)
        return inside if ends_at is None else inside & (units["first_at"] < instant(ends_at))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    """Reads one metric out of rows."""

    figures: Figures
    metric: str

    @property
    def _i(self) -> int:
        return self.figures.metrics.index(self.metric)

    @property
    def _names(self) -> tuple[str, ...]:
        return columns_of(self.figures.ab.plan, self.metric)

    @property
    def _below(self) -> int:
        """Number of columns that make the metric's value: 2 for a ratio."""
        return 2 if self.figures.ab.plan.metrics[self.metric].denominator is not None else 1

    def moments(self, row: Row | None, arm: str) -> Moments | Unmeasured:
        if row is None:
            return Unmeasured(f"the {arm} arm has no unit whose window has closed", Cause.WAITING)
        i, names = self._i, self._names
        n = count(row, f"m{i}_n")
        own = names[: self._below]
        silent = [name for j, name in enumerate(own) if not count(row, f"m{i}_{j}_count")]
        if silent and n:
            return Unmeasured(f"no unit of the {arm} arm has any value of {', '.join(silent)}")
        places = range(len(names))
        mean = [_sum(number(row, f"m{i}_{j}_about"), number(row, f"m{i}_{j}_mean")) for j in places]
        if self.figures.ab.plan.metrics[self.metric].kind is OnlineKind.PROPORTION:
            mean[0] = _share(mean[0])
        covariance = [[number(row, f"m{i}_{min(j, k)}{max(j, k)}") for k in places] for j in places]
        return from_summary(n, mean, covariance, names=names)

    def skewness(self, row: Row | None, moments: Moments | Unmeasured) -> float | None:
        """Of the value, of a ratio's linearised value; None without variance."""
        if row is None or isinstance(moments, Unmeasured) or moments.n < 2:  # noqa: PLR2004
            return None
        i, k = self._i, self._below
        shift = [number(row, f"m{i}_{j}_mean") or 0.0 for j in range(k)]
        share = (moments.n - 1) / moments.n
        second = [[share * moments.covariance[a][b] for b in range(k)] for a in range(k)]
        weights = [1.0] if k == 1 else [1.0, -moments.mean[0] / (moments.mean[1] or math.inf)]
        third = variance = 0.0
        for a, b, c in combinations_with_replacement(range(k), 3):
            raw = number(row, f"m{i}_{a}{b}{c}") or 0.0
            central = raw - shift[a] * shift[b] * shift[c]
            for one, two, left in ((a, b, c), (a, c, b), (b, c, a)):
                central -= shift[left] * second[one][two]
            orders = len({(a, b, c), (b, c, a), (c, a, b), (a, c, b), (b, a, c), (c, b, a)})
            third += orders * weights[a] * weights[b] * weights[c] * central
        for a in range(k):
            for b in range(k):
                variance += weights[a] * weights[b] * second[a][b]
        found = third / variance**1.5 if variance > 0 else math.inf
        return found if math.isfinite(found) else None


def count(row: Row, name: str) -> int:
    """A count of a row; 0 where the engine gave none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


def number(row: Row, name: str) -> float | None:
    """A number of a row; None where the engine gave none."""
    value = row[name]
    return float(value) if isinstance(value, int | float) else None


def _share(mean: float | None) -> float | None:
    """A mean of zeros and ones: centred values may sum to a little beyond them."""
    return None if mean is None else min(max(mean, 0.0), 1.0)


def _sum(a: float | None, b: float | None) -> float | None:
    return None if a is None or b is None else a + b
