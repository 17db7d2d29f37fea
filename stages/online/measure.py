"""Stage 3 as the pipeline sees it: the evidence of an A/B's current look."""

import importlib.metadata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import assert_never

from policies.canonical import sha256_of
from policies.errors import PolicyError
from policies.online import OnlinePlan
from stages.engine.program import code_version
from stages.engine.subject import Subject
from stages.evidence.absence import NO_BASELINE, SAME_CHECKPOINT
from stages.evidence.estimate import Cause, Unmeasured
from stages.evidence.records import (
    Check,
    Evidence,
    Look,
    Measurement,
    Provenance,
    Quantity,
    StageName,
    Wait,
)
from stages.online import validity
from stages.online.analysis import before_first_look, look_of, measure_looks, unmeasured
from stages.online.look_data import LookData
from stages.online.looks import due, following, is_final, until_final
from stages.online.moments_file import cannot_tell, look_data, moments_contract, read_series
from stages.online.reduction import reduce_look
from stages.online.sources import MomentsTable, Source, Tables, digests, locate
from stages.online.tables import MissingColumns, Traffic, engine, open_traffic
from stages.online.traffic import Period, Scope, missing_columns, scope, traffic_contract

NO_SOURCES: Mapping[str, Source] = MappingProxyType({})
_TRAFFIC_MENDS = ("burn_in",)
"""Failed checks that need no repair, only more traffic."""

