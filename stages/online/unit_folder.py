"""The state of units in a folder, one file a look: a cache that is believed only when whole."""

import contextlib
import json
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from policies.canonical import Json, canonical_json, sha256_of
from stages.engine.data import sha256_of_file
from stages.online.backends import DUCKDB, engine, faults
from stages.online.parts import Role
from stages.online.read_rows import ReadRows, counted
from stages.online.sources import Tables
from stages.online.tables import AB, AT, UNIT, Traffic, instant, unreadable
from stages.online.unit_state import UnitState, quantile_parts
from stages.online.units import Ab, Span, grown, values_of

if TYPE_CHECKING:
    from ibis import Table

    from stages.online.backends import Backend

FORMAT = 1
KEPT_BACK = 2
"""States that stay: the newest, and the one it grew from."""

_MANIFEST = "whole.json"
"""Written last; a state without it was never finished."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A whole state in the folder."""

    folder: Path
    day: float
    read: tuple[ReadRows, ...]

    @property
    def units(self) -> Path:
        return self.folder / "units.parquet"

    def values(self, number: int) -> list[Path]:
        """Files of one part's values, one of each step."""
        return [
            path
            for step in range(len(self.read))
            if (path := self.folder / f"values-{number}-{step}.parquet").is_file()
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitFolder:
    """States of units below a folder, by what they were computed from.

    It may be deleted at any time. States are keyed by the description of the source, the plan, the
    names of the A/B and its first exposure: a changed plan finds none. A file that is torn, foreign
    or changed is not used, and is written anew.
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
        before = _newest(place, day)
        then = before.read if before is not None else ()
        new: tuple[Span, ...] = (
            Span(since=then[-1].span.until if then else None, until=ab.at(day)),
        )
        if before is not None and before.day == day:
            new = ()
        past = (_together(then),) if then else ()
        now = counted(traffic, tables, ab, (*(one.span for one in past), *new))
        if now[: len(past)] == past:
            now = (*then, *now[len(past) :])
        else:
            before, now = None, (_together(now),)
        with _local(traffic) as connection:
            if before is None or new:
                step = _Step(
                    traffic=traffic, tables=tables, ab=ab, before=before, connection=connection
                )
                before = step.written(place, day, now)
                _prune(place, before)
            yield _opened(traffic, connection, before)

    def forget(self, tables: Tables, ab: Ab) -> None:
        """Removes every state of an A/B: the rows that it was computed from may be repaired."""
        shutil.rmtree(self.path / _key(tables, ab), ignore_errors=True)

    def read(self, tables: Tables, ab: Ab, day: float) -> tuple[ReadRows, ...]:
        """Rows that the newest state up to a day rests on; empty without one."""
        found = _newest(self.path / _key(tables, ab), day)
        return found.read if found is not None else ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Step:
    """A state being grown."""

    traffic: Traffic
    tables: Tables
    ab: Ab
    before: _Kept | None
    connection: "Backend"

    def written(self, place: Path, day: float, read: tuple[ReadRows, ...]) -> _Kept:
        """The next state, written whole or not at all; it rests on the rows of `read`."""
        span = read[-1].span
        draft = place / f"draft-{uuid4().hex}"
        draft.mkdir(parents=True)
        try:
            traffic = self._here(span, draft)
            old = self.connection.read_parquet(self.before.units) if self.before else None
            self._write(grown(traffic, self.ab, span, old), draft / "units.parquet")
            units = self.connection.read_parquet(draft / "units.parquet")
            for number, part in quantile_parts(traffic):
                for path in self.before.values(number) if self.before else ():
                    shutil.copyfile(path, draft / path.name)
                found = values_of(traffic, self.ab, span, units, part)
                self._write(found, draft / f"values-{number}-{len(read) - 1}.parquet")
            return _finished(draft, place / f"day-{day:014.9f}-{uuid4().hex}", day, read)
        finally:
            shutil.rmtree(draft, ignore_errors=True)

    def _here(self, span: Span, draft: Path) -> Traffic:
        """Both tables as this process's engine sees them."""
        if self.traffic.connection is self.connection:
            return self.traffic
        copies = {
            "exposures": self._new_exposures(span),
            "events": self._new_events(span),
        }
        read = {}
        for name, table in copies.items():
            path = draft / f"copied-{name}.parquet"
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

    def _new_exposures(self, span: Span) -> "Table":
        shown = self.traffic.exposures
        return shown.filter((shown[AB] == self.ab.arms.experiment) & span.holds(shown[AT]))

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
        try:
            self.traffic.connection.to_parquet(table, path)
        except faults(self.traffic.connection.name) as error:
            raise unreadable(str(self.tables.events), str(error)) from error

    def _write(self, table: "Table", path: Path) -> None:
        try:
            self.connection.to_parquet(table, path, compression="uncompressed")
        except faults(DUCKDB) as error:
            raise unreadable(str(self.tables.events), str(error)) from error


def _together(read: Sequence[ReadRows]) -> ReadRows:
    """Stretches of time that follow each other, as one."""
    return ReadRows(
        span=Span(until=read[-1].span.until),
        exposures=sum(one.exposures for one in read),
        events=sum(one.events for one in read),
    )


def _opened(traffic: Traffic, connection: "Backend", kept: _Kept) -> UnitState:
    return UnitState(
        connection=connection,
        units=connection.read_parquet(kept.units),
        values={
            number: connection.read_parquet(kept.values(number))
            for number, _ in quantile_parts(traffic)
        },
        read=kept.read,
    )


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


def _finished(draft: Path, target: Path, day: float, read: Sequence[ReadRows]) -> _Kept:
    """Seals a draft, and puts it where states are looked for."""
    for path in draft.glob("copied-*"):  # Spark writes folders
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    files: dict[str, Json] = {p.name: sha256_of_file(p) for p in sorted(draft.glob("*.parquet"))}
    said: dict[str, Json] = {
        "day": day,
        "files": files,
        "read": [
            {
                "events": one.events,
                "exposures": one.exposures,
                "since": one.span.since.isoformat() if one.span.since else None,
                "until": one.span.until.isoformat(),
            }
            for one in read
        ],
    }
    (draft / _MANIFEST).write_text(
        canonical_json({"said": said, "sha256": sha256_of(said)}), encoding="utf-8"
    )
    draft.rename(target)
    return _Kept(folder=target, day=day, read=tuple(read))


def _newest(place: Path, day: float) -> _Kept | None:
    """The newest whole state up to a day."""
    for folder in sorted(place.glob("day-*"), reverse=True):
        kept = _whole(folder)
        if kept is not None and kept.day <= day:
            return kept
    return None


def _whole(folder: Path) -> _Kept | None:
    """A state whose manifest and files are what they were when it was finished, or nothing."""
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError, AttributeError):
        found = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        said = found["said"]
        if found["sha256"] != sha256_of(said):
            return None
        if any(sha256_of_file(folder / name) != digest for name, digest in said["files"].items()):
            return None
        read = tuple(
            ReadRows(
                span=Span(
                    since=datetime.fromisoformat(one["since"]) if one["since"] else None,
                    until=datetime.fromisoformat(one["until"]),
                ),
                exposures=one["exposures"],
                events=one["events"],
            )
            for one in said["read"]
        )
        return _Kept(folder=folder, day=said["day"], read=read)
    return None


def _prune(place: Path, newest: _Kept) -> None:
    """Removes states that nothing will grow from."""
    older = [folder for folder in sorted(place.glob("day-*")) if folder != newest.folder]
    for folder in older[: 1 - KEPT_BACK]:
        shutil.rmtree(folder, ignore_errors=True)
