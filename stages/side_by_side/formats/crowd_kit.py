"""Labels as crowd-kit reads them: `task,worker,label`, beside the two models compared."""

from collections.abc import Iterable, Iterator

from policies.canonical import sha256_of
from stages.side_by_side.formats.rows import Row, all_or_none, csv_rows
from stages.side_by_side.formats.winners import said
from stages.side_by_side.formats.writing import csv_of, unsayable
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

COLUMNS = ("task", "worker", "label", "left", "right")
TIE, BOTH_BAD = "tie", "both_bad"

_FIX = (
    "give a CSV file with the columns task, worker, label, left, right (and prompt, where a task "
    "is not a prompt); the label is the name on the left or on the right, tie or both_bad"
)


def parse_crowd_kit(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Votes from CSV; the label names the winner, as crowd-kit's pairwise methods have it.

    `left` and `right` are the models, the left one shown first. The prompt is the column `prompt`,
    and the task where there is none.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong.
    """
    return all_or_none(csv_rows(data, where=where, columns=COLUMNS, fix=_FIX), _votes)


def write_crowd_kit(votes: Iterable[Vote]) -> bytes:
    """Votes as CSV for crowd-kit: its methods for classes and for pairs both read it.

    A task is a pair of models on a prompt, whichever was shown first; strength is not said.

    Raises:
        InputError: When a vote is unresolved, a score in between, or a model is named like a label.
    """
    return csv_of((*COLUMNS, "prompt"), [_row(vote) for vote in votes])


def _votes(row: Row) -> Iterator[Vote]:
    left, right = row.two_models("left", "right")
    if {left, right} & {TIE, BOTH_BAD}:
        raise row.refused(f"no model may be named {TIE} or {BOTH_BAD}")
    labels = {
        left: Preference.A_BETTER,
        right: Preference.B_BETTER,
        TIE: Preference.TIE,
        BOTH_BAD: Preference.BOTH_BAD,
    }
    worth = labels[row.one_of("label", labels)].worth
    task = row.text("task")
    yield Vote(
        prompt=row.text("prompt") if "prompt" in row.fields else task,
        annotator=row.text("worker"),
        model_a=left,
        model_b=right,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=left,
        where=row.where,
    )


def _row(vote: Vote) -> tuple[str, ...]:
    left, right = vote.model_a, vote.model_b
    labels = {
        Preference.A_BETTER: left,
        Preference.B_BETTER: right,
        Preference.TIE: TIE,
        Preference.BOTH_BAD: BOTH_BAD,
    }
    preference = said(vote)
    if preference not in labels:
        raise unsayable(vote, f"this format has no label for `{preference}`")
    if {left, right} & {TIE, BOTH_BAD}:
        raise unsayable(vote, f"no model may be named {TIE} or {BOTH_BAD}")
    if vote.first != left:
        left, right = right, left
    task = sha256_of([vote.prompt, sorted(vote.pair)])[:16]
    return task, vote.annotator, labels[preference], left, right, vote.prompt
