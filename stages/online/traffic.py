"""What exposures and events say of themselves: scope, and how they keep the data contract."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.evidence.records import Check
from stages.online import traffic_arms, traffic_units
from stages.online.contract import ContractReport, Promise, never, report
from stages.online.listing import rows_that_break, sql_of
from stages.online.parts import Part
from stages.online.sources import Tables
from stages.online.tables import AB, ARM, AT, MissingColumns, Traffic, instant, rows
from stages.online.traffic_rules import CLOCK_SKEW, Asked, Rule, Where, is_below, negative, rules
from stages.online.traffic_units import ABSURD, TELLING, Units, units_of
from stages.online.validity import FRESH_WITHIN

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import Scalar

CROSSOVER_AT_MOST = 0.001
"""Share of units that may stand in two arms (a log-in on a second device); they are left out."""

EARLY_AT_LEAST = 0.01
"""Share of units that the first half of the run must bring: fewer, and a stray early row faked
it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """How far the rows of one A/B reach.

    Attributes:
        rows: Exposures of the A/B.
        start: Its first exposure, UTC; None without a readable one.
        newest: Newest timestamp of either table, whatever A/B; None without any.
    """

    rows: int
    start: datetime | None
    newest: datetime | None


def missing_columns(missing: MissingColumns) -> ContractReport:
    """The contract of tables that lack columns: broken, whatever their rows say."""
    named = ", ".join(f"`{column}` of the {table}" for table, column in missing.columns)
    promise = never("columns", f"the traffic lacks {{count}} column(s): {named}")
    return report((promise,), {"columns": len(missing.columns)}, kept="")


def scope(traffic: Traffic, tables: Tables, experiment: str) -> Scope:
    """How far the rows of an A/B reach, by its `experiment_id`.

    Raises:
        InputError: The traffic cannot be read.
    """
    of_ab = traffic.exposures.filter(traffic.exposures[AB] == experiment)
    found = of_ab.aggregate(n=of_ab.count(), start=of_ab[AT].min())
    every = traffic.exposures.aggregate(newest_exposure=traffic.exposures[AT].max())
    events = traffic.events.aggregate(newest_event=traffic.events[AT].max())
    row = _one(found.cross_join(every).cross_join(events), traffic, tables)
    times = [row[name] for name in ("newest_exposure", "newest_event")]
    newest = [time for time in times if isinstance(time, datetime)]
    start = row["start"]
    return Scope(
        rows=_whole(row["n"]),
        start=start if isinstance(start, datetime) else None,
        newest=max(newest, default=None),
    )


def inspect(traffic: Traffic, tables: Tables, asked: Asked) -> ContractReport:
    """Counts every violation in one pass, and holds the counts to the contract.

    Args:
        traffic: Both tables.
        tables: Where they stand, for the listings.
        asked: Whose rows, up to when.

    Returns:
        The report; its checks are those of `contract.report`, then `crossover` and, where the data
        call for it, remarks.

    Raises:
        InputError: The traffic cannot be read.
    """
    held = rules(asked, traffic.parts)
    units = units_of(traffic, asked)
    counts = _counted(_counts(traffic, asked, units, held), traffic, tables, asked.plan)
    listed = _Listing(traffic=traffic, tables=tables, asked=asked, units=units)
    promises = tuple(
        listed.of(promise, held, counts) for promise in _promises(asked, held, traffic.parts)
    )
    seen = counts["exposure_rows"] - counts["rows_after_look"]
    kept = (
        f"{seen:,} exposures of {counts['units']:,} units and "
        f"{counts['event_rows']:,} events keep the {len(promises)} promises of the data contract"
    )
    found = report(promises, counts, kept=kept)
    more = (_crossover(counts, listed), *_remarks(asked, traffic.parts, counts, listed))
    return replace(found, checks=(*found.checks, *more))


def _counts(traffic: Traffic, asked: Asked, units: Units, held: Sequence[Rule]) -> "Table":
    """One row: a count per promise and remark."""
    exposures, events = traffic.exposures, traffic.events
    of_rules = {
        where: {rule.name: rule.breaks(table).sum() for rule in held if rule.where is where}
        for where, table in (
            (Where.EXPOSURES, units.shown),
            (Where.ALL_EXPOSURES, exposures),
            (Where.EVENTS, units.events),
            (Where.ALL_EVENTS, events),
        )
    }
    newest = instant(asked.period.until - FRESH_WITHIN)
    late = traffic_units.late_events(units, asked)
    again = traffic_units.repeated_events(units, asked, traffic.parts)
    same = traffic_units.repeated_exposures(units)
    found = (
        units.shown.aggregate(**of_rules[Where.EXPOSURES], **_of_exposures(units.shown, asked)),
        exposures.aggregate(**of_rules[Where.ALL_EXPOSURES]),
        units.events.aggregate(**of_rules[Where.EVENTS], **_of_events(units.events, traffic.parts)),
        events.aggregate(
            **of_rules[Where.ALL_EVENTS],
            stale_events=(events[AT].max() < newest).cast("int32").fill_null(1),
            future_events=_future(events, asked),
        ),
        units.every.aggregate(**_of_units(units.every, asked)),
        same.aggregate(duplicate_exposures=(same["k"] - 1).sum()),
        *traffic_arms.counts(units, asked, late=late, again=again),
        *(
            heavy.aggregate(**{name: heavy.count()})
            for name, share in (("heavy_units", TELLING), ("absurd_units", ABSURD))
            for heavy in (traffic_units.heavy(units, asked, traffic.parts, share=share),)
        ),
    )
    whole = found[0]
    for table in found[1:]:
        whole = whole.cross_join(table)
    return whole


