"""The order in which a batch's pairs had their turn, read or not."""

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from stages.side_by_side.assignment import may_see, own_order
from stages.side_by_side.ballots.counting import by_person, votes_of
from stages.side_by_side.ballots.history import Act, standing
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.batch import Batch
from stages.side_by_side.vote import PassedOver, Vote


def in_turn(
    batch: Batch, acts: Sequence[Act], people: Sequence[Person]
) -> tuple[Vote | PassedOver, ...]:
    """Votes that stand and, where it first happened, that a pair was passed over; in order.

    A pair is passed over by who skips it, and by who opted out of it and comes, in their own order,
    to a later one. Neither rests on what anybody says of it.

    Args:
        batch: The batch.
        acts: Everything that was done in it.
        people: Everybody in it.

    Raises:
        Broken: When a vote is by nobody of the batch, or on none of its pairs.
    """
    votes = iter(votes_of(batch, acts, people, gold=False))
    stand = [act for act in standing(acts) if not act.gold]
    said = {name: {act.pair for act in own} for name, own in by_person(stand).items()}
    paths = {
        person.name: _Path.of(batch, person, said=said.get(person.name, ()))
        for person in people
        if person.opted_out
    }
    known: set[str] = set()
    found: list[Vote | PassedOver] = []
    for act in stand:
        over = [*paths[act.person].to(act.pair)] if act.person in paths else []
        if not act.is_vote:
            over.append(act.pair)
        found += [_passed_over(batch, pair) for pair in over if pair not in known]
        known.update(over)
        if act.is_vote:
            found.append(next(votes))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Path:
    """A person's own order.

    Attributes:
        places: The place of every pair in it.
        hidden: Pairs ahead that they opted out of.
    """

    places: Mapping[str, int]
    hidden: deque[str]

    @classmethod
    def of(cls, batch: Batch, person: Person, *, said: Collection[str]) -> "_Path":
        """The path of a person who opted out of something; what they spoke of was not hidden."""
        order = own_order(batch, person.name)
        hidden = (
            pair
            for pair in order
            if pair not in said and not may_see(batch.shown[pair], person.opted_out)
        )
        return cls({pair: place for place, pair in enumerate(order)}, deque(hidden))

    def to(self, pair: str) -> Iterator[str]:
        """Hidden pairs that are passed over on the way to a pair."""
        while self.hidden and self.places[self.hidden[0]] < self.places[pair]:
            yield self.hidden.popleft()


def _passed_over(batch: Batch, pair: str) -> PassedOver:
    shown = batch.shown[pair]
    return PassedOver(prompt=shown.prompt, model_a=shown.model_a, model_b=shown.model_b)
