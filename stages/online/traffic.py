"""What exposures and events say of themselves: scope, and violations of the data contract."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from stages.evidence.records import Check
from stages.online.contract import Promise, hold, never
from stages.online.listings import Listings
from stages.online.parts import Part
from stages.online.sources import Tables
from stages.online.tables import (
    AB,
    ARM,
    AT,
    CHALLENGER,
    CHAMPION,
    UNIT,
    MissingColumns,
    Traffic,
    instant,
    rows,
)

if TYPE_CHECKING:
    from ibis import Table

CLOCK_SKEW = timedelta(hours=1)
"""A row may be this far ahead of the clock: machines disagree."""

CROSSOVER_AT_MOST = 0.001
"""Share of units that may stand in both arms (a log-in on a second device); they are left out."""

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


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """What a look sees.

    Attributes:
        start: First exposure of the A/B.
        until: Time of the look.
        clock: No row may be later than this (plus skew); None for recorded traffic.
    """

    start: datetime
    until: datetime
    clock: datetime | None


def missing_columns(missing: MissingColumns) -> tuple[Check, ...]:
    """The contract of tables that lack columns: broken, whatever their rows say."""
    named = ", ".join(f"`{column}` of the {table}" for table, column in missing.columns)
    promise = never("columns", f"the traffic lacks {{count}} column(s): {named}")
    return hold((promise,), {"columns": len(missing.columns)}, kept="")


def scope(traffic: Traffic, tables: Tables, known_as: str) -> Scope:
    """How far the rows of the A/B named `known_as` reach.

    Raises:
        InputError: A file cannot be read.
    """
    of_ab = traffic.exposures.filter(traffic.exposures[AB] == known_as)
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


def traffic_contract(
    traffic: Traffic, tables: Tables, known_as: str, period: Period
) -> tuple[Check, ...]:
    """Counts every violation in one pass, and holds the counts to the contract.

    Args:
        traffic: Both tables.
        tables: Where they stand, for the listings.
        known_as: Name of the A/B.
        period: What the look sees.

    Returns:
        The checks of `contract.hold`, then `crossover` and, where the data call for it, remarks.

    Raises:
        InputError: A file cannot be read.
    """
    counted = _counts(traffic, known_as, period)
    counts = {name: _whole(n) for name, n in _one(counted, traffic, tables).items()}
    counts["late_start"] = int(counts["early_units"] < EARLY_AT_LEAST * counts["units"])
    promises = _promises(traffic, tables, known_as)
    kept = (
        f"{counts['exposure_rows']:,} exposures of {counts['units']:,} units and "
        f"{counts['event_rows']:,} events keep the {len(promises)} promises of the data contract"
    )
    return (
        *hold(promises, counts, kept=kept),
        _crossover(counts),
        *_remarks(traffic.parts, counts),
    )


def _counts(traffic: Traffic, known_as: str, period: Period) -> "Table":
    """One row: a count per promise and remark."""
    of_ab = traffic.exposures.filter(traffic.exposures[AB] == known_as)
    units = _units(of_ab, period.until)
    found = _exposure_counts(of_ab, period).cross_join(_duplicates(of_ab))
    middle = period.start + (period.until - period.start) / 2
    of_units = units.aggregate(
        units=units.count(),
        crossover_units=(units["arms"] > 1).sum().fill_null(0),
        early_units=(units["first_at"] <= instant(middle)).sum().fill_null(0),
    )
    events, exposures = traffic.events, traffic.exposures
    no_unit = events.aggregate(null_event_units=events[UNIT].isnull().sum().fill_null(0))
    no_ab = exposures.aggregate(null_abs=exposures[AB].isnull().sum().fill_null(0))
    found = found.cross_join(of_units).cross_join(no_unit).cross_join(no_ab)
    return found.cross_join(_event_counts(traffic, units, period.until))


def _exposure_counts(of_ab: "Table", period: Period) -> "Table":
    late = of_ab[AT] > instant(period.clock + CLOCK_SKEW) if period.clock is not None else None
    unknown = of_ab[ARM].isnull() | of_ab[ARM].notin([CHAMPION, CHALLENGER])
    return of_ab.aggregate(
        exposure_rows=of_ab.count(),
        null_units=of_ab[UNIT].isnull().sum().fill_null(0),
        bad_exposure_times=of_ab[AT].isnull().sum().fill_null(0),
        unknown_arms=unknown.sum().fill_null(0),
        future_rows=late.sum().fill_null(0) if late is not None else of_ab.count() * 0,
    )


def _duplicates(of_ab: "Table") -> "Table":
    whole = of_ab.filter(of_ab[UNIT].notnull() & of_ab[AT].notnull())
    same = whole.group_by([UNIT, AT, ARM]).aggregate(k=whole.count())
    return same.aggregate(duplicate_exposures=(same["k"] - 1).sum().fill_null(0))


def _units(of_ab: "Table", until: datetime) -> "Table":
    seen = of_ab.filter((of_ab[AT] <= instant(until)) & of_ab[UNIT].notnull())
    return seen.group_by(UNIT).aggregate(first_at=seen[AT].min(), arms=seen[ARM].nunique())


def _event_counts(traffic: Traffic, units: "Table", until: datetime) -> "Table":
    """Counts over the events of exposed units; those of other units concern other A/Bs."""
    joined = traffic.events.inner_join(units, UNIT)
    joined = joined.filter(joined[AT].isnull() | (joined[AT] <= instant(until)))
    counts = {
        "event_rows": joined.count(),
        "bad_event_times": joined[AT].isnull().sum().fill_null(0),
        "events_before_exposure": (joined[AT] < joined["first_at"]).sum().fill_null(0),
    }
    for part in traffic.parts:
        value = joined[part.name]
        bad = joined[f"{part.name}/unreadable"] | value.isnan() | value.isinf()
        counts[f"numbers/{part.name}"] = bad.sum().fill_null(0)
        counts[f"negative/{part.name}"] = (value < 0).sum().fill_null(0)
    return joined.aggregate(**counts)


def _promises(traffic: Traffic, tables: Tables, known_as: str) -> tuple[Promise, ...]:
    """Every promise of the contract, in the order they are told."""
    events = f"FROM {Listings(tables=tables).events} WHERE"
    unit = f'"{traffic.unit}" IS NULL'
    time = "TRY_CAST(timestamp AS TIMESTAMPTZ) IS NULL"
    parts = traffic.parts
    return (
        *_exposure_promises(tables, known_as, no_unit=unit, no_time=time),
        never("null_event_units", "{count} events name no unit", f"{events} {unit}"),
        never(
            "bad_event_times",
            "{count} events of exposed units have no readable timestamp",
            f"{events} {time}",
        ),
        *(_numbers(part, events) for part in parts),
        *(_not_negative(part, events) for part in parts if part.name.endswith("/denominator")),
    )


def _exposure_promises(
    tables: Tables, known_as: str, *, no_unit: str, no_time: str
) -> tuple[Promise, ...]:
    table = f"FROM {Listings(tables=tables).exposures} WHERE"
    ours = f"{table} experiment_id = '{known_as.replace(chr(39), chr(39) * 2)}' AND"
    arms = f"'{CHAMPION}', '{CHALLENGER}'"
    none = "{count} exposures: the A/B has no traffic"
    again = (
        "{count} exposures repeat another one in unit, time and arm: was the table loaded twice?"
    )
    stray = (
        f"fewer than {EARLY_AT_LEAST:.0%} of the units came in the first half of the run: a stray "
        "early exposure makes the run look longer than it was"
    )
    return (
        Promise(name="exposure_rows", broken=none, at_least=1),
        never("null_abs", "{count} exposures name no A/B", f"{table} experiment_id IS NULL"),
        never("null_units", "{count} exposures name no unit", f"{ours} {no_unit}"),
        never(
            "bad_exposure_times",
            "{count} exposures have no readable timestamp",
            f"{ours} {no_time}",
        ),
        never(
            "unknown_arms",
            f"{{count}} exposures are neither `{CHAMPION}` nor `{CHALLENGER}`",
            f"{ours} coalesce(variation_id, '') NOT IN ({arms})",
        ),
        never("future_rows", "{count} exposures lie in the future", f"{ours} timestamp > now()"),
        never("duplicate_exposures", again, f"SELECT *, count(*) {ours} true GROUP BY ALL"),
        never("late_start", stray, f"{ours} true ORDER BY timestamp LIMIT 10"),
    )


def _numbers(part: Part, events: str) -> Promise:
    said = f"{{count}} events have a `{part.column}` that is no finite number"
    column = f'TRY_CAST("{part.column}" AS DOUBLE)'
    listing = f'{events} "{part.column}" IS NOT NULL AND NOT coalesce(isfinite({column}), false)'
    return never(f"numbers/{part.name}", said, listing)


def _not_negative(part: Part, events: str) -> Promise:
    said = f"{{count}} events have a negative `{part.column}`, a ratio's denominator"
    return never(f"negative/{part.name}", said, f'{events} "{part.column}" < 0')


def _crossover(counts: Mapping[str, int]) -> Check:
    found, units = counts["crossover_units"], counts["units"]
    said = f"{found:,} of {units:,} units stand in both arms and are left out"
    if found <= CROSSOVER_AT_MOST * units:
        return Check(name="crossover", passed=True, sentence=said)
    allowed = f"more than {CROSSOVER_AT_MOST:.1%} of them: the assignment is not kept"
    return Check(name="crossover", passed=False, sentence=f"{said}; {allowed}")


def _remarks(parts: tuple[Part, ...], counts: Mapping[str, int]) -> tuple[Check, ...]:
    """What is worth knowing and breaks nothing."""
    early = counts["events_before_exposure"]
    said = [f"{early:,} events before the unit's first exposure are left out"] if early else []
    for part in parts:
        negative = 0 if part.name.endswith("/denominator") else counts[f"negative/{part.name}"]
        if negative:
            said.append(f"{negative:,} events have a negative `{part.column}`, summed as they are")
    return tuple(Check(name="remark", passed=None, sentence=sentence) for sentence in said)


def _one(table: "Table", traffic: Traffic, tables: Tables) -> Mapping[str, object]:
    (row,) = rows(table, traffic.connection, read=(tables.exposures, tables.events))
    return row


def _whole(value: object) -> int:
    assert isinstance(value, int), f"the engine gave {value!r} for a count"
    return value
