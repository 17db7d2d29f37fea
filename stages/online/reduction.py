"""Events to unit state to arm moments at one look; no row of a unit is ever in Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.online.arms import arms_of
from stages.online.look_data import LookData, MetricArms, PhaseUnits, SegmentArms
from stages.online.parts import Part
from stages.online.sources import Tables
from stages.online.tables import ARM, CHALLENGER, CHAMPION, UNIT, Traffic, rows
from stages.online.unit_folder import UnitFolder
from stages.online.unit_moments import Figures, Row
from stages.online.unit_quantiles import Ranked
from stages.online.unit_state import UnitState, from_scratch
from stages.online.unit_sums import Totals
from stages.online.units import Ab, segment

if TYPE_CHECKING:
    from ibis import Table

    from stages.stats.quantiles import QuantileArm

SEGMENTS_AT_MOST = 50
"""Values of a segment's column that stand for themselves; the rest are put together."""

OTHERS = "(all others)"
"""What the rest are called."""

NO_QUANTILE = Unmeasured("quantiles are not computed by segment")


def reduce_look(  # noqa: PLR0913 - what a look is made of
    traffic: Traffic,
    tables: Tables,
    *,
    known_as: str,
    plan: OnlinePlan,
    start: datetime,
    day: float,
    folder: UnitFolder | None = None,
) -> LookData:
    """Both arms as they stood `day` days after the first exposure.

    A unit belongs to the arm it was first shown; one that stands in two arms of the A/B is left
    out. Its events count from its entry (its first exposure, or its trigger) until its attribution
    window closes (without a window: until the look). Only units whose window has closed enter the
    moments, so that a unit's value is final.

    Args:
        traffic: Both tables.
        tables: Where they stand.
        known_as: Name of the candidate in them.
        plan: The plan.
        start: First exposure of the A/B.
        day: Day of the look.
        folder: Where the state of units is kept between looks, so that a look reads only what came
            after the one before; None: everything is read.

    Raises:
        InputError: The traffic cannot be read.
    """
    ab = Ab(plan=plan, arms=arms_of(plan, known_as), start=start)
    held = from_scratch if folder is None else folder.state
    with held(traffic, tables, ab, day) as state:
        return _Taking(tables=tables, ab=ab, day=day, parts=traffic.parts, state=state).look()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taking:
    """One look being reduced."""

    tables: Tables
    ab: Ab
    day: float
    parts: tuple[Part, ...]
    state: UnitState

    def look(self) -> LookData:
        """What is told of both arms."""
        figures = self._figures()
        totals = self.state.totals
        if totals is None:
            totals = figures.totals(self.state.units, self._rows)
        counts = totals.counts
        arms, plan = self.ab.arms, self.ab.plan
        both = (arms.champion, arms.challenger)
        triggered = tuple(counts.get(f"{arm}/triggered", 0) for arm in both)
        return LookData(
            day=self.day,
            champion_units=counts.get(f"{arms.champion}/exposed", 0),
            challenger_units=counts.get(f"{arms.challenger}/exposed", 0),
            metrics=self._metrics(figures, totals),
            phases=tuple(
                PhaseUnits(
                    from_day=phase.from_day,
                    champion_units=counts.get(f"{arms.champion}/phase_{n}", 0),
                    challenger_units=counts.get(f"{arms.challenger}/phase_{n}", 0),
                )
                for n, phase in enumerate(plan.ramp)
            ),
            triggered=(triggered[0], triggered[1]) if plan.trigger is not None else None,
            excluded_units=counts.get("excluded", 0),
            segments=tuple(
                found
                for number in range(len(plan.segments))
                for found in self._segments(figures, number)
            ),
            rows_read=self.state.rows_read,
        )

    def _figures(self) -> Figures:
        """The figures of the look; units' values are cut where the plan says so."""
        bare = Figures(ab=self.ab, parts=self.parts, until=self.ab.at(self.day))
        cut = {
            name: self._cap(bare, name, metric.winsorize)
            for name, metric in self.ab.plan.metrics.items()
            if metric.winsorize is not None
        }
        found = {name: cap for name, cap in cut.items() if cap is not None}
        return replace(bare, caps=found)

    def _cap(self, bare: Figures, name: str, level: float) -> float | None:
        units = bare.analysed(self.state.units)
        units = units.filter(bare.closed(units, name))
        return self._ranked(units.select(value=bare.value(units, name, name))).at(level)

    def _metrics(self, figures: Figures, totals: Totals) -> tuple[MetricArms, ...]:
        arms = self.ab.arms
        pair = totals.arms.get(arms.champion, {}), totals.arms.get(arms.challenger, {})
        return tuple(
            self._quantile(figures, name, metric.quantile)
            if metric.quantile is not None
            else figures.arms(name, pair[0].get(name), pair[1].get(name))
            for name, metric in self.ab.plan.metrics.items()
        )

    def _quantile(self, figures: Figures, name: str, level: float) -> MetricArms:
        events = self.state.values[figures.number(name)]
        units = figures.analysed(self.state.units)
        units = units.filter(figures.closed(units, name)).select(UNIT, ARM)
        found: list[QuantileArm | Unmeasured] = []
        for arm, said in ((self.ab.arms.champion, CHAMPION), (self.ab.arms.challenger, CHALLENGER)):
            mine = events.semi_join(units.filter(units[ARM] == arm), UNIT)
            found.append(self._ranked(mine).arm(level, said))
        return MetricArms(metric=name, champion=found[0], challenger=found[1])

    def _segments(self, figures: Figures, number: int) -> Iterator[SegmentArms]:
        """Both arms by the values of a column, the most frequent first."""
        values, arms = self._frequent(figures, number), self.ab.arms
        table = figures.segmented(self.state.units, number, values)
        rows = self._rows(figures.moments(table, by="segment"))
        found = {(row["segment"], str(row[ARM])): row for row in rows}
        for value in (*values, None):
            pair = found.get((value, arms.champion)), found.get((value, arms.challenger))
            if pair != (None, None):
                yield SegmentArms(
                    column=self.ab.plan.segments[number],
                    value=OTHERS if value is None else value,
                    metrics=tuple(
                        self._in_segment(figures, name, *pair) for name in self.ab.plan.metrics
                    ),
                )

    def _in_segment(
        self, figures: Figures, name: str, champion: Row | None, challenger: Row | None
    ) -> MetricArms:
        if self.ab.plan.metrics[name].quantile is not None:
            return MetricArms(metric=name, champion=NO_QUANTILE, challenger=NO_QUANTILE)
        return figures.arms(
            name,
            figures.spread(champion, name) if champion is not None else None,
            figures.spread(challenger, name) if challenger is not None else None,
            skew=False,
        )

    def _frequent(self, figures: Figures, number: int) -> tuple[str, ...]:
        units = figures.analysed(self.state.units)
        named = units.select(value=units[segment(number)].fill_null(""))
        sizes = named.group_by("value").aggregate(n=named.count())
        first = sizes.order_by([sizes["n"].desc(), sizes["value"]]).limit(SEGMENTS_AT_MOST)
        return tuple(str(row["value"]) for row in self._rows(first))

    def _ranked(self, values: "Table") -> Ranked:
        return Ranked(connection=self.state.connection, tables=self.tables, values=values)

    def _rows(self, table: "Table") -> list[Mapping[str, object]]:
        read = (self.tables.exposures, self.tables.events)
        return rows(table, self.state.connection, read=read)
