"""Who is shown which pair, in which order and on which side: a seed decides, and nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.side_by_side.batch import Batch


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
    most one where nobody opted out of anything. Tasks stand by annotator, each in their own order.

    Raises:
        InputError: When a pair has fewer than `overlap` people who may see it.
    """
    raise NotImplementedError
