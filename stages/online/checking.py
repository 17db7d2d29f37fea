"""Whether an A/B's traffic could be analysed now; no metric is compared, and none is shown."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, assert_never

from policies.online import OnlinePlan
from stages.evidence.records import Check
from stages.online import traffic_units
from stages.online.arms import Arms, arms_of
from stages.online.backends import connected
from stages.online.contract import ContractReport
from stages.online.look_data import LookData, PhaseUnits
from stages.online.looks import due
from stages.online.moments_file import cannot_tell, moments_contract, read_series
from stages.online.reading import Reading
from stages.online.sources import MomentsTable, Tables
from stages.online.splits import sample_ratio
from stages.online.tables import MissingColumns, Traffic, open_traffic, rows
from stages.online.traffic import inspect, missing_columns, scope
from stages.online.traffic_rules import Asked, Period
from stages.online.validity import freshness

if TYPE_CHECKING:
    from ibis import Schema, Table

NO_EXPOSURE = "no exposure yet"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """What was found of the traffic of one A/B.

    Attributes:
        experiment: Its `experiment_id`.
        start: Its first exposure; None without any, or where the traffic has no dates.
        checks: What was tested, in order; not yet to be told where `passed` is None.
        report: The data contract's own report; None where it was not reached.
    """

    experiment: str
    start: datetime | None
    checks: tuple[Check, ...]
    report: ContractReport | None = None


def check_traffic(reading: Reading) -> Checked:
    """Access, columns, types, freshness, the data contract and the split, up to now.

    Raises:
        InputError: The traffic cannot be reached or read.
    """
    source = reading.source
    match source:
        case Tables():
            with connected(source) as connection:
                traffic = open_traffic(connection, source, reading.plan)
                if isinstance(traffic, MissingColumns):
                    return _without_columns(reading, traffic)
                return _of_rows(reading, traffic, source)
        case MomentsTable():
            return _of_moments(reading, source)
        case _:
            assert_never(source)


def _without_columns(reading: Reading, missing: MissingColumns) -> Checked:
    report = missing_columns(missing)
    columns = Check(name="columns", passed=False, sentence=report.checks[-1].sentence)
    return Checked(
        experiment=_arms(reading).experiment,
        start=None,
        checks=(_reached(), columns),
        report=report,
    )


def _of_rows(reading: Reading, traffic: Traffic, tables: Tables) -> Checked:
    arms, plan = _arms(reading), reading.plan
    reach = scope(traffic, tables, arms.experiment)
    found = Checked(
        experiment=arms.experiment, start=reach.start, checks=(_reached(), *_columns(traffic))
    )
    if reach.start is None or reach.newest is None:
        said = NO_EXPOSURE
        if reach.rows:
            said = f"none of the {reach.rows:,} exposures has a readable timestamp"
        exposures = Check(name="exposures", passed=False if reach.rows else None, sentence=said)
        return replace(found, checks=(*found.checks, exposures))
    now = reading.clock(reach.newest)
    period = Period(
        start=reach.start,
        until=now,
        clock=None if plan.retrospective else now,
        since=_look_before(plan, reach.start, now),
    )
    asked = Asked(plan=plan, arms=arms, period=period)
    report = inspect(traffic, tables, asked)
    more = (
        Check(
            name="exposures",
            passed=True,
            sentence=f"{reach.rows:,} exposures, the first of {reach.start.isoformat()}",
        ),
        freshness(plan, newest=reach.newest, until=now),
        *report.checks,
        sample_ratio(plan, [_counted(traffic, tables, asked)]),
    )
    return replace(found, checks=(*found.checks, *more), report=report)


def _look_before(plan: OnlinePlan, start: datetime, now: datetime) -> datetime | None:
    """The newest planned look that had come by then."""
    looks = (start + timedelta(days=day) for day in plan.looks)
    return max((look for look in looks if look < now), default=None)


def _of_moments(reading: Reading, table: MomentsTable) -> Checked:
    series = read_series(table.path, reading.plan, reading.known_as)
    days = due(reading.plan, series.elapsed_days) if series.rows else ()
    if series.missing or series.rows:
        more = (*moments_contract(series, reading.plan, days), *cannot_tell())
    else:
        more = (Check(name="exposures", passed=None, sentence=NO_EXPOSURE),)
    return Checked(experiment=_arms(reading).experiment, start=None, checks=(_reached(), *more))


def _arms(reading: Reading) -> Arms:
    return arms_of(reading.plan, reading.known_as)


def _reached() -> Check:
    return Check(name="access", passed=True, sentence="the traffic can be reached and read")


def _columns(traffic: Traffic) -> tuple[Check, Check]:
    """Every column is there (or the traffic had not been opened); of which type each one is."""
    exposures, events = _schema(traffic.exposures), _schema(traffic.events)
    said = f"exposures have {len(exposures)} columns, events {len(events)}; none is missing"
    nested = [
        f"`{name}` is of type {kind}"
        for schema in (exposures, events)
        for name, kind in schema.items()
        if kind.is_nested() and name in _read(traffic)
    ]
    types = "; ".join(nested) or "every column is a text, a number or a time"
    return (
        Check(name="columns", passed=True, sentence=said),
        Check(name="types", passed=not nested, sentence=types),
    )


def _read(traffic: Traffic) -> frozenset[str]:
    """Names of the source's columns that are read."""
    from ibis.expr.operations import Field

    tables = (traffic.exposures, traffic.events)
    return frozenset(field.name for table in tables for field in table.op().find(Field))


def _schema(typed: "Table") -> "Schema":
    """Names and types of the source's columns behind a typed table."""
    return typed.op().parent.schema


def _counted(traffic: Traffic, tables: Tables, asked: Asked) -> LookData:
    """How many units each arm has, by phase; nothing of what they did."""
    plan, arms = asked.plan, asked.arms
    starts = [asked.period.start + timedelta(days=p.from_day) for p in plan.ramp]
    table = traffic_units.by_arm(traffic_units.units_of(traffic, asked), starts)
    found = {
        (str(row["arm"]), row["phase"]): row["n"]
        for row in rows(table, traffic.connection, read=(tables.exposures, tables.events))
    }
    phases = tuple(
        PhaseUnits(
            from_day=phase.from_day,
            champion_units=_units(found, arms.champion, number),
            challenger_units=_units(found, arms.challenger, number),
        )
        for number, phase in enumerate(plan.ramp)
    )
    return LookData(
        day=(asked.period.until - asked.period.start) / timedelta(days=1),
        champion_units=_units(found, arms.champion),
        challenger_units=_units(found, arms.challenger),
        metrics=(),
        phases=phases,
    )


def _units(found: Mapping[tuple[str, object], object], arm: str, phase: int | None = None) -> int:
    of_arm = [n for (a, p), n in found.items() if a == arm and phase in (None, p)]
    return sum(n for n in of_arm if isinstance(n, int))
