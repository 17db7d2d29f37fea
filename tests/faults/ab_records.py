"""Faults of what is kept of an A/B: its registration, looks, wealth and units; and of times."""

import shutil
import zlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

from policies.canonical import Json, canonical_json
from stages.evidence.json_lines import strict_json
from tests.faults.ab import (
    DAYS,
    JOURNAL,
    POLICY,
    REGISTRATIONS,
    WEALTH,
    Ab,
    before,
    changed,
    twice,
)
from tests.faults.ab_plans import sharing
from tests.faults.world import Fault, Harmless, Inject, Scene, World
from tests.stages.online.traffic_of import START, Traffic

LATER = 7.6


def too_late(world: World) -> None:
    """Looked at on day 3 and on two days when it is over."""
    twice(world)
    assert world.ab is not None
    world.ab.looked_on = (3.2, DAYS, LATER)


def looks(world: World) -> None:
    """Looks are taken by `gate online look`, the missed ones one by one."""
    twice(world)
    assert world.ab is not None
    world.ab.looked_on = (DAYS,)
    world.ab.command = ("online", "look", POLICY)


def _bytes(stream: str, change: Callable[[bytes], bytes], *, day: float | None = DAYS) -> Inject:
    """A stream's file is rewritten."""

    def rewrite(ab: Ab) -> None:
        path = ab.stream(stream)
        path.write_bytes(change(path.read_bytes()))

    return before(day, rewrite)


def _entries(
    stream: str, change: Callable[[list[Any]], object], *, day: float | None = DAYS
) -> Inject:
    """A stream's entries are rewritten by somebody who knows about checksums."""

    def rewrite(data: bytes) -> bytes:
        entries: list[Json] = [strict_json(line.decode())["entry"] for line in data.splitlines()]
        change(entries)
        return b"".join(_line(entry) for entry in entries)

    return _bytes(stream, rewrite, day=day)


def _line(entry: Json) -> bytes:
    body = canonical_json(entry).encode()
    return b'{"crc32":"%08x","entry":%s}\n' % (zlib.crc32(body), body)


def _gone(stream: str) -> Inject:
    return before(DAYS, lambda ab: ab.stream(stream).unlink())