def _future(events: "Table", asked: Asked) -> "Scalar":
    clock = asked.period.clock
    return (events[AT] > instant(clock + CLOCK_SKEW)).sum() if clock else events.count() * 0


def _of_exposures(shown: "Table", asked: Asked) -> "dict[str, object]":
    arms = asked.arms
    return {
        "exposure_rows": shown.count(),
        "champion_rows": (shown[ARM] == arms.champion).sum(),
        "challenger_rows": (shown[ARM] == arms.challenger).sum(),
        "arms": shown[ARM].nunique(),
        "early_rows": (shown[AT] < instant(asked.period.start)).sum(),
        "rows_after_look": (shown[AT] > instant(asked.period.until)).sum(),
    }


def _of_events(events: "Table", parts: tuple[Part, ...]) -> "dict[str, object]":
    found: dict[str, object] = {
        "event_rows": events.count(),
        "events_before_exposure": (events[AT] < events["first_at"]).sum(),
    }
    for part in parts:
        found[f"values/{part.name}"] = events[part.name].count()
        found[f"below/{part.name}"] = negative(part)(events).sum()
    return found


def _of_units(every: "Table", asked: Asked) -> "dict[str, object]":
    middle = asked.period.start + (asked.period.until - asked.period.start) / 2
    return {
        "units": every.count(),
        "excluded_units": every["excluded"].sum(),
        "crossover_units": ((every["arms"] > 1) & ~every["excluded"]).sum(),
        "early_units": (every["first_at"] <= instant(middle)).sum(),
    }


def _counted(
    table: "Table", traffic: Traffic, tables: Tables, plan: OnlinePlan
) -> Mapping[str, int]:
    """The counts, with those that follow from others; no row has been counted as 0 of them."""
    found = {n: 0 if v is None else _whole(v) for n, v in _one(table, traffic, tables).items()}
    found["late_start"] = int(found["early_units"] < EARLY_AT_LEAST * found["units"])
    found["events_twice"] = found["repeated_events"] if traffic_arms.loaded_twice(found) else 0
    found["silent_arms"] = traffic_arms.silent_arms(found, plan)
    return found


def _promises(asked: Asked, held: Sequence[Rule], parts: tuple[Part, ...]) -> tuple[Promise, ...]:
    """Every promise of the contract, in the order they are told; listings come with the counts."""
    exposures = [rule for rule in held if rule.where in (Where.EXPOSURES, Where.ALL_EXPOSURES)]
    events = [rule for rule in held if rule not in exposures]
    return (
        *_of_arms(asked),
        *(never(rule.name, rule.said) for rule in exposures),
        never(
            "duplicate_exposures",
            "{count} exposures repeat another one in unit, time and arm: was the table loaded "
            "twice?",
        ),
        never(
            "late_start",
            f"fewer than {EARLY_AT_LEAST:.0%} of the units came in the first half of the run: a "
            "stray early exposure makes the run look longer than it was",
        ),
        some("event_rows", "{count} events of exposed units: nothing is known of what they did"),
        *(never(rule.name, rule.said) for rule in events),
        *(
            some(f"values/{part.name}", f"{{count}} events of exposed units have a `{part.column}`")
            for part in parts
        ),
        never(
            "events_twice",
            "{count} events since the look before repeat another one in every value: was the "
            "table, or one arm or day of it, loaded twice?",
        ),
        never(
            "silent_arms",
            "{count} of the two arms had no event for a whole day since the look before, and the "
            "other one had: its events are missing",
        ),
        never(
            "absurd_units",
            f"{{count}} times one unit alone has more than {ABSURD:.0%} of all events or of a "
            "metric's total (and 20 times an average unit's part): a mean of such units says "
            "nothing",
        ),
        *_stale(asked),
    )


def some(name: str, broken: str) -> Promise:
    """A promise that something occurs."""
    return Promise(name=name, broken=broken, at_least=1)


