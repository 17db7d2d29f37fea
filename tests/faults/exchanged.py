"""Faults of votes that come back from Label Studio or from a spreadsheet."""

import csv
import io
import json
from collections.abc import Callable
from typing import Any

from gates.side_by_side.exporting import To, export
from gates.side_by_side.importing import From, Source, import_votes
from policies.errors import InputError
from stages.side_by_side.ballots.box import open_ballots
from tests.fakes.workplace import NOW
from tests.faults.comparisons import CREW, batch, compared
from tests.faults.world import Fault, Harmless, Inject, World

Rows = list[dict[str, Any]]
USERS = {str(number): name for number, name in enumerate(CREW, start=1)}
"""Label Studio's ids of the annotators."""


def by_label_studio(world: World) -> None:
    """Votes given in Label Studio, one on each prompt."""
    compared(world)
    world.criteria[-1]["at_least"] = 0.4
    world.after_registration.append(lambda: _in_label_studio(world))


def by_sheet(world: World) -> None:
    """Votes given in a table."""
    compared(world)
    world.criteria[-1]["at_least"] = 0.4
    world.after_registration.append(lambda: _in_a_sheet(world))


def _in_label_studio(world: World, spoil: Callable[[Rows], object] = lambda _: None) -> None:
    tasks = json.loads(_exported(world, To.LABEL_STUDIO))
    for number, task in enumerate(tasks, start=1):
        task |= {"id": number, "annotations": [_annotation(task["data"])]}
    spoil(tasks)
    _take_in(world, json.dumps(tasks).encode(), From.LABEL_STUDIO, USERS)


def _annotation(data: dict[str, Any]) -> dict[str, Any]:
    user = next(key for key, name in USERS.items() if name == data["annotator"])
    value = {"selected": _side(data["prompt"], data["answer1"], data["answer2"])}
    return {
        "completed_by": int(user),
        "was_cancelled": False,
        "lead_time": 8.0,
        "updated_at": "2026-03-01T10:00:00Z",
        "result": [{"from_name": "better", "to_name": "answer1,answer2", "value": value}],
    }


def _in_a_sheet(
    world: World,
    spoil: Callable[[Rows], object] = lambda _: None,
    *,
    raw: Callable[[bytes], bytes] = lambda data: data,
    **names: str,
) -> None:
    data = raw(_filled(_exported(world, To.CSV), spoil))
    _take_in(world, data, From.CSV, names)


