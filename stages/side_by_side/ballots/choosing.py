"""Which task a person is given next."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stages.side_by_side.assignment import Task, a_first, is_gold, may_see
from stages.side_by_side.ballots.cast import NoTask, Rest
from stages.side_by_side.ballots.history import Act, reopened, standing
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.batch import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What stands between a person and their next task.

    Attributes:
        usual: Pairs that are not gold, in the person's own order.
        gold: Gold pairs, in their own order.
        acts: What the person did.
        held: Pairs that are kept for them now.
        others: For each pair that has no seat left for them, the votes it has.
    """

    usual: Sequence[str]
    gold: Sequence[str]
    acts: Sequence[Act]
    held: Sequence[str]
    others: Mapping[str, int]


def choose(batch: Batch, person: Person, desk: Desk) -> Task | NoTask:
    """A person's next task: what they undid, what they hold, gold in its turn, their next pair.

    Args:
        batch: The batch.
        person: Who may vote now.
        desk: What they did, and what others do.
    """
    position = len(standing(desk.acts))
    pair = _next_pair(batch, person, desk, position)
    if isinstance(pair, NoTask):
        return pair
    return task(batch, person.name, pair, position=position)


def task(batch: Batch, person: str, pair: str, *, position: int) -> Task:
    """A pair as a person is shown it."""
    return Task(
        annotator=person,
        pair=pair,
        a_first=a_first(batch.terms, person, pair),
        gold=batch.shown[pair].gold is not None,
        position=position,
    )


def _next_pair(batch: Batch, person: Person, desk: Desk, position: int) -> str | NoTask:
    done = {act.pair for act in standing(desk.acts)}

    def left(pairs: Sequence[str]) -> list[str]:
        return [
            pair
            for pair in pairs
            if pair not in done and may_see(batch.shown[pair], person.opted_out)
        ]

    begun = [pair for pair in left([*reopened(desk.acts), *desk.held]) if pair not in desk.others]
    if begun:
        return begun[0]
    gold, usual = left(desk.gold), left(desk.usual)
    if not person.qualified:
        return gold[0] if gold else _UNQUALIFIED
    if gold and is_gold(batch.terms, person.name, position):
        return gold[0]
    free = next((pair for pair in usual if pair not in desk.others), None)
    if free is not None:
        return free
    waits = any(desk.others[pair] < batch.terms.overlap for pair in usual)
    return _OTHERS if waits else _DONE


_DONE = NoTask(Rest.DONE, "you have seen everything that there is for you: thank you")
_OTHERS = NoTask(
    Rest.OTHERS, "others work on what is left; look again in a few minutes, some may come back"
)
_UNQUALIFIED = NoTask(
    Rest.PAUSED, "the first tasks hold nothing more that you may see; ask whoever leads the batch"
)
