"""Spreadsheets for vendors: tasks as CSV, guidelines beside them, and the file they send back."""

import math
import re
from collections.abc import Iterable, Mapping
from datetime import datetime

from policies.errors import InputError
from stages.side_by_side.exchange.cells import neutralised, restored
from stages.side_by_side.exchange.incoming import MEND, Imported, RefusedLine, Said, taken_in
from stages.side_by_side.exchange.shown import Shown, plain_lines
from stages.side_by_side.formats.rows import BYTE_ORDER_MARK, Row, csv_rows, place_of
from stages.side_by_side.formats.writing import csv_of
from stages.side_by_side.preference import Preference

NEEDED = ("task", "annotator", "verdict")
"""Columns that a file must have to be imported."""
TEXTS = ("conversation", "answer_1", "answer_2")
COLUMNS = (
    *("task", "annotator", "guidelines", *TEXTS, "digest"),
    *("verdict", "comment", "seconds", "at", "correction"),
)
"""Columns as they are handed out; the last five are to be filled in."""

VERDICTS: Mapping[str, Preference] = {
    "1 much better": Preference.A_MUCH_BETTER,
    "1 better": Preference.A_BETTER,
    "tie": Preference.TIE,
    "2 better": Preference.B_BETTER,
    "2 much better": Preference.B_MUCH_BETTER,
    "both bad": Preference.BOTH_BAD,
    "skip": Preference.UNRESOLVED,
}
VERSION = re.compile("[1-9][0-9]{0,8}")
YES, NO = ("yes", "true", "1"), ("", "no", "false", "0")

HOW_TO = """
## How to fill in the table

One row is one task; leave the first columns as they are, and fill in `verdict`:

| verdict | meaning |
| --- | --- |
| `1 much better`, `1 better` | answer 1 is (much) better |
| `2 better`, `2 much better` | answer 2 is (much) better |
| `tie` | they are equally good |
| `both bad` | neither would help |
| `skip` | you cannot judge it; say why in `comment` |

`comment` is optional, `seconds` the time that you spent on the task, `at` when you finished it, as
in `2026-01-31T14:05:00Z`. A row without a verdict is not done yet. To change a verdict that you
sent already, write `yes` into `correction`.

A text that begins with `=`, `+`, `-` or `@` has an apostrophe before it: no program may run it.
"""

_FIX = (
    "send the table back with the columns task, annotator and verdict ("
    + ", ".join(VERDICTS)
    + "), and name columns of other names with --map OURS=THEIRS"
)


def export_sheet(tasks: Iterable[Shown], *, guidelines: int) -> bytes:
    """Tasks as CSV in UTF-8 with a byte order mark, which spreadsheet programs want.

    Args:
        tasks: The tasks, in the order to be shown.
        guidelines: Version of the guidelines that go with them.
    """
    rows = [_cells(task, guidelines) for task in tasks]
    return BYTE_ORDER_MARK + csv_of(COLUMNS, rows)


def sheet_guidelines(guidelines: str) -> bytes:
    """What goes with a table: the guidelines, Markdown, and how to fill it in."""
    return f"{guidelines.rstrip()}\n{HOW_TO}".lstrip().encode()


def read_sheet(
    data: bytes,
    tasks: Iterable[Shown],
    *,
    columns: Mapping[str, str],
    known: Mapping[str, Preference],
    where: str,
    corrects: bool = False,
) -> Imported:
    """What a table that was sent back says of tasks: all of it, or what is refused.

    A row without a verdict is open. Refused are a task that is unknown or somebody else's, texts
    that were changed, a verdict that is none, and a verdict other than the one known of the task,
    unless `correction` or `corrects` says that it is meant.

    Args:
        data: The file's bytes.
        tasks: The tasks that were handed out.
        columns: Their column by ours, where it has another name.
        known: What was taken in before; see `known_preferences`.
        where: The file's name, for errors.
        corrects: Whether every verdict that differs from what is known is meant to correct it.

    Raises:
        InputError: When the file is no CSV, has not the columns, or `columns` names none of ours.
    """
    theirs = _columns(columns)
    handed_out = {task.id: task for task in tasks}
    said: list[Said] = []
    refused: list[RefusedLine] = []
    for row in csv_rows(data, where=where, columns=[theirs[name] for name in NEEDED], fix=_FIX):
        if isinstance(row, InputError):
            place = place_of(row)
            of_columns = place == f"{where}:1"  # where the names of the columns stand
            refused.append(RefusedLine(place, row.why, fix=row.fix if of_columns else MEND))
            continue
        try:
            line = _said(_ours(row, theirs), handed_out)
        except InputError as error:
            refused.append(RefusedLine(row.where, error.why))
        else:
            said += [line] if line is not None else []
    return taken_in(said, refused, known, corrects=corrects)


