"""The state of units in a folder, grown look by look: a cache that is believed only when whole."""

import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from policies.canonical import Json, sha256_of
from stages.online.backends import DUCKDB, engine, faults
from stages.online.parts import Role
from stages.online.read_rows import ReadRows, counted
from stages.online.sources import Tables
from stages.online.tables import AB, AT, UNIT, Traffic, instant, rows, unreadable
from stages.online.unit_layers import Layers, done
from stages.online.unit_moments import Figures
from stages.online.unit_pieces import (
    Kept,
    drafted,
    drop_empty,
    finished,
    manifested,
    newest,
    piece,
    row_count,
    whole,
)
from stages.online.unit_state import UnitState, quantile_parts
from stages.online.unit_sums import NOBODY, LayerTotals
from stages.online.units import Ab, Span, grown, values_of

if TYPE_CHECKING:
    from ibis import Table

    from stages.online.backends import Backend

FORMAT = 3
"""Of states that mean the same: files, columns and totals."""


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFolder:
    """States of units below a folder, by what they were computed from.

    It may be deleted at any time. States are keyed by the description of the source, the plan, the
    names of the A/B and its first exposure: a changed plan finds none. A state of which a file is
    torn, foreign or changed is not used; the one before it is, or everything is read again.
    """

    path: Path

    @contextmanager
    def state(self, traffic: Traffic, tables: Tables, ab: Ab, day: float) -> Iterator[UnitState]:
        """The state on a day, grown from the newest earlier one that is whole.

        What is new of another engine's tables is copied into the folder first, only rows of the
        A/B's units, and reduced by this process. Where rows came late for what was read already,
        or are gone, everything is read again.

        Raises:
            InputError: The traffic cannot be read.
        """
        place = self.path / _key(tables, ab)
        before, now = _begun(manifested(place, day), traffic, tables, ab, day)
        with _local(traffic) as connection:
            if before is None or before.day < day:
                step = _Step(
                    traffic=traffic, tables=tables, ab=ab, before=before, connection=connection
                )
                before = step.written(place, day, now)
            yield _opened(traffic, connection, before)

    def forget(self, tables: Tables, ab: Ab) -> None:
        """Removes every state of an A/B: the rows that it was computed from may be repaired."""
        shutil.rmtree(self.path / _key(tables, ab), ignore_errors=True)

    def read(self, tables: Tables, ab: Ab, day: float) -> tuple[ReadRows, ...]:
        """Rows that the newest state up to a day rests on; empty without one."""
        found = newest(self.path / _key(tables, ab), day)
        return found.read if found is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Grown:
    """Units after a step.

    Attributes:
        units: Every unit that something may be new of, and whether it is `done` now.
        earlier: Units that were done before and still are; None: there was no state before.
        again: Whether some that were done before no longer are, since this step.
    """

    units: "Table"
    earlier: "Table | None" = None
    again: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A state being grown."""

    traffic: Traffic
    tables: Tables
    ab: Ab
    before: Kept | None
    connection: "Backend"

    def written(self, place: Path, day: float, read: tuple[ReadRows, ...]) -> Kept:
        """The next state, written whole or not at all; it rests on the rows of `read`."""
        span = read[-1].span
        with drafted(place) as draft, ExitStack() as held:
            traffic = self._here(span, draft)
            now = self._grown(traffic, span, draft, held)
            lasting = ["settled"]
            for number, part in quantile_parts(traffic):
                found = values_of(traffic, self.ab, span, now.units, part)
                self._write(found, piece(draft, _values(number)))
                lasting.append(_values(number))
            return finished(
                draft,
                day,
                read=read,
                inherited=self.before.only(lasting) if self.before else {},
                totals=self._totals(now, span),
            )

    def _grown(self, traffic: Traffic, span: Span, draft: Path, held: ExitStack) -> "_Grown":
        """The layers are written."""
        if self.before is None:
            units = done(grown(traffic, self.ab, span), None, traffic, span.until)
            return self._written(_Grown(units=self._held(units, held)), draft)
        old = _layers(self.connection, self.before)
        shown = self._held(_new_exposures(traffic, self.ab, span), held)
        met = self._held(old.met(shown, self.ab), held)
        units = old.grown(replace(traffic, exposures=shown), self.ab, span, met)
        path, reopened = piece(draft, "reopened"), old.reopening(met)
        self._write(reopened, path)
        units = self._held(done(units, reopened, traffic, span.until), held)
        again = row_count([path]) > row_count(self.before.of("reopened"))
        drop_empty(path)
        earlier = replace(old, reopened=reopened).standing()
        return self._written(_Grown(units=units, earlier=earlier, again=again), draft)

    def _written(self, found: "_Grown", draft: Path) -> "_Grown":
        units = found.units
        self._write(units.filter(units["done"]).drop("done"), piece(draft, "settled"))
        self._write(units.filter(~units["done"]).drop("done"), piece(draft, "open"))
        return found

    def _totals(self, found: "_Grown", span: Span) -> LayerTotals | None:
        """What is told of each layer; None where a cap depends on all units of a look."""
        metrics = self.ab.plan.metrics.values()
        if any(metric.winsorize is not None for metric in metrics):
            return None
        figures = Figures(ab=self.ab, parts=self.traffic.parts, until=span.until)
        now = figures.totals_by(found.units, "done", self._rows)
        settled, before = now.get(True, NOBODY), self.before.totals if self.before else None
        if before is not None and not found.again:
            settled = before.settled + settled
        elif found.earlier is not None:
            settled = figures.totals(found.earlier, self._rows) + settled
        return LayerTotals(open=now.get(False, NOBODY), settled=settled)

    def _rows(self, table: "Table") -> list[Mapping[str, object]]:
        return rows(table, self.connection, read=(self.tables.exposures, self.tables.events))

    def _held(self, table: "Table", held: ExitStack) -> "Table":
        """The rows of a table, computed once."""
        with self._reading():
            return held.enter_context(table.cache())

    def _here(self, span: Span, draft: Path) -> Traffic:
        """Both tables as this process's engine sees them."""
        if self.traffic.connection is self.connection:
            return self.traffic
        copies = {
            "exposures": _new_exposures(self.traffic, self.ab, span),
            "events": self._new_events(span),
        }
        read = {}
        for name, table in copies.items():
            path = draft / "copied" / f"{name}.parquet"
            path.parent.mkdir(exist_ok=True)
            self._copy(table, path)
            files = sorted(path.glob("*.parquet")) if path.is_dir() else path
            read[name] = self.connection.read_parquet(files)
        return Traffic(
            connection=self.connection,
            exposures=read["exposures"],
            events=read["events"],
            parts=self.traffic.parts,
            unit=self.traffic.unit,
        )

    def _new_events(self, span: Span) -> "Table":
        """Events of the A/B's units, and what covariates look back on."""
        shown, events = self.traffic.exposures, self.traffic.events
        ours = shown.filter(
            (shown[AB] == self.ab.arms.experiment) & (shown[AT] <= instant(span.until))
        )
        back = [part.span for part in self.traffic.parts if part.role is Role.BEFORE]
        oldest = span.since or self.ab.start
        recent = (events[AT] >= instant(oldest - max(back, default=oldest - oldest))) & (
            events[AT] <= instant(span.until)
        )
        return events.filter(recent).semi_join(ours.select(UNIT).distinct(), UNIT)

    def _copy(self, table: "Table", path: Path) -> None:
        with self._reading():
            self.traffic.connection.to_parquet(table, path)

    def _write(self, table: "Table", path: Path) -> None:
        with self._reading():
            self.connection.to_parquet(table, path, compression="uncompressed")

    @contextmanager
    def _reading(self) -> Iterator[None]:
        try:
            yield
        except (*faults(self.traffic.connection.name), *faults(DUCKDB)) as error:
            raise unreadable(str(self.tables.events), str(error)) from error