def _of_arms(asked: Asked) -> tuple[Promise, ...]:
    arms = asked.arms
    others = Promise(
        name="arms",
        broken=f"{{count}} arms, and the plan has {arms.others + 2}",
        at_most=arms.others + 2,
    )
    return (
        some("exposure_rows", "{count} exposures: the A/B has no traffic"),
        some("champion_rows", f"{{count}} exposures of the arm `{arms.champion}`"),
        some("challenger_rows", f"{{count}} exposures of the arm `{arms.challenger}`"),
        *((others,) if arms.others else ()),
    )


def _stale(asked: Asked) -> tuple[Promise, ...]:
    """Exposures alone may be fresh: units whose events are missing would count as zeros."""
    if asked.period.clock is None:
        return ()
    said = "the newest event is more than a day older than the look: events are missing"
    return (never("stale_events", said),)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Listing:
    """Queries of rows and units, made only where there is something to list."""

    traffic: Traffic
    tables: Tables
    asked: Asked
    units: Units

    def of(self, promise: Promise, held: Sequence[Rule], counts: Mapping[str, int]) -> Promise:
        """The promise with a query of its rows, if it is broken and there are rows."""
        if promise.at_most is None or counts[promise.name] <= promise.at_most:
            return promise
        rows = self._rows(promise.name, held)
        return promise if rows is None else replace(promise, listing=self.sql(rows))

    def sql(self, rows: "Table") -> str:
        """The query of some rows."""
        return sql_of(rows, self.traffic, self.tables)

    def heavy(self, share: float) -> "Table":
        """Units that outweigh the rest."""
        return traffic_units.heavy(self.units, self.asked, self.traffic.parts, share=share)

    def _rows(self, name: str, held: Sequence[Rule]) -> "Table | None":
        shown, asked = self.units.shown, self.asked
        match name:
            case "duplicate_exposures":
                return traffic_units.repeated_exposures(self.units)
            case "late_start":
                return shown.order_by(AT).limit(10)
            case "events_twice":
                return traffic_units.repeated_events(self.units, asked, self.traffic.parts)
            case "absurd_units":
                return self.heavy(ABSURD)
            case "arms":
                return shown.group_by(ARM).aggregate(rows=shown.count())
            case _:
                rule = next((rule for rule in held if rule.name == name), None)
                return None if rule is None else rows_that_break(self.traffic, asked, rule)


def _crossover(counts: Mapping[str, int], listed: _Listing) -> Check:
    found, units = counts["crossover_units"], counts["units"]
    said = f"{found:,} of {units:,} units stand in two arms and are left out"
    if found <= CROSSOVER_AT_MOST * units:
        return Check(name="crossover", passed=True, sentence=said)
    allowed = f"more than {CROSSOVER_AT_MOST:.1%} of them: the assignment is not kept"
    query = listed.sql(traffic_units.crossing(listed.units))
    return Check(name="crossover", passed=False, sentence=f"{said}; {allowed}; list them: {query}")


def _remarks(
    asked: Asked, parts: tuple[Part, ...], counts: Mapping[str, int], listed: _Listing
) -> tuple[Check, ...]:
    """What is worth knowing and breaks nothing."""
    told = {
        "events_before_exposure": "{} events before the unit's first exposure are left out",
        "future_events": "{} events lie in the future",
        "early_rows": "{} exposures came late: they are older than the A/B's first one was",
        "excluded_units": "{} units are left out, as the plan says by `"
        + "`, `".join(asked.plan.exclude)
        + "`",
    }
    said = [text.replace("{}", f"{counts[n]:,}") for n, text in told.items() if counts[n]]
    for part in parts:
        below = 0 if is_below(part) else counts[f"below/{part.name}"]
        if below:
            said.append(f"{below:,} events have a negative `{part.column}`, summed as they are")
    if counts["repeated_events"] and not counts["events_twice"]:
        again = counts["repeated_events"]
        said.append(f"{again:,} events since the look before repeat another one in every value")
    if counts["heavy_units"] and not counts["absurd_units"]:
        said.append(
            f"{counts['heavy_units']:,} times one unit alone has more than {TELLING:.0%} of all "
            "events or of a metric's total, as bots have; cap the metric or exclude them in the "
            f"next plan; list them: {listed.sql(listed.heavy(TELLING))}"
        )
    said += traffic_arms.unequally_heard(counts)
    if asked.period.clock is None and counts["stale_events"]:
        said.append("the newest event is more than a day older than the look")
    return tuple(Check(name="remark", passed=None, sentence=sentence) for sentence in said)


def _one(table: "Table", traffic: Traffic, tables: Tables) -> Mapping[str, object]:
    (row,) = rows(table, traffic.connection, read=(tables.exposures, tables.events))
    return row


def _whole(value: object) -> int:
    assert isinstance(value, int), f"the engine gave {value!r} for a count"
    return value
