"""Votes that were given elsewhere, taken into the ballot box: all of a file, or nothing of it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import assert_never

from gates.side_by_side.exporting import handed_out
from policies.canonical import sha256_of
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, Ballot, Refusal, Refused
from stages.side_by_side.exchange.incoming import (
    MEND,
    Imported,
    RefusedLine,
    Said,
    known_preferences,
)
from stages.side_by_side.exchange.label_studio import read_export
from stages.side_by_side.exchange.spreadsheet import read_sheet
from stages.side_by_side.vote import Vote

_FIXES: Mapping[Refusal, str] = {
    Refusal.TAKEN: "take these lines out of the file, or empty their verdicts, and import it again",
    Refusal.STOPPED: "leave the file: a batch that was stopped takes nothing more",
}
"""What is to be done where no line is wrong."""


class From(StrEnum):
    """Who wrote a file of votes."""

    LABEL_STUDIO = "label-studio"
    CSV = "csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A file of votes.

    Attributes:
        data: Its bytes.
        where: Its name, for people.
        written_by: Who wrote it.
        names: Of a table: their column by ours. Of Label Studio: the annotator by id or address.
        corrects: Whether every verdict that differs from what is known corrects it; lines of a
            table may also say so of themselves.
    """

    data: bytes
    where: str
    written_by: From
    names: Mapping[str, str]
    corrects: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenIn:
    """What became of a file.

    Attributes:
        votes: How many votes and skips are new.
        corrected: How many votes say something else now.
        unchanged: How many lines say again what is known.
        refused: Every line that is refused; nothing was kept then.
    """

    votes: int
    unchanged: int
    corrected: int = 0
    refused: tuple[RefusedLine, ...] = ()


def import_votes(box: BallotBox, batch: str, source: Source, *, now: datetime) -> TakenIn:
    """Takes a file in; the same file again changes nothing.

    Raises:
        InputError: When there is no such batch, or the file is of another kind.
        Broken: When the ballot box cannot be used.
    """
    votes = (*box.standing_votes(batch), *box.gold_votes(batch))
    found = _read(box, batch, source, votes)
    if found.refused:
        return TakenIn(votes=0, unchanged=0, refused=found.refused)
    corrections = _each_its_own(found.corrections, votes)
    answers = box.take_over(batch, found.ballots, corrections=corrections, now=now)
    refused = _refused(found.lines, answers)
    if refused:
        return TakenIn(votes=0, unchanged=0, refused=refused)
    return TakenIn(votes=len(found.ballots), corrected=len(corrections), unchanged=found.unchanged)


def _each_its_own(corrections: Iterable[Ballot], votes: Iterable[Vote]) -> tuple[Ballot, ...]:
    """Corrections whose tokens name the vote that they correct.

    Whoever changes their mind and back sends what they sent once; it is another correction.
    """
    stands = {(vote.annotator, vote.record["pair"]): vote.where for vote in votes}
    return tuple(
        replace(ballot, token=sha256_of([ballot.token, stands[ballot.person, ballot.pair]])[:32])
        for ballot in corrections
    )


def _read(box: BallotBox, batch: str, source: Source, votes: Iterable[Vote]) -> Imported:
    names = [person.name for person in box.people.all(batch)]
    tasks = handed_out(box.batches.get(batch), names)
    known = known_preferences(tasks, votes, box.skips(batch))
    match source.written_by:
        case From.LABEL_STUDIO:
            return read_export(
                source.data,
                tasks,
                people=source.names,
                known=known,
                where=source.where,
                corrects=source.corrects,
            )
        case From.CSV:
            return read_sheet(
                source.data,
                tasks,
                columns=source.names,
                known=known,
                where=source.where,
                corrects=source.corrects,
            )
        case _:
            assert_never(source.written_by)


def _refused(
    lines: Sequence[Said], answers: Sequence[Accepted | Refused]
) -> tuple[RefusedLine, ...]:
    """What the ballot box refused, by the line that said it."""
    return tuple(
        RefusedLine(
            line.where,
            f"task {line.task.id} of `{line.task.annotator}`: {answer.sentence}",
            fix=_FIXES.get(answer.why, MEND),
        )
        for line, answer in zip(lines, answers, strict=True)
        if isinstance(answer, Refused)
    )
