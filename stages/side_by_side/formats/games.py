"""Votes that stand in both orders of the answers, as formats of two games have them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from stages.side_by_side.formats.writing import unsayable
from stages.side_by_side.vote import Vote

GAMES = 2
"""One in each order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BothOrders:
    """What one judge said of a pair on a prompt.

    Attributes:
        a_first: When the answer of model a was shown first.
        b_first: When that of model b was.
    """

    a_first: Vote
    b_first: Vote


def in_both_orders(votes: Iterable[Vote]) -> Iterator[BothOrders]:
    """Votes by prompt, judge and pair, in order of appearance.

    Raises:
        InputError: When one is given twice in an order, or in one order only.
    """
    gathered: dict[tuple[str, ...], dict[str, Vote]] = {}
    for vote in votes:
        key = (vote.prompt, vote.annotator, vote.model_a, vote.model_b)
        games = gathered.setdefault(key, {})
        if vote.first in games:
            raise unsayable(vote, "its judge saw the same order twice")
        games[vote.first] = vote
    for games in gathered.values():
        vote = next(iter(games.values()))
        if len(games) < GAMES:
            raise unsayable(vote, "it stands in one order only")
        yield BothOrders(a_first=games[vote.model_a], b_first=games[vote.model_b])
