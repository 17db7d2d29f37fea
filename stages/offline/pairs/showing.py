"""Pairs as questions to a checkpoint: each shown in both orders, as a judge of stage 2 sees it."""

from collections.abc import Mapping
from dataclasses import replace

from policies.canonical import Json
from policies.errors import InputError
from policies.pairs_task import PairsTask
from stages.engine.data import ItemFile
from stages.evidence.items import Item
from stages.judges.asking import SHOWN_AT_MOST, Brief, Case, put
from stages.judges.conversation import not_shown, turns
from stages.judges.fence import Exhibit
from stages.judges.pair_rubrics import brief_for
from stages.offline.pairs.pair import Pair, read_pairs

ORDERS = ("ab", "ba")
"""In which order the two answers are shown; an item's id ends with it, such as `17/ba`."""

NUMBER = "case"
"""The field of a question that holds the number which its verdict must repeat."""


def questions_of(task: PairsTask, file: ItemFile) -> ItemFile:
    """Two questions for every pair, one after the other; ids and labels are not among their words.

    Raises:
        InputError: When an item is no pair, or cannot be shown to a judge whole.
    """
    brief = brief_of(task)
    shown = (
        _question(pair, order, brief, where=file.url)
        for pair in read_pairs(file, task.pairs)
        for order in ORDERS
    )
    return replace(file, items=tuple(shown))


def brief_of(task: PairsTask) -> Brief:
    """What the checkpoint is told; the same words as in stage 2."""
    return brief_for(task.rubric, own_answer=False)


def form_of(task: PairsTask) -> Mapping[str, Json] | None:
    """The form that its replies are held to."""
    return brief_of(task).form.response_format if task.structured else None


def _question(pair: Pair, order: str, brief: Brief, *, where: str) -> Item:
    item = pair.item
    answers = (pair.answer_a, pair.answer_b) if order == "ab" else (pair.answer_b, pair.answer_a)
    case = Case(
        id=f"{item.id}/{order}",
        exhibits=(
            *turns(item),
            Exhibit("answer a", answers[0]),
            Exhibit("answer b", answers[1]),
        ),
    )
    hidden = not_shown(item)
    if hidden or case.characters > SHOWN_AT_MOST:
        raise InputError(
            "cannot have these pairs judged",
            why=f"{where}, id `{item.id}`: "
            + (hidden or f"{case.characters:,} characters, a judge is shown {SHOWN_AT_MOST:,}"),
            fix="leave the pair out, or shorten it",
        )
    asked = put(brief, case)
    return replace(asked.item, cluster=item.cluster, fields={**item.fields, NUMBER: asked.number})
