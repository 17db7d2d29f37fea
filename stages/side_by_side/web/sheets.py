"""Tables that a lead takes away, as CSV that no spreadsheet runs."""

import csv
import io
from collections.abc import Iterable, Sequence

from stages.side_by_side.ballots.person import PersonSummary
from stages.side_by_side.ballots.standing import Skip
from stages.side_by_side.batch import Batch
from stages.side_by_side.exchange.cells import neutralised
from stages.side_by_side.vote import Vote

_BYTE_ORDER_MARK = "\ufeff"
"""Without it some spreadsheets take UTF-8 for something else."""


def people_csv(summaries: Iterable[PersonSummary]) -> bytes:
    """Accepted votes and time of every person, as they are paid by.

    Columns: person, segment, status, votes, gold, gold_right, skipped, undone, seconds, hours,
    median_seconds, fast, last.
    """
    head = (
        *("person", "segment", "status", "votes", "gold", "gold_right", "skipped", "undone"),
        *("seconds", "hours", "median_seconds", "fast", "last"),
    )
    rows = (
        (
            *(found.person.name, found.person.segment, found.person.status.value),
            *(found.votes, found.gold, found.gold_right, found.skipped, found.undone),
            *(f"{found.seconds:.1f}", f"{found.seconds / 3600:.3f}"),
            "" if found.median_seconds is None else f"{found.median_seconds:.1f}",
            *(found.fast, found.last),
        )
        for found in summaries
    )
    return _csv(head, rows)


def votes_csv(votes: Iterable[Vote]) -> bytes:
    """Votes that count, without the models' names: who leads stays as blind as who votes.

    Columns: at, person, segment, prompt, first_shown_won (1, .75, .5, .25, 0, empty for
    unresolved), both_bad, seconds, guidelines, comment.
    """
    head = (
        *("at", "person", "segment", "prompt", "first_shown_won", "both_bad"),
        *("seconds", "guidelines", "comment"),
    )
    rows = (
        (
            *(vote.at, vote.annotator, vote.segment, vote.prompt),
            *(_first_shown_won(vote), "" if vote.both_bad is None else int(vote.both_bad)),
            *(_said(vote, name) for name in ("seconds", "guidelines", "comment")),
        )
        for vote in votes
    )
    return _csv(head, rows)


def skips_csv(skips: Iterable[Skip], batch: Batch) -> bytes:
    """Pairs that people left for others, and why.

    Columns: at, person, prompt, comment.
    """
    rows = ((skip.at, skip.person, batch.shown[skip.pair].prompt, skip.comment) for skip in skips)
    return _csv(("at", "person", "prompt", "comment"), rows)


def _first_shown_won(vote: Vote) -> str:
    if vote.graded_a is None:
        return ""
    return f"{vote.graded_a if vote.first == vote.model_a else 1 - vote.graded_a:g}"


def _said(vote: Vote, name: str) -> str:
    value = vote.record.get(name)
    return "" if value is None else str(value)


def _csv(head: Sequence[str], rows: Iterable[Sequence[str | int]]) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(head)
    writer.writerows([neutralised(str(cell)) for cell in row] for row in rows)
    return (_BYTE_ORDER_MARK + text.getvalue()).encode("utf-8", "replace")
