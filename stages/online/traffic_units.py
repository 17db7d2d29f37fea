"""What units as a whole say of the data: two arms, repeats, and units that outweigh the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.online.parts import Part, Role
from stages.online.tables import AB, ARM, AT, UNIT, Traffic, instant, said
from stages.online.traffic_rules import CLOCK_SKEW, Asked, is_below

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import BooleanValue

EVENTS = "events"
"""Number of a unit's events, among the weights of units."""

TELLING, ABSURD = 0.01, 0.1
"""Share of all events, or of a metric's total, at which one unit is told, and refused."""

FAIR_SHARES = 20
"""A unit is never called heavy below this many times what an average unit has."""

REPEATS_WITHIN = timedelta(days=1)
"""Events are compared with each other since the look that was taken before, at least so long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Units:
    """Tables of one A/B, computed by nobody yet.

    Attributes:
        shown: Its exposures.
        every: unit, first_at, arms (how many), arm, excluded, of units exposed up to the look.
        events: Events of these units up to the look, with `first_at`.
    """

    shown: "Table"
    every: "Table"
    events: "Table"


def units_of(traffic: Traffic, asked: Asked) -> Units:
    """The tables of the A/B."""
    until, plan = instant(asked.period.until), asked.plan
    exposures = traffic.exposures
    shown = exposures.filter(exposures[AB] == asked.arms.experiment)
    seen = shown.filter((shown[AT] <= until) & shown[UNIT].notnull())
    every = seen.group_by(UNIT).aggregate(
        first_at=seen[AT].min(),
        arms=seen[ARM].nunique(),
        arm=seen[ARM].min(),
        excluded=_excluded(seen, plan).any(),
    )
    events = traffic.events.inner_join(every, UNIT)
    events = events.filter(events[AT].isnull() | (events[AT] <= until))
    return Units(shown=shown, every=every, events=events)


def by_arm(units: Units, phases: Sequence[datetime]) -> "Table":
    """Units of one arm that are not left out: arm, phase (its place), n.

    Args:
        units: The units.
        phases: When each phase of a ramp begins, in order; none without a ramp.
    """
    import ibis

    every = units.every
    one = every.filter((every["arms"] == 1) & ~every["excluded"])
    number = ibis.literal(0, "int32")
    for start in phases[1:]:
        number = number + (one["first_at"] >= instant(start)).cast("int32")
    placed = one.mutate(phase=number)
    return placed.group_by([ARM, "phase"]).aggregate(n=placed.count())


def crossing(units: Units) -> "Table":
    """Units that were shown two arms."""
    every = units.every
    return every.filter((every["arms"] > 1) & ~every["excluded"])


def repeated_exposures(units: Units) -> "Table":
    """Exposures that are there more than once: unit, at, arm, k."""
    shown = units.shown
    whole = shown.filter(shown[UNIT].notnull() & shown[AT].notnull())
    same = whole.group_by([UNIT, AT, ARM]).aggregate(k=whole.count())
    return same.filter(same["k"] > 1)


def compared_since(asked: Asked) -> datetime:
    """Since when events are compared: each of them is, at one look or another."""
    period = asked.period
    return min(period.since or period.start - CLOCK_SKEW, period.until - REPEATS_WITHIN)


def late_events(units: Units, asked: Asked) -> "Table":
    """Events since the look before, in which repeats and silence are looked for."""
    events = units.events
    return events.filter(events[AT] > instant(compared_since(asked)))


def repeated_events(units: Units, asked: Asked, parts: tuple[Part, ...]) -> "Table":
    """Events that are there more than once, in every value that is read: unit, at, arm, k."""
    late = late_events(units, asked)
    same = late.group_by([UNIT, AT, ARM, *(part.name for part in parts)]).aggregate(k=late.count())
    return same.filter(same["k"] > 1).select(UNIT, AT, ARM, "k")


def heard(units: Units) -> "Table":
    """Events since exposure of units of one arm that are not left out."""
    events = units.events
    one = (events["arms"] == 1) & ~events["excluded"]
    return events.filter(one & (events[AT] >= events["first_at"]))


def heavy(units: Units, asked: Asked, parts: tuple[Part, ...], *, share: float) -> "Table":
    """Units that outweigh the rest: of one, `weight` is more than a share of `total`.

    Columns: `unit`, `of` (events, or a metric's name), `weight`, `total`.

    Args:
        units: The units.
        asked: Whose.
        parts: What is read of the events.
        share: Of all events, or of a metric's total; or 20 times an average unit's part of it,
            where that is more.
    """
    import ibis

    weighed = _weights(units, asked.plan, parts)
    each = [
        weighed.select(UNIT, of=ibis.literal(name), weight=weighed[_weight(n)].cast("float64"))
        for n, name in enumerate(_weighed(asked.plan, parts))
    ]
    long = each[0] if len(each) == 1 else ibis.union(*each)
    totals = long.group_by("of").aggregate(total=long["weight"].sum(), n=long.count())
    found = long.inner_join(totals, "of")
    limit = ibis.greatest(ibis.literal(share), FAIR_SHARES / found["n"])
    return found.filter(found["weight"] > limit * found["total"]).select(
        UNIT, "of", "weight", "total"
    )


def _weights(units: Units, plan: OnlinePlan, parts: tuple[Part, ...]) -> "Table":
    events = units.events
    events = events.filter((events[AT] >= events["first_at"]) & ~events["excluded"])
    found = {_weight(0): events.count()}
    summed = {part.name: part for part in parts}
    for n, name in enumerate(_weighed(plan, parts)[1:], start=1):
        found[_weight(n)] = events[summed[name].name].sum().abs().fill_null(0.0)
    return events.group_by(UNIT).aggregate(**found)


def _weighed(plan: OnlinePlan, parts: tuple[Part, ...]) -> tuple[str, ...]:
    """What a unit's weight is taken of: a value that the plan cuts weighs nothing too much."""
    cut = {n for n, m in plan.metrics.items() if m.cap is not None or m.winsorize is not None}
    sums = (p.name for p in parts if p.role is Role.SUM and not is_below(p) and p.name not in cut)
    return (EVENTS, *sums)


def _weight(number: int) -> str:
    return f"weight_{number}"


def _excluded(seen: "Table", plan: OnlinePlan) -> "BooleanValue":
    """Whether the plan leaves the unit of an exposure out; an exposure that says nothing stays."""
    found = seen[UNIT].isnull()
    for column, values in plan.exclude.items():
        found = found | seen[said(column)].isin(values).fill_null(False)  # noqa: FBT003 - what stands for NULL
    return found
