"""Votes to look at outside of any policy: from files of any format, or from a batch."""

from collections.abc import Sequence
from pathlib import Path

from gates.side_by_side.even_lengths import Lengths
from policies.side_by_side import VotesFormat
from stages.engine.data import read_bytes, without_credentials
from stages.side_by_side.formats.alpaca_eval import parse_difficulty
from stages.side_by_side.formats.arena_battles import parse_battles
from stages.side_by_side.vote import Vote
from stages.side_by_side.votes import each_once, parse_votes

BATTLES = "arena-battles"
"""Arena-Hard's battles, which no policy reads: a game's strength is how often it stands there."""

FORMATS = (*(written_by.value.replace("_", "-") for written_by in VotesFormat), BATTLES)
"""Names of the formats, as the command line has them."""


def read_votes(files: Sequence[str], written_by: str) -> tuple[Vote, ...]:
    """Every vote of some files, each once.

    Args:
        files: Paths or URLs.
        written_by: One of `FORMATS`.

    Raises:
        InputError: When a file cannot be read, a line is wrong, or a vote stands twice.
    """
    votes: list[Vote] = []
    for file in files:
        data, where = read_bytes(file, base=Path()), without_credentials(file)
        if written_by == BATTLES:
            votes += parse_battles(data, where=where)
        else:
            written = VotesFormat(written_by.replace("-", "_"))
            votes += parse_votes(data, written_by=written, where=where)
    return each_once(votes)


def read_lengths(difficulty: str | None) -> Lengths:
    """How lengths are held equal, with what a file says of how difficult prompts are, if any.

    Raises:
        InputError: When the file cannot be read, or is not AlpacaEval's.
    """
    if difficulty is None:
        return Lengths()
    data = read_bytes(difficulty, base=Path())
    return Lengths(difficulty=parse_difficulty(data, where=without_credentials(difficulty)))