def _torn(data: bytes) -> bytes:
    """The first entry ends in the middle; a whole one follows."""
    first = data.splitlines(keepends=True)[0]
    return first[: len(first) // 2] + b"\n" + first


def _cut_off(data: bytes) -> bytes:
    """What a writer leaves that dies while it writes a second entry."""
    return data + data[: len(data) // 2].rstrip(b"\n")


def _folder(ab: Ab) -> Path:
    return ab.place.folder / "state" / "units"


def _units(change: Callable[[Path], object]) -> Inject:
    """Every file of units' values that is kept between looks is damaged."""

    def damage(ab: Ab) -> None:
        found = sorted(_folder(ab).rglob("*.parquet"))
        assert found, "nothing is kept between looks"
        for path in found:
            change(path)

    return before(DAYS, damage)


def _flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


def _manifests(change: Callable[[str], str]) -> Inject:
    def rewrite(ab: Ab) -> None:
        for path in sorted(_folder(ab).rglob("*.json")):
            path.write_text(change(path.read_text()))

    return before(DAYS, rewrite)


def _at(day: float) -> Inject:
    """The clock goes back before the last look."""
    return before(DAYS, lambda ab: setattr(ab.place, "now", START + timedelta(days=day)))


def _as_of(day: float) -> Inject:
    at = (START + timedelta(days=day)).isoformat()
    return changed(lambda ab: setattr(ab, "command", ("online", "look", POLICY, "--as-of", at)))


def _only(*days: float) -> Inject:
    return changed(lambda ab: setattr(ab, "looked_on", days))


def _lost_then_repaired(ab: Ab) -> None:
    """It ends without an effect; then the rows say something else, and it is run again."""
    sound = ab.traffic.events["resolved"]

    def no_effect(found: Traffic) -> None:
        if ab.place.now < START + timedelta(days=LATER):
            found.events["resolved"] = [
                float(k % 3 == 2 and (k // 6) % 2 == 0)
                for k in range(len(found.events["resolved"]))
            ]

    assert sound
    ab.spoils.append(no_effect)


def _fault(name: str, inject: Inject, said: str, *, scene: Scene = twice) -> Fault:
    return Fault(name=name, where="A/B: records and looks", scene=scene, inject=inject, said=said)


def _harmless(name: str, inject: Inject, *, scene: Scene = twice) -> Harmless:
    return Harmless(name=name, where="A/B: records and looks", scene=scene, inject=inject)


def _another_plan(entries: list[Any]) -> None:
    """A look of another plan stands before that of this one."""
    entries.insert(0, {**entries[0], "plan": "0" * 64})


def _late_row(ab: Ab) -> None:
    """Events of the first days arrive when their look was taken."""

    def late(found: Traffic) -> None:
        if ab.place.now < START + timedelta(days=4):
            for values in found.events.values():
                values[5:6] = []

    ab.spoils.append(late)


FAULTS = (
    _fault("a look that was taken, torn", _bytes(JOURNAL, _torn), "the line is not an entry"),
    _fault(
        "a look that was taken, edited",
        _bytes(JOURNAL, lambda d: d.replace(b'"champion_units":', b'"champion_units":1')),
        "does not match its checksum",
    ),
    _fault(
        "a look of another program",
        _bytes(JOURNAL, lambda d: d + _line({"look": 1})),
        "not of this program's shape",
    ),
    _fault(
        "a look of a day that nobody planned",
        _entries(JOURNAL, lambda e: e[0]["look"].update(day="3")),
        "not of this program's shape",
    ),
    _fault(
        "the registration edited",
        _bytes(REGISTRATIONS, lambda d: d.replace(b'"by":"gate run"', b'"by":"gate boss"')),
        "does not match its checksum",
    ),
    _fault(
        "another digest registered",
        _entries(REGISTRATIONS, lambda e: e[0].update(sha256="0" * 64)),
        "registered was 000000000000",
    ),
    _fault(
        "a registration without a time",
        _entries(REGISTRATIONS, lambda e: e[0].pop("at")),
        "cannot read a preregistration",
    ),
    _fault(
        "a registration of no zone",
        _entries(REGISTRATIONS, lambda e: e[0].update(at="2024-02-28T00:00:00")),
        "cannot read a preregistration",
    ),
    _fault(
        "another place registered",
        _entries(REGISTRATIONS, lambda e: e[0].update(source_sha256="0" * 64)),
        "registered to stand elsewhere",
    ),
    _fault(
        "no alpha in the registration",
        _entries(REGISTRATIONS, lambda e: e[0].update(alpha=None)),
        "drew an alpha of None",
        scene=sharing,
    ),
    _fault(
        "more alpha in the registration than planned",
        _entries(REGISTRATIONS, lambda e: e[0].update(alpha=0.4)),
        "the record of what was drawn says",
        scene=sharing,
    ),
    _fault(
        "more alpha in the registration than drawn",
        _entries(REGISTRATIONS, lambda e: e[0].update(alpha=0.025)),
        "the record of what was drawn says",
        scene=sharing,
    ),
    _fault(
        "the record of what was drawn, lost",
        _gone(WEALTH),
        "the record of what was drawn says None",
        scene=sharing,
    ),
    _fault(
        "the record of what was drawn, edited",
        _bytes(WEALTH, lambda d: d.replace(b'"alpha":0.0', b'"alpha":0.01')),
        "does not match its checksum",
        scene=sharing,
    ),
    _fault(
        "another alpha in the record",
        _entries(WEALTH, lambda e: e[0].update(alpha=0.02)),
        "the record of what was drawn says 0.02",
        scene=sharing,
    ),
    _fault(
        "another program's record",
        _bytes(WEALTH, lambda d: d + _line({"won": True})),
        "not of this program's shape",
        scene=sharing,
    ),
    _fault(
        "not a number in the record",
        _entries(WEALTH, lambda e: e[0].update(alpha="0.01")),
        "not of this program's shape",
        scene=sharing,
    ),
    _fault("promoted before the last look", _only(3.2), "the minimum run time has not passed"),
    _fault("promoted without any look", _only(), "no planned look"),
    _fault("a look as of the first day", _as_of(0.5), "no planned look", scene=looks),
    _fault("a look as of a day before any", _as_of(-5.0), "no planned look", scene=looks),
    _fault("a look as of tomorrow", _as_of(9.0), "that time has not come", scene=looks),
    _fault("a clock that goes back", _at(2.0), "no planned look"),
    _fault(
        "run again when the rows are better",
        changed(_lost_then_repaired),
        "the baseline stays",
        scene=too_late,
    ),
)

HARMLESS = (
    _harmless("looked at once more", _only(3.2, DAYS, LATER)),
    _harmless("an entry that its writer could not end", _bytes(JOURNAL, _cut_off)),
    _harmless("a look that two machines took", _entries(JOURNAL, lambda e: e.append(e[0]))),
    _harmless("a look of another plan", _entries(JOURNAL, _another_plan)),
    _harmless("the folder of units deleted", before(DAYS, lambda ab: shutil.rmtree(_folder(ab)))),
    _harmless("units of a look flipped", _units(_flipped)),
    _harmless("units of a look cut off", _units(lambda p: p.write_bytes(p.read_bytes()[:100]))),
    _harmless("units of a look of another program", _units(lambda p: p.write_text("unit"))),
    _harmless(
        "a manifest of units edited",
        _manifests(lambda t: t.replace('"exposures":', '"exposures":1')),
    ),
    _harmless("a manifest of another program", _manifests(lambda _: "[]")),
    _harmless("rows that come late", changed(_late_row)),
    _harmless(
        "looks taken one by one",
        changed(lambda ab: setattr(ab, "command", ("online", "look", POLICY))),
    ),
)