_TOOLS = ("duckdb", "great-expectations", "ibis-framework")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the traffic says, whatever its form.

    Attributes:
        looks: Looks so far up to the one that ends the A/B; empty before the first.
        checks: Validity checks that need the traffic itself.
        elapsed_days: Days that the data of this A/B reach.
        start: First exposure, or None when the traffic has no dates.
        nothing: There is no row of this A/B.
    """

    looks: tuple[LookData, ...] = ()
    checks: tuple[Check, ...] = ()
    elapsed_days: float = 0.0
    start: datetime | None = None
    nothing: bool = False


class OnlineStage:
    """Measures the A/B of a candidate as its plan says; sees no threshold.

    Args:
        plan: The online plan.
        base: Folder of the policy, which relative paths start from.
        now: The clock, or a fixed time; naive times are UTC. A retrospective plan uses its `as_of`,
            or without one the newest row.
        plan_sha256: Digest of the stage's plan and criteria now.
        registered_sha256: The digest registered before the A/B, or None.
        registered_at: When it was registered, or None when that is not known.
        sources: Files of the workspace's `[data.NAME]` tables.

    Raises:
        PolicyError: Error rates of one half or more, or an unreadable `as_of`.
    """

    def __init__(  # noqa: PLR0913 - what the brief of an A/B is made of
        self,
        plan: OnlinePlan,
        *,
        base: Path,
        now: datetime | Callable[[], datetime],
        plan_sha256: str,
        registered_sha256: str | None = None,
        registered_at: datetime | None = None,
        sources: Mapping[str, Source] = NO_SOURCES,
    ) -> None:
        _refuse_absurd(plan)
        self._plan = plan
        self._base = base
        self._now = now
        self._as_of = _as_of(plan)
        self._sources = sources
        self._registration = validity.Registration(
            sha256=registered_sha256,
            at=_utc(registered_at) if registered_at else None,
            current_sha256=plan_sha256,
        )

    def measure_next(
        self, candidate: Subject, baseline: Subject | None, so_far: Evidence | None = None
    ) -> Evidence:
        """The evidence of the latest planned look that has come.

        All looks up to it are analysed in order, since a look's bound rests on the information of
        the earlier ones. Nothing depends on the clock but which looks have come; so the same data
        give the same bytes until the next look, and evidence equal to `so_far` says that nothing is
        new.

        Raises:
            InputError: A file of the traffic is absent or cannot be read.
            PolicyError: The plan names a source that the workspace does not have.
        """
        del so_far  # every look is analysed anew: the traffic itself is the journal
        source = locate(self._plan, base=self._base, named=self._sources)
        found = self._found(source, candidate.known_as)
        checks = self._checks(found)
        return Evidence(
            stage=StageName.ONLINE,
            candidate=candidate.uri,
            baseline=baseline.uri if baseline else None,
            measurements=_comparable(self._measurements(found), candidate, baseline),
            checks=checks,
            look=self._look(found),
            waits=_waits(self._plan, found, checks, known_as=candidate.known_as),
            provenance=Provenance(
                candidate=candidate.digest,
                baseline=baseline.digest if baseline else None,
                plan=sha256_of(self._plan.said()),
                data=digests(source),
                code=code_version(),
                tools=tuple((name, importlib.metadata.version(name)) for name in _TOOLS),
            ),
        )

    def _found(self, source: Source, known_as: str) -> _Found:
        match source:
            case Tables():
                return self._from_tables(source, known_as)
            case MomentsTable():
                return self._from_moments(source, known_as)
            case _:
                assert_never(source)

    def _from_tables(self, tables: Tables, known_as: str) -> _Found:
        with engine() as connection:
            traffic = open_traffic(connection, tables, self._plan)
            if isinstance(traffic, MissingColumns):
                return _Found(checks=missing_columns(traffic))
            reach = scope(traffic, tables, known_as)
            if reach.start is None or reach.newest is None:
                return self._without_start(reach)
            return self._of_traffic(traffic, tables, known_as, reach.start, reach.newest)

    def _of_traffic(
        self, traffic: Traffic, tables: Tables, known_as: str, start: datetime, newest: datetime
    ) -> _Found:
        clock = self._clock(newest)
        days = due(self._plan, (clock - start) / timedelta(days=1))
        reduced = tuple(
            reduce_look(traffic, tables, known_as=known_as, plan=self._plan, start=start, day=day)
            for day in days
        )
        looks = until_final(self._plan, reduced)
        elapsed = max(0.0, (min(clock, newest) - start) / timedelta(days=1))
        if not looks:
            return _Found(elapsed_days=elapsed, start=start)
        until = start + timedelta(days=looks[-1].day)
        live = None if self._plan.retrospective else clock
        period = Period(start=start, until=until, clock=live)
        checks = (
            *traffic_contract(traffic, tables, known_as, period),
            validity.freshness(self._plan, newest=newest, until=until),
            validity.registered_before(self._plan, self._registration, start),
        )
        return _Found(looks=looks, checks=checks, elapsed_days=elapsed, start=start)

    def _without_start(self, reach: Scope) -> _Found:
        """No exposure of the A/B has a readable time: none at all, or only broken ones."""
        if not reach.rows:
            return _Found(nothing=True)
        said = f"none of the {reach.rows:,} exposures of the A/B has a readable timestamp"
        return _Found(checks=(Check(name="data_contract", passed=False, sentence=said),))

    def _from_moments(self, table: MomentsTable, known_as: str) -> _Found:
        series = read_series(table.path, self._plan, known_as)
        if series.missing:
            return _Found(checks=moments_contract(series, self._plan, ()))
        if not series.rows:
            return _Found(nothing=True)
        days = due(self._plan, series.elapsed_days)
        looks = until_final(self._plan, tuple(look_data(series, self._plan, day) for day in days))
        seen = series.until(looks[-1].day if looks else series.elapsed_days)
        contract = moments_contract(seen, self._plan, [look.day for look in looks])
        return _Found(
            looks=looks,
            checks=(*contract, *cannot_tell()),
            elapsed_days=series.elapsed_days,
        )

    def _clock(self, newest: datetime) -> datetime:
        if self._plan.retrospective:
            return self._as_of or newest
        return _utc(self._now() if callable(self._now) else self._now)

    def _measurements(self, found: _Found) -> tuple[Measurement, ...]:
        if found.looks:
            return measure_looks(self._plan, found.looks)
        broken = [check.sentence for check in found.checks if check.passed is False]
        if broken:
            return unmeasured(self._plan, Unmeasured("; ".join(broken), Cause.BROKEN))
        said = "the A/B has no traffic yet" if found.nothing else "the first look has not come"
        return unmeasured(self._plan, Unmeasured(said, Cause.WAITING))

    def _checks(self, found: _Found) -> tuple[Check, ...]:
        registered = validity.plan_registered(self._plan, self._registration)
        if not found.looks:
            return (*found.checks, registered)
        return (
            *found.checks,
            validity.sample_ratio(self._plan, found.looks),
            validity.metrics_present(self._plan, found.looks),
            validity.burn_in(self._plan, found.looks[-1]),
            registered,
        )

    def _look(self, found: _Found) -> Look:
        return look_of(self._plan, found.looks) if found.looks else before_first_look(self._plan)


def _waits(
    plan: OnlinePlan, found: _Found, checks: tuple[Check, ...], *, known_as: str
) -> tuple[Wait, ...]:
    """The operator's move while a check fails, and the traffic's until the last look."""
    broken = [c for c in checks if c.passed is False and c.name not in _TRAFFIC_MENDS]
    repairs = (_repair(broken),) if broken else ()
    if found.looks and is_final(plan, found.looks[-1]):
        return repairs
    day = following(plan, found.looks[-1].day if found.looks else 0.0)
    assert day is not None, "a look after the last one ends the A/B"
    return (*repairs, _traffic(found, day, known_as))


def _traffic(found: _Found, day: float, known_as: str) -> Wait:
    expected = (found.start + timedelta(days=day)).isoformat() if found.start else None
    what = f"first exposure of the A/B `{known_as}`" if found.nothing else f"day {day:g} of the A/B"
    return Wait(
        cause=Cause.WAITING,
        who="traffic",
        what=what,
        have=round(min(found.elapsed_days, day), 2),
        need=day,
        since=found.start.isoformat() if found.start else None,
        expected=expected,
    )


def _repair(broken: list[Check]) -> Wait:
    return Wait(
        cause=Cause.BROKEN,
        who="operator",
        what="; ".join(check.sentence for check in broken),
        have=0,
        need=len(broken),
    )


def _comparable(
    found: tuple[Measurement, ...], candidate: Subject, baseline: Subject | None
) -> tuple[Measurement, ...]:
    """The measurements; comparisons are absent where there is nothing to compare with."""
    if baseline is not None and baseline.digest != candidate.digest:
        return found
    why = NO_BASELINE if baseline is None else SAME_CHECKPOINT
    return tuple(m if m.quantity is Quantity.VALUE else replace(m, measured=why) for m in found)


def _refuse_absurd(plan: OnlinePlan) -> None:
    for name, error in (("alpha", plan.alpha), ("harm_alpha", plan.harm_alpha)):
        if error >= 0.5:  # noqa: PLR2004 - a one-sided error of one half is a coin
            raise PolicyError(
                f"the online plan cannot be analysed with `{name}: {error:g}`",
                why="a one-sided error of one half or more bounds nothing",
                fix=f"choose a `{name}` such as 0.025",
            )


def _as_of(plan: OnlinePlan) -> datetime | None:
    if plan.as_of is None:
        return None
    try:
        return _utc(datetime.fromisoformat(plan.as_of))
    except ValueError as error:
        raise PolicyError(
            f"the online plan has `as_of: {plan.as_of}`",
            why="it is no ISO 8601 date and time",
            fix="write it like 2024-03-15T00:00:00+00:00",
        ) from error


def _utc(time: datetime) -> datetime:
    return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
