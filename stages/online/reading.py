"""Traffic as looks see it: exposures and events, or arm moments that others computed."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from policies.canonical import canonical_json
from policies.online import OnlinePlan
from stages.evidence.records import Check
from stages.online import validity
from stages.online.arms import arms_of
from stages.online.backends import connected
from stages.online.contract import ContractReport
from stages.online.contract_report import contract_json, contract_markdown
from stages.online.look_data import LookData
from stages.online.moments_file import Series, cannot_tell, look_data, moments_contract, read_series
from stages.online.read_rows import counted
from stages.online.reduction import reduce_look
from stages.online.sources import MomentsTable, Source, Tables
from stages.online.tables import MissingColumns, Traffic, open_traffic
from stages.online.traffic import Scope, inspect, missing_columns, scope
from stages.online.traffic_rules import Asked, Period
from stages.online.unit_folder import UnitFolder
from stages.online.units import Ab, Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspected:
    """What was found of traffic before any statistics.

    Attributes:
        checks: Whether it may be analysed.
        files: The contract's report, as (name, content); empty where no row was inspected.
    """

    checks: tuple[Check, ...]
    files: tuple[tuple[str, str], ...] = ()


class Readable(Protocol):
    """Traffic of an A/B that has begun."""

    @property
    def start(self) -> datetime | None:
        """First exposure, from which days are counted; None where the traffic has no dates."""
        ...

    @property
    def earliest(self) -> datetime | None:
        """The same as it is now: exposures that came late may be older; None as before."""
        ...

    @property
    def elapsed_days(self) -> float:
        """Days that have passed since the first exposure."""
        ...

    def look(self, day: float) -> LookData:
        """Both arms as they stood on a day."""
        ...

    def inspected(self, looks: Sequence[LookData], *, since: float | None) -> Inspected:
        """What is found of the traffic up to the last of the looks.

        Args:
            looks: The looks.
            since: Day of the newest of them that was taken before; None when none was.
        """
        ...

    def rows_until(self, days: Sequence[float]) -> tuple[tuple[int, int], ...] | None:
        """Exposures and events up to each day, as they are now; None where rows are not seen."""
        ...

    def forget(self) -> None:
        """Drops what was kept of rows: they may be repaired before they are read again."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreadable:
    """Traffic that no look can be taken of.

    Attributes:
        found: Why not; None when there is no row of the A/B.
    """

    found: Inspected | None = None

    @property
    def said(self) -> str:
        """Why not, in sentences; empty when there is no row of the A/B."""
        checks = () if self.found is None else self.found.checks
        return "; ".join(check.sentence for check in checks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the traffic of one candidate's A/B is read.

    Attributes:
        plan: The plan.
        source: Where the traffic is.
        known_as: Name of the candidate in it.
        clock: The time now, given the newest row.
        as_of: Looks are those that were due by then; None: by now.
        units: Where the state of units is kept between looks; None: each reads everything.
    """

    plan: OnlinePlan
    source: Source
    known_as: str
    clock: Callable[[datetime], datetime]
    as_of: datetime | None = None
    units: UnitFolder | None = None

    def days_since(self, start: datetime, newest: datetime) -> float:
        """Days that have passed, or had passed at `as_of`, since a first exposure."""
        now = self.clock(newest)
        until = now if self.as_of is None else min(now, self.as_of)
        return (until - start) / timedelta(days=1)

    @contextmanager
    def opened(self, begun: datetime | None) -> Iterator[Readable | Unreadable]:
        """The traffic, closed when the context ends.

        Args:
            begun: First exposure, where an earlier look wrote it down; days are counted from it.

        Raises:
            InputError: A file cannot be read.
        """
        match self.source:
            case Tables():
                with connected(self.source) as connection:
                    yield self._rows(open_traffic(connection, self.source, self.plan), begun)
            case MomentsTable():
                yield self._arm_moments(read_series(self.source.path, self.plan, self.known_as))
            case _:
                assert_never(self.source)

    def _rows(
        self, traffic: Traffic | MissingColumns, begun: datetime | None
    ) -> "_Rows | Unreadable":
        assert isinstance(self.source, Tables)
        if isinstance(traffic, MissingColumns):
            return Unreadable(found=_reported(missing_columns(traffic)))
        reach = scope(traffic, self.source, arms_of(self.plan, self.known_as).experiment)
        if reach.start is None or reach.newest is None:
            return _without_start(reach)
        return _Rows(
            reading=self,
            traffic=traffic,
            tables=self.source,
            start=begun or reach.start,
            earliest=min(reach.start, begun or reach.start),
            newest=reach.newest,
            now=self.clock(reach.newest),
        )

    def _arm_moments(self, series: Series) -> "_ArmMoments | Unreadable":
        if series.missing:
            return Unreadable(found=Inspected(checks=moments_contract(series, self.plan, ())))
        return _ArmMoments(series=series, plan=self.plan) if series.rows else Unreadable()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Exposures and events."""

    reading: Reading
    traffic: Traffic
    tables: Tables
    start: datetime
    earliest: datetime
    newest: datetime
    now: datetime

    @property
    def ab(self) -> Ab:
        plan, name = self.reading.plan, self.reading.known_as
        return Ab(plan=plan, arms=arms_of(plan, name), start=self.start)

    @property
    def elapsed_days(self) -> float:
        return self.reading.days_since(self.start, self.newest)

    def look(self, day: float) -> LookData:
        return reduce_look(
            self.traffic,
            self.tables,
            known_as=self.reading.known_as,
            plan=self.reading.plan,
            start=self.start,
            day=day,
            folder=self.reading.units,
        )

    def rows_until(self, days: Sequence[float]) -> tuple[tuple[int, int], ...] | None:
        spans = [Span(until=self.ab.at(day)) for day in days]
        found = counted(self.traffic, self.tables, self.ab, spans)
        return tuple((rows.exposures, rows.events) for rows in found)

    def forget(self) -> None:
        if self.reading.units is not None:
            self.reading.units.forget(self.tables, self.ab)

    def inspected(self, looks: Sequence[LookData], *, since: float | None) -> Inspected:
        plan, until = self.reading.plan, self.start + timedelta(days=looks[-1].day)
        period = Period(
            start=self.start,
            until=until,
            clock=None if plan.retrospective else self.now,
            since=None if since is None else self.start + timedelta(days=since),
        )
        asked = Asked(plan=plan, arms=arms_of(plan, self.reading.known_as), period=period)
        report = inspect(self.traffic, self.tables, asked)
        checks = (
            *report.checks,
            validity.freshness(plan, newest=self.newest, until=until),
            *self._late(looks[:-1]),
        )
        return replace(_reported(report), checks=checks)

    def _late(self, earlier: Sequence[LookData]) -> Iterator[Check]:
        """What has come for looks after they were taken; they stand, and this look counts it."""
        now = self.rows_until([look.day for look in earlier]) or ()
        said = [
            f"of the look of day {look.day:g}: {words_of_change(look.rows_read, rows)}"
            for look, rows in zip(earlier, now, strict=True)
            if look.rows_read is not None and look.rows_read != rows
        ]
        if said:
            sentence = f"data changed after looks were taken, which stand: {'; '.join(said)}"
            yield Check(name="late_rows", passed=None, sentence=sentence)


@dataclass(frozen=True, slots=True, kw_only=True)
class _ArmMoments:
    """A file of arm moments; its days are its own."""

    series: Series
    plan: OnlinePlan
    start: None = None
    earliest: None = None

    @property
    def elapsed_days(self) -> float:
        return self.series.elapsed_days

    def look(self, day: float) -> LookData:
        return look_data(self.series, self.plan, day)

    def inspected(self, looks: Sequence[LookData], *, since: float | None) -> Inspected:
        del since  # rows are not seen
        seen = self.series.until(looks[-1].day)
        contract = moments_contract(seen, self.plan, [look.day for look in looks])
        return Inspected(checks=(*contract, *cannot_tell()))

    def rows_until(self, days: Sequence[float]) -> None:
        del days  # a file of moments has no rows of units

    def forget(self) -> None:
        """Nothing is kept of it."""


def words_of_change(then: tuple[int, int], now: tuple[int, int]) -> str:
    """How many exposures and events there are more or fewer."""
    found = []
    for kind, before, after in zip(("exposures", "events"), then, now, strict=True):
        if before != after:
            found.append(f"{abs(after - before):,} {kind} {'more' if after > before else 'fewer'}")
    return ", ".join(found)


def report_files(report: ContractReport) -> tuple[tuple[str, str], ...]:
    """A contract's report as files: their names and contents."""
    return (
        ("contract.json", canonical_json(contract_json(report))),
        ("contract.md", contract_markdown(report)),
    )


def _reported(report: ContractReport) -> Inspected:
    return Inspected(checks=report.checks, files=report_files(report))


def _without_start(reach: Scope) -> Unreadable:
    """No exposure of the A/B has a readable time: none at all, or only broken ones."""
    if not reach.rows:
        return Unreadable()
    said = f"none of the {reach.rows:,} exposures of the A/B has a readable timestamp"
    check = Check(name="data_contract", passed=False, sentence=said)
    return Unreadable(found=Inspected(checks=(check,)))
