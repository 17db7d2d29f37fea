"""About how many pairs a person will be shown, for the bar that shows how far they are.

It rests on nothing that a single vote changes: a bar of the votes so far would stand still at a
gold pair, and tell which they are.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from stages.side_by_side.ballots.person import Status
from stages.side_by_side.ballots.roster import Roster
from stages.side_by_side.batch import Batch

COUNTED_ANEW_AFTER_SECONDS = 10.0
"""People come and go seldom."""


@dataclass(frozen=True, slots=True)
class _Counted:
    people: int
    at: float


class FairShares:
    """Shares of batches, people being counted every few seconds.

    Args:
        people: Who votes.
        timer: Seconds that only grow.
    """

    def __init__(self, people: Roster, *, timer: Callable[[], float]) -> None:
        self._people = people
        self._timer = timer
        self._counted: dict[str, _Counted] = {}

    def of(self, batch: Batch) -> int:
        """Pairs per person if all who work did the same, gold included; at least 1."""
        terms = batch.terms
        with_gold = (
            batch.votes_needed / (1 - terms.gold_share) if batch.gold else batch.votes_needed
        )
        return terms.rules.qualification + max(1, math.ceil(with_gold / self._working(batch.name)))

    def _working(self, batch: str) -> int:
        now, counted = self._timer(), self._counted.get(batch)
        if counted is None or now - counted.at >= COUNTED_ANEW_AFTER_SECONDS:
            people = self._people.all(batch)
            working = sum(person.status is Status.WORKING for person in people)
            counted = self._counted[batch] = _Counted(max(1, working), now)
        return counted.people
