"""What gold says of a person: whether they qualify, are warned, or are paused."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from stages.side_by_side.ballots.history import Act, standing
from stages.side_by_side.ballots.person import Person, Status
from stages.side_by_side.batch import Batch
from stages.side_by_side.preference import Preference
from stages.stats.annotators import gold_alarm


@dataclass(frozen=True, slots=True)
class GoldRead:
    """How many gold pairs a person read, and how many of them rightly."""

    pairs: int
    right: int


def read_rightly(said: Preference, known: Preference) -> bool:
    """Whether a preference is on the known side, however strongly; a tie is not both bad."""
    return (said.worth.win, said.worth.both_bad) == (known.worth.win, known.worth.both_bad)


def gold_read(batch: Batch, acts: Sequence[Act], *, since: int = 0) -> GoldRead:
    """A person's gold votes that stand, in places after a number of the batch."""
    right = _each_right(batch, acts, since=since)
    return GoldRead(len(right), sum(right))


def is_warned(batch: Batch, person: Person, acts: Sequence[Act]) -> bool:
    """Whether a person's gold since they were let in shows that they are below the warning."""
    return _shown_below(batch, person, acts, floor=batch.terms.rules.warn_below)


def supervised(batch: Batch, person: Person, acts: Sequence[Act]) -> Person:
    """The person after their last act: the same, qualified by it, or paused.

    Args:
        batch: The batch, with its rules.
        person: As they stood before it.
        acts: All that they did, the last act included.
    """
    if not person.qualified:
        return _qualified(batch, person, acts)
    if person.status is Status.WORKING and _shown_below(
        batch, person, acts, floor=batch.terms.rules.pause_below
    ):
        read = gold_read(batch, acts, since=person.since)
        why = f"read {read.right} of {read.pairs} gold pairs rightly"
        return replace(person, status=Status.PAUSED, reason=why)
    return person


def _qualified(batch: Batch, person: Person, acts: Sequence[Act]) -> Person:
    """A skip in the qualification round is a pair that was not read rightly."""
    rules = batch.terms.rules
    tried = [act for act in standing(acts) if act.gold][: rules.qualification]
    if len(tried) < rules.qualification:
        return person
    right = sum(_right(batch, act) for act in tried)
    if right >= Fraction(str(rules.qualified_at)) * rules.qualification:
        return replace(person, qualified=True)
    why = f"read {right} of {rules.qualification} pairs of the qualification round rightly"
    return replace(person, status=Status.PAUSED, reason=why)


def _right(batch: Batch, act: Act) -> bool:
    known = batch.shown[act.pair].gold
    return known is not None and read_rightly(act.preference, known)


def _shown_below(batch: Batch, person: Person, acts: Sequence[Act], *, floor: float) -> bool:
    """It is looked at after every act, so that raw shares would pause good people by chance."""
    right = _each_right(batch, acts, since=person.since)
    return gold_alarm(right, floor=floor, least=batch.terms.rules.gold_least)


def _each_right(batch: Batch, acts: Sequence[Act], *, since: int) -> list[bool]:
    """Whether each gold vote that stands was right, in order, in places after a number."""
    read = [act for act in standing(acts) if act.gold and act.is_vote and act.place > since]
    return [_right(batch, act) for act in read]
