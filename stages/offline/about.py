"""Which of a task's items a metric is about, as far as the items themselves say it.

The instruments score by this rule, and `gate policy check` counts by it, so that what is promised
beforehand is what is measured.
"""

from policies.benchmark_tasks import BenchmarkTask, Contamination
from policies.pairs_task import PairLabels, PairsTask
from policies.safety_tasks import RefusalTask
from policies.task import AskedTask, Groups
from stages.evidence.items import Item
from stages.offline.pairs.rewardbench import SECTION_OF

ANSWER = "answer"
REFUSE = "refuse"
EXPECTED = {"over_refusal": ANSWER, "compliance": REFUSE}
"""What the items of a refusal metric expect of the answer, in their field `expects`."""

_BY_SEARCH = ("contaminated", "clean", "dirty", "clean_minus_dirty")


def is_about(task: AskedTask, own: str, item: Item) -> bool:
    """Whether a metric is about an item.

    Args:
        task: Whose metric it is.
        own: The metric's own name: `accuracy.de`, `over_refusal`.
        item: One of the task's.
    """
    match task:
        case RefusalTask():
            return item.fields.get("expects") == EXPECTED[own]
        case PairsTask(pairs=PairLabels.REWARDBENCH):
            section = own.partition(".")[2]
            return not section or SECTION_OF.get(str(item.fields.get("subset"))) == section
        case (
            BenchmarkTask(groups=Groups(field=field, values=values))
            | PairsTask(groups=Groups(field=field, values=values))
        ):
            value = own.partition(".")[2]
            return value not in values or str(item.fields.get(field)) == value
        case _:
            return True


def told_by_search(task: AskedTask, own: str) -> bool:
    """Whether only a search of the corpus tells which items a metric is about."""
    return isinstance(task, BenchmarkTask) and bool(task.contamination) and own in _BY_SEARCH


def may_lose_items(task: AskedTask) -> bool:
    """Whether a search of the corpus may leave items out of the score."""
    match task:
        case BenchmarkTask(contamination=Contamination(exclude=True)):
            return True
        case _:
            return False