def _filled(sheet: bytes, spoil: Callable[[Rows], object]) -> bytes:
    rows: Rows = list(csv.DictReader(io.StringIO(sheet.decode("utf-8-sig"), newline="")))
    columns = list(rows[0])
    for row in rows:
        side = _side(row["conversation"], row["answer_1"], row["answer_2"])
        row |= {"verdict": "1 better" if side == "left" else "2 better"}
    spoil(rows)
    written = io.StringIO(newline="")
    writer = csv.DictWriter(written, columns, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return written.getvalue().encode()


def _side(conversation: str, answer_1: str, answer_2: str) -> str:
    """The better answer's: the longer one where the candidate is better, whose answer that is."""
    del conversation
    return "left" if len(answer_1) > len(answer_2) else "right"


def _exported(world: World, to: To) -> bytes:
    made = batch(world)
    with open_ballots(str(world.place.folder / "state")) as box:
        for name in CREW:
            box.people.add(made.name, name, now=NOW)
        return export(box, made.name, to, now=NOW)[0].content


def _take_in(world: World, data: bytes, written_by: From, names: dict[str, str]) -> None:
    """As `gate sxs import` does: refused lines end it."""
    source = Source(data=data, where="back", written_by=written_by, names=names)
    with open_ballots(str(world.place.folder / "state")) as box:
        found = import_votes(box, batch(world).name, source, now=NOW)
        if found.refused:
            assert not box.standing_votes(batch(world).name)
            raise InputError("nothing was taken in", why=found.refused[0].why, fix="mend it")


def _studio(spoil: Callable[[Rows], object]) -> Inject:
    def inject(world: World) -> None:
        world.after_registration[:] = [lambda: _in_label_studio(world, spoil)]

    return inject


def _sheet(
    spoil: Callable[[Rows], object] = lambda _: None,
    *,
    raw: Callable[[bytes], bytes] = lambda data: data,
    **names: str,
) -> Inject:
    def inject(world: World) -> None:
        world.after_registration[:] = [lambda: _in_a_sheet(world, spoil, raw=raw, **names)]

    return inject


def _annotated(change: Callable[[dict[str, Any]], object]) -> Inject:
    """One annotation is another."""
    return _studio(lambda tasks: change(tasks[3]["annotations"][0]))


def _twice(take_in: Callable[[World], None]) -> Inject:
    return lambda world: world.after_registration.append(lambda: take_in(world))


def _turned(row: dict[str, Any]) -> None:
    row["verdict"] = "2 better" if row["verdict"] == "1 better" else "1 better"


def _studio_fault(name: str, inject: Inject, said: str) -> Fault:
    where = "votes from Label Studio"
    return Fault(name=name, where=where, scene=by_label_studio, inject=inject, said=said)


def _sheet_fault(name: str, inject: Inject, said: str) -> Fault:
    where = "votes from a spreadsheet"
    return Fault(name=name, where=where, scene=by_sheet, inject=inject, said=said)


FAULTS = (
    _studio_fault(
        "an answer edited", _studio(lambda t: t[3]["data"].update(answer1="?")), "was changed"
    ),
    _studio_fault(
        "a digest edited", _studio(lambda t: t[3]["data"].update(digest="0" * 16)), "was changed"
    ),
    _studio_fault(
        "two annotations",
        _studio(lambda t: t[3].update(annotations=t[3]["annotations"] * 2)),
        "annotations, not one",
    ),
    _studio_fault("a task twice", _studio(lambda t: t.append(t[3])), "stands twice"),
    _studio_fault(
        "a foreign task",
        _studio(lambda t: t[3]["data"].update(task="foreign")),
        "was not handed out",
    ),
    _studio_fault(
        "an unknown user",
        _annotated(lambda a: a.update(completed_by=99)),
        "is not known which annotator",
    ),
    _studio_fault(
        "somebody else's task",
        _studio(lambda t: t[3]["data"].update(annotator="eve")),
        "was changed",
    ),
    _studio_fault(
        "somebody else's annotation",
        _annotated(lambda a: a.update(completed_by=a["completed_by"] % 4 + 1)),
        "was annotated by",
    ),
    _studio_fault(
        "ground truth", _annotated(lambda a: a.update(ground_truth=True)), "ground truth"
    ),
    _studio_fault("nothing chosen", _annotated(lambda a: a.update(result=[])), "it says nothing"),
    _studio_fault(
        "a side that is none",
        _annotated(lambda a: a["result"][0]["value"].update(selected="up")),
        "it says up",
    ),
    _studio_fault(
        "endless time", _annotated(lambda a: a.update(lead_time=1e300)), "`lead_time` must be"
    ),
    _studio_fault(
        "no time of day", _annotated(lambda a: a.update(updated_at="noon")), "no ISO 8601 time"
    ),
    _studio_fault(
        "guidelines that were never published",
        _studio(lambda t: t[3]["data"].update(guidelines=9)),
        "have no version 9",
    ),
    _studio_fault(
        "half of the tasks", _studio(lambda t: t.__delitem__(slice(12, None))), "12 prompts of 24"
    ),
    _studio_fault(
        "all skipped",
        _studio(lambda t: [a.update(was_cancelled=True) for k in t for a in k["annotations"]]),
        "no vote compares",
    ),
    _sheet_fault("a changed answer", _sheet(lambda r: r[3].update(answer_1="?")), "was changed"),
    _sheet_fault(
        "a formula for a verdict",
        _sheet(lambda r: r[3].update(verdict="=1+1")),
        "not one of 1 much better",
    ),
    _sheet_fault(
        "a formula for a task", _sheet(lambda r: r[3].update(task="=A1")), "was not handed out"
    ),
    _sheet_fault("a map to a column that is none", _sheet(annotator="worker"), "no column worker"),
    _sheet_fault(
        "a map of a column that is none", _sheet(who="annotator"), "cannot map column who"
    ),
    _sheet_fault(
        "half a file", _sheet(lambda r: r.__delitem__(slice(12, None))), "12 prompts of 24"
    ),
    _sheet_fault(
        "cut in a quoted text", _sheet(raw=lambda d: d[: len(d) // 2] + b'"'), "6 fields under 12"
    ),
    _sheet_fault(
        "a row in two versions",
        _sheet(lambda r: r.append(dict(r[3], verdict="tie"))),
        "not declared a correction",
    ),
    _sheet_fault(
        "endless seconds", _sheet(lambda r: r[3].update(seconds="inf")), "not a number of seconds"
    ),
    _sheet_fault(
        "NaN seconds", _sheet(lambda r: r[3].update(seconds="nan")), "not a number of seconds"
    ),
    _sheet_fault(
        "another alphabet", _sheet(raw=lambda d: d.decode().encode("utf-16")), "is not UTF-8"
    ),
    _sheet_fault("a binary file", _sheet(raw=lambda _: bytes(range(256))), "is not UTF-8"),
    _sheet_fault("an empty file", _sheet(raw=lambda _: b""), "no column task"),
    _sheet_fault(
        "another vendor's worker",
        _sheet(lambda r: r[3].update(annotator="eve")),
        "says that `eve` did it",
    ),
    _sheet_fault(
        "every side turned", _sheet(lambda r: [_turned(row) for row in r]), "measured at 16.7 %"
    ),
)

HARMLESS = (
    Harmless(
        name="the same export twice",
        where="votes from Label Studio",
        scene=by_label_studio,
        inject=_twice(_in_label_studio),
    ),
    Harmless(
        name="the same table twice",
        where="votes from a spreadsheet",
        scene=by_sheet,
        inject=_twice(_in_a_sheet),
    ),
    Harmless(
        name="line ends of another system",
        where="votes from a spreadsheet",
        scene=by_sheet,
        inject=_sheet(raw=lambda d: d.replace(b"\r\n", b"\n")),
    ),
    Harmless(
        name="columns in another order",
        where="votes from a spreadsheet",
        scene=by_sheet,
        inject=_sheet(lambda rows: [row.update(note="=1+1") for row in rows]),
    ),
)
