"""From the state of units to counts and moments of both arms: the other half of the reduction."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from policies.online import OnlineKind
from stages.evidence.estimate import Cause, Unmeasured
from stages.online.look_data import MetricArms
from stages.online.parts import Part, columns_of
from stages.online.tables import ARM, CHALLENGER, CHAMPION, instant
from stages.online.unit_sums import Spread, Totals, skewness, triples
from stages.online.units import NONE, Ab, alive, segment, slot
from stages.stats.moments import Moments, from_summary

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import BooleanValue, Column, Scalar

Row = Mapping[str, object]
Run = Callable[["Table"], Sequence[Row]]
"""Gives the rows of a small table, which an engine computes."""

NO_CAPS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What is computed of the state of units at one moment.

    Attributes:
        ab: The A/B.
        parts: The parts whose values the state holds.
        until: The moment.
        caps: Greatest value of a unit, by metric, where the plan does not say it itself.
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

    def counts(self, state: "Table", *, by: str | None = None) -> "Table":
        """One row: units by arm, `A/exposed`, `A/triggered`, `A/phase_N`; and `excluded`.

        Args:
            state: The units.
            by: A column of theirs; a row for each of its values.
        """
        both = state[ARM].isin([self.ab.arms.champion, self.ab.arms.challenger])
        one = both & ~state["crossed"] & ~state["excluded"]
        found = {"excluded": (both & state["excluded"]).sum()}
        for arm in (self.ab.arms.champion, self.ab.arms.challenger):
            mine = one & (state[ARM] == arm)
            found[f"{arm}/exposed"] = mine.sum()
            found[f"{arm}/triggered"] = (mine & self._enters(state)).sum()
            for n in range(len(self.ab.plan.ramp)):
                found[f"{arm}/phase_{n}"] = (mine & self._in_phase(state, n)).sum()
        return state.aggregate(**found) if by is None else state.group_by(by).aggregate(**found)

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
        cap = self.caps.get(metric, self.ab.plan.metrics[metric].cap)
        if cap is None or column != metric:
            return value
        return ibis.ifelse((value > cap) & ~value.isnan(), cap, value)

    def number(self, column: str) -> int:
        """Place of a column among the parts."""
        return [part.name for part in self.parts].index(column)

    def segmented(self, state: "Table", number: int, values: Sequence[str]) -> "Table":
        """The units, and of which `segment` they are: NULL for all values but those named."""
        import ibis

        text = state[segment(number)].fill_null("")
        return state.mutate(segment=ibis.ifelse(text.isin(list(values)), text, ibis.null("string")))

    def moments(self, state: "Table", *, by: str | None = None) -> "Table":
        """A row per arm with what `spread` reads, in two passes over the units.

        Never a difference of sums of squares; and around a mean of 1e8 even a running variance
        loses nine digits, so that values are centred first.

        Args:
            state: The units.
            by: A column of theirs; a row for each of its values and each arm.
        """
        wide = self._wide(self.analysed(state), by)
        if self._where(wide, 0) is None:
            wide = wide.filter(wide["m0_closed"])
        keys = [ARM] if by is None else [ARM, by]
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

    def totals(self, units: "Table", run: Run) -> Totals:
        """What is told of units, in two queries."""
        (counts,) = run(self.counts(units))
        return self._told(counts, run(self.moments(units)) if self.metrics else ())

    def totals_by(self, units: "Table", by: str, run: Run) -> Mapping[object, Totals]:
        """The same of the units of each value of a column."""
        rows = run(self.moments(units, by=by)) if self.metrics else ()
        return {
            counts[by]: self._told(
                {name: number for name, number in counts.items() if name != by},
                [row for row in rows if row[by] == counts[by]],
            )
            for counts in run(self.counts(units, by=by))
        }

    def _told(self, counts: Row, rows: Sequence[Row]) -> Totals:
        return Totals(
            counts={name: count(counts, name) for name in counts},
            arms={
                str(row[ARM]): {metric: self.spread(row, metric) for metric in self.metrics}
                for row in rows
            },
        )

    def spread(self, row: Row, metric: str) -> Spread:
        """A metric in a row of `moments`."""
        i = self.metrics.index(metric)
        n, places = count(row, f"m{i}_n"), range(len(columns_of(self.ab.plan, metric)))
        shift = [_number(row, f"m{i}_{j}_mean") for j in places]
        below = max(n - 1, 0)
        scatter = [
            [_times(_number(row, f"m{i}_{min(a, b)}{max(a, b)}"), below) for b in places]
            for a in places
        ]
        found = []
        for a, b, c in triples(self._made_of(metric)):
            third = _number(row, f"m{i}_{a}{b}{c}") - shift[a] * shift[b] * shift[c]
            third = _times(third, below and n)
            for one, two, left in ((a, b, c), (a, c, b), (b, c, a)):
                third -= shift[left] * scatter[one][two]
            found.append(third)
        return Spread(
            n=n,
            seen=tuple(count(row, f"m{i}_{j}_count") for j in places),
            about=tuple(_number(row, f"m{i}_{j}_about") for j in places),
            beyond=tuple(shift),
            scatter=tuple(map(tuple, scatter)),
            third=tuple(found),
        )

    def arms(
        self, metric: str, champion: Spread | None, challenger: Spread | None, *, skew: bool = True
    ) -> MetricArms:
        """A metric's arms; None stands for an arm of which no unit's window has closed."""
        pair = (champion, challenger)
        read = [
            self._arm(metric, one, name)
            for one, name in zip(pair, (CHAMPION, CHALLENGER), strict=True)
        ]
        told = [
            skewness(one)
            for one, moments in zip(pair, read, strict=True)
            if skew and one is not None and isinstance(moments, Moments)
        ]
        known = [skewed for skewed in told if skewed is not None]
        return MetricArms(
            metric=metric,
            champion=read[0],
            challenger=read[1],
            skewness=(known[0], known[1]) if len(known) == len(pair) else None,
        )

    def _arm(self, metric: str, found: Spread | None, arm: str) -> Moments | Unmeasured:
        if found is None:
            return Unmeasured(f"the {arm} arm has no unit whose window has closed", Cause.WAITING)
        names = columns_of(self.ab.plan, metric)
        own = zip(names[: self._made_of(metric)], found.seen, strict=False)
        silent = [name for name, seen in own if not seen]
        if silent and found.n:
            return Unmeasured(f"no unit of the {arm} arm has any value of {', '.join(silent)}")
        mean = list(found.mean)
        if self.ab.plan.metrics[metric].kind is OnlineKind.PROPORTION:
            mean[0] = _share(mean[0])
        below = max(found.n - 1, 1)
        covariance = [[product / below for product in row] for row in found.scatter]
        return from_summary(found.n, mean, covariance, names=names)

    def _made_of(self, metric: str) -> int:
        """Number of columns that make the metric's value: 2 for a ratio."""
        return 2 if self.ab.plan.metrics[metric].denominator is not None else 1

    def _wide(self, units: "Table", by: str | None) -> "Table":
        found: dict[str, Column] = {}
        for i, metric in enumerate(self.metrics):
            found[f"m{i}_closed"] = self.closed(units, metric)
            for j, column in enumerate(columns_of(self.ab.plan, metric)):
                found[f"m{i}_{j}"] = self.value(units, metric, column)
                found[f"m{i}_{j}_seen"] = units[slot(self.number(column))].notnull()
        return units.select(*([ARM] if by is None else [ARM, by]), **found)

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
        for a, b, c in triples(self._made_of(metric)):
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


def count(row: Row, name: str) -> int:
    """A count of a row; 0 where the engine gave none."""
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _number(row: Row, name: str) -> float:
    """A number of a row; NaN where the engine gave none."""
    value = row[name]
    return float(value) if isinstance(value, int | float) else math.nan


def _times(value: float, count: int) -> float:
    """What one unit gives no sum of, whatever the engine says of it, is 0."""
    return value * count if count else 0.0


def _share(mean: float) -> float:
    """A mean of zeros and ones: centred values may sum to a little beyond them."""
    return mean if math.isnan(mean) else min(max(mean, 0.0), 1.0)
