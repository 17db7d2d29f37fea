"""What turns a task's answers into scores, whatever the task's kind."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from policies.errors import InputError
from stages.engine.data import ItemFile
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Cost
from stages.stats.gap_difference import Parts
from stages.stats.stratified import Strata

Answers = tuple[str, ...]
"""What a checkpoint said to one item: one text per generation, at least one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Highlight:
    """A stretch of an answer that people are to see.

    Attributes:
        start: Its first character in the answer.
        end: One past its last character.
        source: Where it stands word for word, with licence where known; empty when it does not.
        generation: Which of the item's answers, from 0.
    """

    start: int
    end: int
    source: str = ""
    generation: int = 0


@dataclass(frozen=True, slots=True)
class ItemScore:
    """What the answers to one item add to a metric.

    Attributes:
        value: A share in [0, 1] for metrics that are shares; for a safety rate 1 means flagged.
        detail: For people: what was found; may be empty.
        highlights: Stretches of the answers that it rests on.
    """

    value: float
    detail: str = ""
    highlights: tuple[Highlight, ...] = ()


Column = tuple[ItemScore | None, ...]
"""One metric's scores, one per item; None where the metric is not about the item."""


@dataclass(frozen=True, slots=True)
class ScoredItem:
    """One item as it was scored.

    Attributes:
        id: Unique among the items of a task.
        cluster: What groups dependent items; its own id where it stands alone.
        question: What was asked, for people: the last turn; empty where it is not known.
    """

    id: str
    cluster: str
    question: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """The scores of a task's answers.

    Attributes:
        items: What was scored, in order.
        columns: By the metric's own name (`rate`, `accuracy.de`), or why there are no scores. A
            column may be absent for its own reason.
        left_out: What a metric leaves out and why, by its own name; said with every estimate of it.
        estimates: Metrics that are no mean of a column, by their own name.
        gaps: Of those that are a gap recovered, what they are put together from, by own name: by
            this they are held against the baseline's; or why that cannot be.
        strata: Metrics that weigh parts of their column otherwise than by their size, by own name.
        data: Name and digest of what was read to score them, beside the items.
        tools: Name and description of what scored them.
        cost: Of judges and services that were asked.
        conditions: What the scores of another checkpoint must share to be compared with these, by
            name: versions, prompts, sampling of a harness.
        origin: Digest of the files that they were read from; empty when they were not read.
        changed: Why nothing counts that this checkpoint said to any task: it turned out not to
            be the one that was measured before. None when it counts.
    """

    items: tuple[ScoredItem, ...] = ()
    columns: Mapping[str, Column | Unmeasured] | Unmeasured
    left_out: Mapping[str, str] = field(default_factory=dict)
    estimates: Mapping[str, Estimate | Unmeasured] = field(default_factory=dict)
    gaps: Mapping[str, Parts | Unmeasured] = field(default_factory=dict)
    strata: Mapping[str, Strata] = field(default_factory=dict)
    data: tuple[tuple[str, str], ...] = ()
    tools: tuple[tuple[str, str], ...] = ()
    cost: Cost = field(default_factory=Cost)
    conditions: Mapping[str, str] = field(default_factory=dict)
    origin: str = ""
    changed: Unmeasured | None = None

    @property
    def broken(self) -> bool:
        """Whether anything lacks that should be there: what broke may be had by trying again."""
        if isinstance(self.columns, Unmeasured):
            return self.columns.cause is Cause.BROKEN
        found = (*self.columns.values(), *self.estimates.values())
        return any(isinstance(one, Unmeasured) and one.cause is Cause.BROKEN for one in found)

    def column(self, name: str) -> Column | Unmeasured:
        """The scores of one metric, or why there are none."""
        if isinstance(self.columns, Unmeasured):
            return self.columns
        return self.columns.get(name, Unmeasured(f"nothing was scored as `{name}`"))


class Instrument(Protocol):
    """Scores the answers to one task's items."""

    def check(self, file: ItemFile) -> None:
        """Returns when the items can be scored, before anything is asked.

        Raises:
            GateError: When an item lacks what is needed, or a tool cannot be used.
        """
        ...

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """The scores of the answers.

        Args:
            items: What was asked.
            answers: The answers to each item, in the items' order.

        Raises:
            GateError: When what is needed to score cannot be read, written or reached.
        """
        ...


def check_each(
    items: Sequence[Item],
    problem: Callable[[Item], str | None],
    *,
    where: str,
    what: str,
    fix: str,
) -> None:
    """Returns when no item has a problem.

    Args:
        items: Of one file, in its order.
        problem: What is wrong with an item; None when nothing is.
        where: The file, for errors.
        what: What cannot be done, such as `cannot tell what is extracted`.
        fix: How to mend it.

    Raises:
        InputError: Naming the first item that has one.
    """
    for number, item in enumerate(items, start=1):
        found = problem(item)
        if found:
            why = f"{where}, item {number} (id `{item.id}`): {found}"
            raise InputError(what, why=why, fix=fix)


def scored_items(items: Sequence[Item]) -> tuple[ScoredItem, ...]:
    """Items of a file, as they are scored."""
    return tuple(
        ScoredItem(id=item.id, cluster=item.cluster, question=last_turn(item)) for item in items
    )


def last_turn(item: Item) -> str:
    """The text of an item's last message; empty where that holds more than text."""
    said = item.messages[-1].get("content")
    return said if isinstance(said, str) else ""
