"""From exposures and events to the state of units: one Ibis expression, which grows by day."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.online.arms import Arms
from stages.online.parts import Part, Role
from stages.online.tables import AB, ARM, AT, UNIT, Traffic, instant, said

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import BooleanValue, Column

NONE, NO = timedelta(0), False
WINDOWED = (Role.SUM, Role.ANY)
KEPT = (*WINDOWED, Role.BEFORE)
"""Parts of which a unit has one value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ab:
    """One A/B.

    Attributes:
        plan: Its plan.
        arms: How the exposures call it and its arms.
        start: Its first exposure, UTC; days are counted from it.
    """

    plan: OnlinePlan
    arms: Arms
    start: datetime

    def at(self, day: float) -> datetime:
        """The moment that many days after the first exposure."""
        return self.start + timedelta(days=day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A stretch of time.

    Attributes:
        since: Its beginning, not included; None: everything before `until`.
        until: Its end, included.
    """

    since: datetime | None = None
    until: datetime

    def holds(self, at: "Column") -> "BooleanValue":
        """Whether a moment lies in it."""
        inside = at <= instant(self.until)
        return inside if self.since is None else inside & (at > instant(self.since))


def slot(number: int) -> str:
    """Column of the state that holds the value of a part, by its place among the parts."""
    return f"part_{number}"


def segment(number: int) -> str:
    """Column of the state that holds a segment, by its place in the plan."""
    return f"segment_{number}"


def grown(traffic: Traffic, ab: Ab, span: Span, before: "Table | None" = None) -> "Table":
    """A row per unit that was shown any arm of the A/B.

    Columns: `unit`, `arm`, `crossed` (it was shown two arms), `excluded`, `first_at` (its first
    exposure), `entered_at` (NULL until it is triggered; without a trigger its first exposure),
    `segment_N`, and `part_N` for sums of its events so far inside the part's window, NULL where
    no event had a value. A unit that is left out has no sums.

    Args:
        traffic: Both tables.
        ab: The A/B.
        span: What is read of them: without `before` everything, else what came after it.
        before: The state at `span.since`.
    """
    units = _exposed(traffic, ab, span, before)
    units = _looked_back(traffic, ab, span, units)
    if ab.plan.trigger is not None:
        units = _triggered(traffic, ab, span, units)
    return _summed(traffic, ab, span, units)


def values_of(traffic: Traffic, ab: Ab, span: Span, state: "Table", part: Part) -> "Table":
    """The events' own values of one part, inside its window: `unit`, `value`."""
    joined = _inside(traffic, ab, span, state, (part,))
    return joined.filter(joined[part.name].notnull()).select(UNIT, value=joined[part.name])


def settled(units: "Table", traffic: Traffic, until: datetime) -> "BooleanValue":
    """Whether no later event can change a unit's values: every window of it has closed."""
    import ibis

    longest = _longest(part for part in traffic.parts if part.role in (*WINDOWED, Role.EACH))
    if longest == NONE:
        return ibis.literal(NO)
    return (units["entered_at"] <= instant(until - longest)).fill_null(NO)


def alive(units: "Table", ab: Ab) -> "Table":
    """Units of exactly one of the two arms, that are not excluded."""
    both = units[ARM].isin([ab.arms.champion, ab.arms.challenger])
    return units.filter(both & ~units["crossed"] & ~units["excluded"])


def left_out(shown: "Table", ab: Ab) -> "BooleanValue":
    """Whether an exposure says that its unit is left out."""
    import ibis

    found: BooleanValue = ibis.literal(NO)
    for name, values in ab.plan.exclude.items():
        found = found | shown[said(name)].isin(values).fill_null(NO)
    return found


def microseconds(length: timedelta) -> object:
    """A length of time in an expression."""
    import ibis

    return ibis.interval(microseconds=round(length / timedelta(microseconds=1)))


def _exposed(traffic: Traffic, ab: Ab, span: Span, before: "Table | None") -> "Table":
    """Every unit; those of `before` keep what they had."""
    import ibis

    fresh = _first_seen(traffic, ab, span)
    blank = {name: ibis.null("float64") for name in _slots(traffic.parts, KEPT)}
    entered = ibis.null("timestamp('UTC')") if ab.plan.trigger is not None else fresh["first_at"]
    new = fresh.mutate(
        arm=fresh["low"], crossed=fresh["low"] != fresh["high"], entered_at=entered, **blank
    ).drop("low", "high")
    if before is None:
        return new
    again = fresh.select(UNIT, "low", "high", more="excluded")
    known = before.left_join(again, UNIT)
    other = (known["low"] != known[ARM]) | (known["high"] != known[ARM])
    known = known.mutate(
        crossed=known["crossed"] | other.fill_null(NO),
        excluded=known["excluded"] | known["more"].fill_null(NO),
    )
    columns = sorted(new.columns)
    fresh = new.anti_join(before, UNIT).select(*columns)
    return ibis.union(known.select(*columns).cast(fresh.schema()), fresh)


def _first_seen(traffic: Traffic, ab: Ab, span: Span) -> "Table":
    """unit, first_at, low and high arm, excluded, segments, of the exposures of a span."""
    shown = traffic.exposures
    shown = shown.filter(
        (shown[AB] == ab.arms.experiment)
        & shown[UNIT].notnull()
        & shown[ARM].notnull()
        & span.holds(shown[AT])
    )
    shown = shown.mutate(left_out=left_out(shown, ab))
    units = shown.group_by(UNIT).aggregate(
        first_at=shown[AT].min(),
        low=shown[ARM].min(),
        high=shown[ARM].max(),
        excluded=shown["left_out"].any(),
    )
    if not ab.plan.segments:
        return units
    first = shown.inner_join(units.select(UNIT, "first_at"), UNIT)
    first = first.filter(first[AT] == first["first_at"])
    found = {segment(n): first[said(name)].min() for n, name in enumerate(ab.plan.segments)}
    return units.left_join(first.group_by(UNIT).aggregate(**found), UNIT).drop(f"{UNIT}_right")


def _looked_back(traffic: Traffic, ab: Ab, span: Span, units: "Table") -> "Table":
    """What new units did before their first exposure."""
    parts = {n: part for n, part in enumerate(traffic.parts) if part.role is Role.BEFORE}
    if not parts:
        return units
    longest = max(part.span for part in parts.values())
    new = alive(units, ab)
    if span.since is not None:
        new = new.filter(new["first_at"] > instant(span.since))
    oldest = (span.since or ab.start) - longest
    events = traffic.events
    events = events.filter((events[AT] >= instant(oldest)) & (events[AT] < instant(span.until)))
    joined = events.inner_join(new.select(UNIT, "first_at"), UNIT)
    joined = joined.filter(joined[AT] < joined["first_at"])
    sums = {
        slot(n): joined[part.name].sum(
            where=joined[AT] >= joined["first_at"] - microseconds(part.span)
        )
        for n, part in parts.items()
    }
    return _added(units, joined.group_by(UNIT).aggregate(**sums), parts)


def _triggered(traffic: Traffic, ab: Ab, span: Span, units: "Table") -> "Table":
    """The same units; one that was triggered in the span has entered."""
    (part,) = (part for part in traffic.parts if part.role is Role.TRIGGER)
    waiting = alive(units, ab)
    waiting = waiting.filter(waiting["entered_at"].isnull()).select(UNIT, "first_at")
    events = traffic.events.filter(span.holds(traffic.events[AT]))
    events = events.filter(events[part.name] != 0)
    joined = events.inner_join(waiting, UNIT)
    joined = joined.filter(joined[AT] >= joined["first_at"])
    found = joined.group_by(UNIT).aggregate(triggered_at=joined[AT].min())
    both = units.left_join(found, UNIT)
    return both.mutate(entered_at=both["entered_at"].coalesce(both["triggered_at"])).drop(
        "triggered_at", f"{UNIT}_right"
    )


def _summed(traffic: Traffic, ab: Ab, span: Span, units: "Table") -> "Table":
    """The same units, with the values of the span's events added."""
    import ibis

    parts = {n: p for n, p in enumerate(traffic.parts) if p.role in WINDOWED}
    if not parts:
        return units
    joined = _inside(traffic, ab, span, units, tuple(parts.values()))
    found = {}
    for n, part in parts.items():
        value, where = joined[part.name], _still_open(joined, part, parts.values())
        if part.role is Role.ANY:
            found[slot(n)] = ibis.cases((value != 0, 1.0), (value == 0, 0.0)).max(where=where)
        else:
            found[slot(n)] = value.sum(where=where)
    return _added(units, joined.group_by(UNIT).aggregate(**found), parts)


def _inside(
    traffic: Traffic, ab: Ab, span: Span, units: "Table", parts: tuple[Part, ...]
) -> "Table":
    """Events of entered units, from their entry until the longest window closes."""
    entered = alive(units, ab)
    entered = entered.filter(entered["entered_at"].notnull())
    longest = _longest(parts)
    if longest and span.since is not None:
        entered = entered.filter(entered["entered_at"] > instant(span.since - longest))
    windows = sorted({part.span for part in parts} - {NONE})
    closes = {_closes(w): entered["entered_at"] + microseconds(w) for w in windows}
    events = traffic.events.filter(span.holds(traffic.events[AT]))
    if span.since is None:
        events = events.filter(events[AT] >= instant(ab.start))
    joined = events.inner_join(entered.select(UNIT, "entered_at", **closes), UNIT)
    inside = joined[AT] >= joined["entered_at"]
    return joined.filter(inside & (joined[AT] < joined[_closes(longest)]) if longest else inside)


def _longest(parts: Iterable[Part]) -> timedelta:
    """The longest window; none when a part has none."""
    spans = [part.span for part in parts]
    return NONE if NONE in spans else max(spans)


def _closes(window: timedelta) -> str:
    return f"closes_{window // timedelta(microseconds=1)}"


def _still_open(joined: "Table", part: Part, parts: Iterable[Part]) -> "BooleanValue | None":
    if part.span in (NONE, _longest(parts)):
        return None
    return joined[AT] < joined[_closes(part.span)]


def _added(units: "Table", sums: "Table", parts: dict[int, Part]) -> "Table":
    """The units with what was found for some of them."""
    import ibis

    both = units.left_join(sums.rename({f"{slot(n)}_new": slot(n) for n in parts}), UNIT)
    added = {}
    for n, part in parts.items():
        old, new = both[slot(n)], both[f"{slot(n)}_new"]
        more = ibis.greatest(old, new) if part.role is Role.ANY else old + new
        added[slot(n)] = more.coalesce(old, new)
    return both.mutate(**added).select(*units.columns)


def _slots(parts: tuple[Part, ...], roles: tuple[Role, ...]) -> list[str]:
    return [slot(n) for n, part in enumerate(parts) if part.role in roles]
