"""Votes of crowd workers and LLM judges in the CSV files of the LLMFAO study."""

import csv
import io
from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from policies.errors import InputError
from stages.evidence.json_lines import utf8_text
from stages.side_by_side.vote import Vote

COLUMNS = ("prompt", "winner", "left", "right")
WINNERS: Mapping[str, tuple[float, float]] = {
    "left": (1.0, 0.75),
    "tie": (0.5, 0.5),
    "right": (0.0, 0.25),
}
"""Win and grade of the model on the left; the study asked for no strength."""


def parse_llmfao(data: bytes, *, where: str) -> Iterator[Vote]:
    """Votes from CSV with the columns `prompt`, `left`, `right`, `winner` and perhaps `worker`.

    Models are named as in `left` and `right`; the left one counts as shown first. A file without
    workers is one judge's, named after the file. The study had no "both bad" verdict.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, at the first wrong one.
    """
    text = utf8_text(data, where=where)
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = next(rows, [])
        _check_header(header, where)
        for row in rows:
            line = f"{where}:{rows.line_num}"
            if len(row) != len(header):
                raise _refused(line, f"{len(row)} fields under {len(header)} columns")
            yield _vote(dict(zip(header, row, strict=True)), line, judge=PurePosixPath(where).stem)
    except csv.Error as error:
        raise _refused(f"{where}:{rows.line_num}", str(error)) from None


def _check_header(header: list[str], where: str) -> None:
    missing = [name for name in COLUMNS if name not in header]
    if missing:
        raise _refused(f"{where}:1", f"there is no column {', '.join(missing)}")
    if len(set(header)) < len(header):
        raise _refused(f"{where}:1", "a column stands twice")


def _vote(row: Mapping[str, str], line: str, *, judge: str) -> Vote:
    for field in COLUMNS:
        if not row[field].strip():
            raise _refused(line, f"`{field}` is empty")
    annotator = row.get("worker", judge)
    if not annotator.strip():
        raise _refused(line, "`worker` is empty")
    if row["left"] == row["right"]:
        raise _refused(line, f"`{row['left']}` is compared with itself")
    if row["winner"] not in WINNERS:
        raise _refused(line, f"`winner` is {row['winner']!r}, not one of {', '.join(WINNERS)}")
    win, graded = WINNERS[row["winner"]]
    return Vote(
        prompt=row["prompt"],
        annotator=annotator,
        model_a=row["left"],
        model_b=row["right"],
        win_a=win,
        graded_a=graded,
        both_bad=None,
        first=row["left"],
        where=line,
    )


def _refused(line: str, why: str) -> InputError:
    return InputError(
        f"cannot read the vote at {line}",
        why=why,
        fix="give a CSV file with the columns prompt, worker (for people), winner, left, right; "
        "winner is left, right or tie",
    )
