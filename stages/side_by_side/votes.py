"""Votes of files in any format, each vote once."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from policies.errors import InputError
from policies.side_by_side import VotesFormat
from stages.side_by_side.formats.alpaca_eval import parse_alpaca_eval
from stages.side_by_side.formats.arena_hard import parse_arena_hard
from stages.side_by_side.formats.chatbot_arena import parse_chatbot_arena
from stages.side_by_side.formats.crowd_kit import parse_crowd_kit
from stages.side_by_side.formats.gate_votes import parse_gate_votes
from stages.side_by_side.formats.llmfao import parse_llmfao
from stages.side_by_side.formats.mt_bench import parse_mt_bench
from stages.side_by_side.vote import Vote


class Parser(Protocol):
    """Reads every vote of a file, or none."""

    def __call__(self, data: bytes, *, where: str) -> tuple[Vote, ...]:
        """As `parse_votes`."""
        ...


PARSERS: Mapping[VotesFormat, Parser] = {
    VotesFormat.GATE: parse_gate_votes,
    VotesFormat.ALPACA_EVAL: parse_alpaca_eval,
    VotesFormat.LLMFAO: parse_llmfao,
    VotesFormat.ARENA_HARD: parse_arena_hard,
    VotesFormat.MT_BENCH: parse_mt_bench,
    VotesFormat.CHATBOT_ARENA: parse_chatbot_arena,
    VotesFormat.CROWD_KIT: parse_crowd_kit,
}


def parse_votes(data: bytes, *, written_by: VotesFormat, where: str) -> tuple[Vote, ...]:
    """Every vote of a file, in its order; all of them or none.

    Args:
        data: The file's bytes.
        written_by: Its format.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong; the first 20 are listed.
    """
    return PARSERS[written_by](data, where=where)


def each_once(votes: Iterable[Vote]) -> tuple[Vote, ...]:
    """The votes, when none stands twice.

    An annotator may judge a pair on a prompt once in each order. A second vote in the same order is
    refused, even with the same verdict: which of the two counts is for people to say, and a file
    named twice would count everything twice. The rule knows no order: it says one thing of a pair.

    Raises:
        InputError: Naming both places.
    """
    seen: dict[tuple[str, str, frozenset[str], str], Vote] = {}
    for vote in votes:
        key = (vote.prompt, vote.annotator, vote.pair, "" if vote.ruled else vote.first)
        if key in seen:
            raise InputError(
                f"cannot count the vote at {vote.where}",
                why=f"`{vote.annotator}` voted on the same pair, prompt and order already at "
                f"{seen[key].where}",
                fix="keep one of the two votes; name each votes file once",
            )
        seen[key] = vote
    return tuple(seen.values())
