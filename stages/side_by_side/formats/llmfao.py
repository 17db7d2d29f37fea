"""Votes of crowd workers and LLM judges in the CSV files of the LLMFAO study."""

from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from pathlib import PurePosixPath

from stages.side_by_side.formats.rows import Row, all_or_none, csv_rows
from stages.side_by_side.formats.winners import said, worth_without_both_bad
from stages.side_by_side.formats.writing import csv_of, unsayable
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

COLUMNS = ("prompt", "winner", "left", "right")
WINNERS: Mapping[str, Preference] = {
    "left": Preference.A_BETTER,
    "tie": Preference.TIE,
    "right": Preference.B_BETTER,
}
"""What the words say of the model on the left; the study asked for no strength."""

WORDS = {preference: word for word, preference in WINNERS.items()}

_FIX = (
    "give a CSV file with the columns prompt, worker (for people), winner, left, right; winner is "
    "left, right or tie"
)


def parse_llmfao(data: bytes, *, where: str) -> tuple[Vote, ...]:
    """Votes from CSV with the columns `prompt`, `left`, `right`, `winner` and perhaps `worker`.

    Models are named as in `left` and `right`; the left one counts as shown first. A file without
    workers is one judge's, named after the file. The study had no "both bad" verdict.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong.
    """
    rows = csv_rows(data, where=where, columns=COLUMNS, fix=_FIX)
    return all_or_none(rows, partial(_votes, judge=PurePosixPath(where).stem))


def write_llmfao(votes: Iterable[Vote]) -> bytes:
    """Votes as CSV, the model that was shown first on the left; strength is not said.

    Raises:
        InputError: When a vote is unresolved, "both bad" or a score in between.
    """
    columns = ("prompt", "worker", "winner", "left", "right")
    return csv_of(columns, [_row(vote) for vote in votes])


def _row(vote: Vote) -> tuple[str, ...]:
    preference, left, right = said(vote), vote.model_a, vote.model_b
    if vote.first != left:
        preference, left, right = preference.turned, right, left
    if preference not in WORDS:
        raise unsayable(vote, f"this format has no word for `{preference}`")
    return vote.prompt, vote.annotator, WORDS[preference], left, right


def _votes(row: Row, *, judge: str) -> Iterator[Vote]:
    left, right = row.two_models("left", "right")
    by_people = "worker" in row.fields
    worth = worth_without_both_bad(WINNERS[row.one_of("winner", WINNERS)])
    yield Vote(
        prompt=row.text("prompt"),
        annotator=row.text("worker") if by_people else judge,
        model_a=left,
        model_b=right,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad,
        first=left,
        where=row.where,
        judge=not by_people,
    )
