"""Exact quantiles of events, with an error that counts units: no library's approximation."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stages.evidence.estimate import Cause, Unmeasured
from stages.online.sources import Tables
from stages.online.tables import UNIT, rows
from stages.stats.quantiles import QuantileArm

if TYPE_CHECKING:
    from ibis import Table

    from stages.online.backends import Backend

Z = 1.959963984540054
"""Half width of the interval whose ends tell the standard error, in standard errors."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """Values of a table, in order of size.

    Attributes:
        connection: The engine that computes.
        tables: What it reads.
        values: A table with the column `value`, without NULL.
    """

    connection: "Backend"
    tables: Tables
    values: "Table"

    def at(self, level: float) -> float | None:
        """The quantile, between neighbouring values in proportion; None without values.

        References:
            Hyndman & Fan (1996), definition 7, numpy's and DuckDB's.
        """
        (found,) = self.at_each((level,))
        return found

    def at_each(self, levels: Sequence[float]) -> tuple[float | None, ...]:
        """Several quantiles; levels between 0 and 1."""
        n = self._whole(self.values.aggregate(n=self.values.count()), "n")
        places = [(n - 1) * level for level in levels] if n else []
        ranks = sorted({whole for place in places for whole in (int(place), math.ceil(place))})
        size = self._of_rank(ranks)
        return tuple(
            size[int(place)] + (place - int(place)) * (size[math.ceil(place)] - size[int(place)])
            for place in places
        ) or (None,) * len(levels)

    def arm(self, level: float, name: str) -> QuantileArm | Unmeasured:
        """A quantile of an arm's events and its standard error, with units as clusters.

        The share of events at or below the quantile is a ratio of unit totals; its delta-method
        error says which outer quantiles lie 1.96 errors away, and their distance is 2 x 1.96
        standard errors of the quantile.

        Args:
            level: Which quantile.
            name: The arm's, for sentences.

        References:
            Deng, Knoblich & Lu (2018), section 4, with outer confidence intervals.
        """
        value = self.at(level)
        if value is None:
            return Unmeasured(f"no unit of the {name} arm has any event", Cause.WAITING)
        error = self._share_error(value)
        if error is None:
            return Unmeasured(f"the events of the {name} arm are of one unit", Cause.WAITING)
        if not Z * error < min(level, 1 - level):
            said = f"too few units of the {name} arm for the error of the quantile {level:g}"
            return Unmeasured(said, Cause.WAITING)
        low, high = self.at_each((level - Z * error, level + Z * error))
        assert low is not None
        assert high is not None
        spread = (high - low) / (2 * Z)
        if not (math.isfinite(value) and 0 < spread < math.inf):
            return Unmeasured(
                f"the values around the quantile {level:g} of the {name} arm are all {value:g}, "
                "which leaves its error unknown"
            )
        return QuantileArm(value=value, standard_error=spread, n=self._units())

    def _share_error(self, value: float) -> float | None:
        """Standard error of the share of events up to a value; None with fewer than two units."""
        events = self.values
        below = (events["value"] <= value).ifelse(1.0, 0.0)
        units = events.group_by(UNIT).aggregate(k=events.count().cast("float64"), b=below.sum())
        means = units.aggregate(mk=units["k"].mean(), mb=units["b"].mean())
        both = units.cross_join(means)
        gap = both["b"] - both["k"] * (both["mb"] / both["mk"])
        found = self._one(
            both.aggregate(n=both.count(), spread=gap.var(how="sample"), mean=both["k"].mean())
        )
        n, spread, mean = found["n"], found["spread"], found["mean"]
        if not isinstance(n, int) or not isinstance(spread, float) or not isinstance(mean, float):
            return None
        return math.sqrt(spread / n) / mean

    def _units(self) -> int:
        return self._whole(self.values.aggregate(n=self.values[UNIT].nunique()), "n")

    def _of_rank(self, ranks: Sequence[int]) -> dict[int, float]:
        """Value by place in order of size, from 0."""
        import ibis

        place = ibis.row_number().over(order_by=self.values["value"])
        placed = self.values.select(value=self.values["value"], place=place)
        wanted = placed.filter(placed["place"].isin(list(ranks))) if ranks else placed.limit(0)
        found = rows(wanted, self.connection, read=(self.tables.events,))
        return {int(str(row["place"])): float(str(row["value"])) for row in found}

    def _whole(self, table: "Table", name: str) -> int:
        value = self._one(table)[name]
        assert isinstance(value, int), f"the engine gave {value!r} for a count"
        return value

    def _one(self, table: "Table") -> Mapping[str, object]:
        (row,) = rows(table, self.connection, read=(self.tables.events,))
        return row
