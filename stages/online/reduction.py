"""Events to unit state to arm moments at one look; no row of a unit is ever in Python."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from policies.online import OnlineMetric, OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.online.arms import arms_of
from stages.online.look_data import LookData, MetricArms, PhaseUnits, SegmentArms
from stages.online.parts import Part
from stages.online.sources import Tables
from stages.online.tables import ARM, CHALLENGER, CHAMPION, UNIT, Traffic, rows
from stages.online.unit_folder import UnitFolder
from stages.online.unit_moments import Figures, count
from stages.online.unit_quantiles import Ranked
from stages.online.unit_state import UnitState, from_scratch
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
        (counts,) = self._rows(figures.counts(self.state.units))
        arms, plan = self.ab.arms, self.ab.plan
        both = (arms.champion, arms.challenger)
        triggered = tuple(count(counts, f"{arm}/triggered") for arm in both)
        return LookData(
            day=self.day,
            champion_units=count(counts, f"{arms.champion}/exposed"),
            challenger_units=count(counts, f"{arms.challenger}/exposed"),
            metrics=self._metrics(figures),
            phases=tuple(
                PhaseUnits(
                    from_day=phase.from_day,
                    champion_units=count(counts, f"{arms.champion}/phase_{n}"),
                    challenger_units=count(counts, f"{arms.challenger}/phase_{n}"),
                )
                for n, phase in enumerate(plan.ramp)
            ),
            triggered=(triggered[0], triggered[1]) if plan.trigger is not None else None,
            excluded_units=count(counts, "excluded"),
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
        caps = {}
        for name, metric in self.ab.plan.metrics.items():
            cap = self._cap(bare, name, metric)
            if cap is not None:
                caps[name] = cap
        return replace(bare, caps=caps)

    def _cap(self, bare: Figures, name: str, metric: OnlineMetric) -> float | None:
        if metric.winsorize is None:
            return metric.cap
        units = bare.analysed(self.state.units)
        units = units.filter(bare.closed(units, name))
        return self._ranked(units.select(value=bare.value(units, name, name))).at(metric.winsorize)

    def _metrics(self, figures: Figures) -> tuple[MetricArms, ...]:
        rows = self._rows(figures.moments(self.state.units)) if figures.metrics else []
        found = {str(row[ARM]): row for row in rows}
        arms = self.ab.arms
        pair = found.get(arms.champion), found.get(arms.challenger)
        return tuple(
            self._quantile(figures, name, metric.quantile)
            if metric.quantile is not None
            else figures.arms(name, *pair)
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
        values = self._frequent(figures, number)
        table = figures.moments(self.state.units, by=number, values=values)
        found = {(row["segment"], str(row[ARM])): row for row in self._rows(table)}
        seen = [value for value in (*values, None) if any(value == key[0] for key in found)]
        for value in seen:
            pair = tuple(
                found.get((value, arm)) for arm in (self.ab.arms.champion, self.ab.arms.challenger)
            )
            yield SegmentArms(
                column=self.ab.plan.segments[number],
                value=OTHERS if value is None else value,
                metrics=tuple(
                    MetricArms(metric=name, champion=NO_QUANTILE, challenger=NO_QUANTILE)
                    if metric.quantile is not None
                    else figures.arms(name, pair[0], pair[1], skew=False)
                    for name, metric in self.ab.plan.metrics.items()
                ),
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