def _cells(task: Shown, guidelines: int) -> list[str]:
    texts = (task.conversation, task.answer_1, task.answer_2)
    given = [task.id, task.annotator, str(guidelines), *texts, task.digest]
    return [neutralised(text) for text in given] + [""] * (len(COLUMNS) - len(given))


def _columns(columns: Mapping[str, str]) -> Mapping[str, str]:
    """Their name of each of our columns."""
    unknown = [name for name in columns if name not in COLUMNS]
    if unknown:
        raise InputError(
            f"cannot map column {', '.join(unknown)}",
            why=f"the columns are {', '.join(COLUMNS)}",
            fix="map one of these, as in --map annotator=worker",
        )
    return {name: columns.get(name, name) for name in COLUMNS}


def _ours(row: Row, theirs: Mapping[str, str]) -> Row:
    """A row by our columns, with the texts of its cells."""
    cells = ((name, row.fields.get(theirs[name])) for name in COLUMNS)
    fields = {name: restored(cell) for name, cell in cells if isinstance(cell, str)}
    return Row(where=row.where, fields=fields, fix=row.fix)


def _said(row: Row, handed_out: Mapping[str, Shown]) -> Said | None:
    task = _task(row, handed_out)
    verdict = (row.maybe_text("verdict") or "").strip().lower()
    if not verdict:
        return None
    if verdict not in VERDICTS:
        raise row.refused(f"`verdict` is {verdict!r}, not one of {', '.join(VERDICTS)}")
    return Said(
        task=task,
        preference=VERDICTS[verdict],
        seconds=_seconds(row),
        comment=row.maybe_text("comment") or "",
        guidelines=_guidelines(row),
        at=_at(row),
        corrects=_flag(row),
        where=row.where,
    )


def _task(row: Row, handed_out: Mapping[str, Shown]) -> Shown:
    name = row.text("task").strip()
    task = handed_out.get(name)
    if task is None:
        raise row.refused(f"task {name} was not handed out from this batch")
    if row.text("annotator") != task.annotator:
        raise row.refused(
            f"task {name} is for `{task.annotator}`, and says that `{row.text('annotator')}` did it"
        )
    texts = dict(zip(TEXTS, (task.conversation, task.answer_1, task.answer_2), strict=True))
    known = {**texts, "digest": task.digest}
    for column, text in known.items():
        cell = row.maybe_text(column)
        if cell is not None and plain_lines(cell) != plain_lines(text):
            raise row.refused(f"`{column}` of task {name} was changed")
    return task


def _seconds(row: Row) -> float | None:
    cell = (row.maybe_text("seconds") or "").strip()
    if not cell:
        return None
    try:
        seconds = float(cell)
    except ValueError:
        seconds = math.nan
    if not 0 <= seconds < math.inf:
        raise row.refused(f"`seconds` is {cell!r}, not a number of seconds")
    return seconds


def _guidelines(row: Row) -> int:
    cell = row.maybe_text("guidelines")
    if cell is None:
        return 1
    if not VERSION.fullmatch(cell.strip()):
        raise row.refused(f"`guidelines` is {cell!r}, not the version that was handed out")
    return int(cell)


def _at(row: Row) -> str:
    cell = (row.maybe_text("at") or "").strip()
    try:
        return cell and datetime.fromisoformat(cell).isoformat()
    except ValueError:
        raise row.refused(f"`at` is {cell!r}, no ISO 8601 time") from None


def _flag(row: Row) -> bool:
    cell = (row.maybe_text("correction") or "").strip().lower()
    if cell not in YES + NO:
        raise row.refused(f"`correction` is {cell!r}, not yes or no")
    return cell in YES
