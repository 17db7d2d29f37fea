"""Who is shown which pair, in which order and on which side: a seed decides, and nothing else."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil, floor

from policies.canonical import sha256_of
from policies.errors import InputError
from stages.side_by_side.batch import Batch, Terms
from stages.side_by_side.pairs import Pair


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotator:
    """Somebody who may be given tasks.

    Attributes:
        name: Who.
        opted_out: Categories of harm that they are not shown.
    """

    name: str
    opted_out: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A pair, as one annotator is shown it.

    Attributes:
        annotator: Who.
        pair: The pair's id.
        a_first: Whether the pair's answer a is shown first (on the left).
        gold: Whether it is a gold pair; an annotator must not be able to tell.
        position: Its place among the annotator's tasks, from 0.
    """

    annotator: str
    pair: str
    a_first: bool
    gold: bool
    position: int


def assign(batch: Batch, annotators: Sequence[Annotator]) -> tuple[Task, ...]:
    """Tasks for named people, fixed beforehand: for Label Studio and for spreadsheets.

    Every pair goes to exactly `overlap` of them, none of whom opted out of it. Loads differ by at
    most one where nobody opted out of anything, and else by as little as they may. Tasks stand by
    annotator, each in their own order, with gold among them.

    Raises:
        InputError: When a pair has fewer than `overlap` people who may see it, or a name stands
            twice.
    """
    if len({person.name for person in annotators}) < len(annotators):
        raise _refused(batch, "an annotator is named twice")
    given: dict[str, set[str]] = {person.name: set() for person in annotators}
    eligible = {
        name: _eligible(batch, pair, annotators)
        for name, pair in batch.shown.items()
        if pair.gold is None
    }
    for pair in sorted(eligible, key=lambda pair: (len(eligible[pair]), _digest(batch, pair))):
        for name in _least_loaded(batch, pair, among=eligible[pair], given=given):
            given[name].add(pair)
    while _lighten(given, eligible):
        pass
    return tuple(
        task for person in annotators for task in _tasks(batch, person, given[person.name])
    )


def a_first(terms: Terms, annotator: str, pair: str) -> bool:
    """Whether answer a of a pair is shown first to an annotator: a fair coin for each of both."""
    return int(sha256_of([terms.seed, "side", annotator, pair])[0], 16) % 2 == 0


def own_order(batch: Batch, annotator: str) -> tuple[str, ...]:
    """Ids of all pairs that are not gold, in an annotator's own order."""
    return _ordered(batch, annotator, gold=False)


def gold_order(batch: Batch, annotator: str) -> tuple[str, ...]:
    """Ids of all gold pairs, in an annotator's own order."""
    return _ordered(batch, annotator, gold=True)


def is_gold(terms: Terms, annotator: str, position: int) -> bool:
    """Whether the task at a place, from 0, of an annotator's tasks is to be gold.

    The qualification round comes first. After it, one task in each stretch of 1 / `gold_share`
    is gold, at a random place of it.
    """
    place = position - terms.rules.qualification
    if place < 0:
        return True
    if not terms.gold_share:
        return False
    share = Fraction(str(terms.gold_share))
    stretch = floor(place * share)
    start, end = ceil(stretch / share), ceil((stretch + 1) / share)
    drawn = int(sha256_of([terms.seed, "gold", annotator, stretch]), 16)
    return place == start + drawn % (end - start)


def may_see(pair: Pair, opted_out: Collection[str]) -> bool:
    """Whether a person who opted out of some categories of harm may be shown a pair."""
    return not set(pair.harms).intersection(opted_out)


def _tasks(batch: Batch, person: Annotator, pairs: Collection[str]) -> list[Task]:
    """An annotator's pairs in their own order, gold among them."""
    usual = [pair for pair in own_order(batch, person.name) if pair in pairs]
    gold = [
        pair
        for pair in gold_order(batch, person.name)
        if may_see(batch.shown[pair], person.opted_out)
    ]
    tasks: list[Task] = []
    while usual:
        position = len(tasks)
        known = bool(gold) and is_gold(batch.terms, person.name, position)
        pair = (gold if known else usual).pop(0)
        tasks.append(
            Task(
                annotator=person.name,
                pair=pair,
                a_first=a_first(batch.terms, person.name, pair),
                gold=known,
                position=position,
            )
        )
    return tasks


def _eligible(batch: Batch, pair: Pair, annotators: Sequence[Annotator]) -> frozenset[str]:
    names = frozenset(person.name for person in annotators if may_see(pair, person.opted_out))
    if len(names) < batch.terms.overlap:
        about = f" (harms: {', '.join(pair.harms)})" if pair.harms else ""
        raise _refused(
            batch,
            f"the pair on prompt `{pair.prompt}`{about} needs {batch.terms.overlap} people, "
            f"and {len(names)} may see it",
        )
    return names


def _least_loaded(
    batch: Batch, pair: str, *, among: Collection[str], given: Mapping[str, set[str]]
) -> list[str]:
    order = sorted(among, key=lambda name: (len(given[name]), _digest(batch, pair, name)))
    return order[: batch.terms.overlap]


def _lighten(given: Mapping[str, set[str]], eligible: Mapping[str, frozenset[str]]) -> bool:
    """Hands pairs on so that one person has one fewer and another one more, if that evens loads.

    Where no such chain of people is left, no assignment is more even (Harvey et al. 2006, optimal
    semi-matchings).
    """
    for heavy in sorted(given, key=lambda name: (-len(given[name]), name)):
        came_from: dict[str, tuple[str, str]] = {}
        reached = [heavy]
        for giver in reached:
            for taker in sorted(set(given) - {heavy, *came_from}):
                free = given[giver] - given[taker]
                pair = min((p for p in free if taker in eligible[p]), default=None)
                if pair is None:
                    continue
                came_from[taker] = (giver, pair)
                reached.append(taker)
                if len(given[taker]) <= len(given[heavy]) - 2:
                    _hand_on(given, came_from, taker)
                    return True
    return False


def _hand_on(
    given: Mapping[str, set[str]], came_from: Mapping[str, tuple[str, str]], last: str
) -> None:
    taker = last
    while taker in came_from:
        giver, pair = came_from[taker]
        given[giver].remove(pair)
        given[taker].add(pair)
        taker = giver


def _ordered(batch: Batch, annotator: str, *, gold: bool) -> tuple[str, ...]:
    ids = (name for name, pair in batch.shown.items() if (pair.gold is not None) == gold)
    return tuple(sorted(ids, key=lambda pair: _digest(batch, "order", annotator, pair)))


def _digest(batch: Batch, *about: str) -> str:
    return sha256_of([batch.terms.seed, *about])


def _refused(batch: Batch, why: str) -> InputError:
    return InputError(
        f"cannot assign batch {batch.name}",
        why=why,
        fix="name more annotators, or make a batch with a smaller overlap",
    )
