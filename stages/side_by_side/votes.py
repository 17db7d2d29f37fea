"""Votes of files in any format, each vote once."""

from collections.abc import Iterable, Iterator
from typing import assert_never

from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.side_by_side.alpaca_eval import parse_alpaca_eval
from stages.side_by_side.gate_votes import parse_gate_votes
from stages.side_by_side.llmfao import parse_llmfao
from stages.side_by_side.vote import Vote


def parse_votes(data: bytes, *, written_by: VotesFormat, where: str) -> tuple[Vote, ...]:
    """Every vote of a file, in its order; all of them or none.

    Args:
        data: The file's bytes.
        written_by: Its format.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, at the first wrong one.
    """
    return tuple(_parser(data, written_by, where))


def each_once(votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """The votes, when none stands twice.

    An annotator may judge a pair on a prompt once in each order. A second vote in the same order is
    refused, even with the same verdict: which of the two counts is for people to say, and a file
    named twice would count everything twice.

    Raises:
        InputError: Naming both places.
    """
    seen: dict[tuple[str, str, frozenset[str], str], Vote] = {}
    for vote in votes:
        key = (vote.prompt, vote.annotator, vote.pair, vote.first)
        if key in seen:
            raise InputError(
                f"cannot count the vote at {vote.where}",
                why=f"`{vote.annotator}` voted on the same pair, prompt and order already at "
                f"{seen[key].where}",
                fix="keep one of the two votes; name each votes file once",
            )
        seen[key] = vote
    return tuple(seen.values())


def _parser(data: bytes, written_by: VotesFormat, where: str) -> Iterator[Vote]:
    match written_by:
        case VotesFormat.GATE:
            return parse_gate_votes(data, where=where)
        case VotesFormat.ALPACA_EVAL:
            return parse_alpaca_eval(data, where=where)
        case VotesFormat.LLMFAO:
            return parse_llmfao(data, where=where)
        case _:
            assert_never(written_by)