def _begun(
    states: Iterable[Kept], traffic: Traffic, tables: Tables, ab: Ab, day: float
) -> tuple[Kept | None, tuple[ReadRows, ...]]:
    """The first state that is whole, unless its rows have changed; and every row up to a day.

    Its pieces are read by nobody before all of them have been digested, which goes on while the
    engine counts.
    """
    for kept in states:
        then = _together(kept.read)
        new = () if kept.day == day else (Span(since=then.span.until, until=ab.at(day)),)
        with ThreadPoolExecutor(max_workers=1) as aside:
            is_whole = aside.submit(whole, kept)
            now = counted(traffic, tables, ab, (then.span, *new))
        if is_whole.result():
            return (kept, (*kept.read, *now[1:])) if now[0] == then else (None, (_together(now),))
    return None, counted(traffic, tables, ab, (Span(until=ab.at(day)),))


def _new_exposures(traffic: Traffic, ab: Ab, span: Span) -> "Table":
    shown = traffic.exposures
    return shown.filter((shown[AB] == ab.arms.experiment) & span.holds(shown[AT]))


def _together(read: Sequence[ReadRows]) -> ReadRows:
    """Stretches of time that follow each other, as one."""
    return ReadRows(
        span=Span(until=read[-1].span.until),
        exposures=sum(one.exposures for one in read),
        events=sum(one.events for one in read),
    )


def _opened(traffic: Traffic, connection: "Backend", kept: Kept) -> UnitState:
    return UnitState(
        connection=connection,
        units=_layers(connection, kept).together(),
        values={
            number: connection.read_parquet(kept.of(_values(number)))
            for number, _ in quantile_parts(traffic)
        },
        read=kept.read,
        totals=kept.totals.together if kept.totals is not None else None,
    )


def _layers(connection: "Backend", kept: Kept) -> Layers:
    reopened = kept.of("reopened")
    return Layers(
        open=connection.read_parquet(kept.of("open")),
        settled=connection.read_parquet(kept.of("settled")),
        reopened=connection.read_parquet(reopened) if reopened else None,
    )


def _values(number: int) -> str:
    """Kind of the pieces that hold the events' own values of a part."""
    return f"values-{number}"


@contextmanager
def _local(traffic: Traffic) -> "Iterator[Backend]":
    if traffic.connection.name == DUCKDB:
        yield traffic.connection
        return
    with engine() as connection:
        yield connection


def _key(tables: Tables, ab: Ab) -> str:
    said: dict[str, Json] = {
        "arms": [ab.arms.experiment, ab.arms.champion, ab.arms.challenger],
        "format": FORMAT,
        "plan": ab.plan.said(),
        "source": tables.sha256(),
        "start": ab.start.isoformat(),
    }
    return sha256_of(said)[:32]
