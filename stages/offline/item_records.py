"""What became of every item, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.engine.checkpoints import Texts
from stages.evidence.estimate import Unmeasured
from stages.offline.instrument import Answers, ItemScore, Scores


@dataclass(frozen=True, slots=True, kw_only=True)
class Noted:
    """A checkpoint's answers to a task.

    Attributes:
        scores: Of the answers.
        texts: The answers, in the order of the scored items; None where a harness kept them.
    """

    scores: Scores
    texts: Texts | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRecord:
    """One item of one task, with both checkpoints' answers and scores.

    Attributes:
        task: The task's name.
        item: The item's id.
        question: What was asked, for people; empty where it is not known.
        candidate: Scores by the metric's own name, of the metrics that are about the item; empty
            when there are none.
        baseline: The same of the baseline.
        candidate_answers: Its answers, one per generation; None when they are not known.
        baseline_answers: The same of the baseline.
    """

    task: str
    item: str
    question: str
    candidate: Mapping[str, ItemScore]
    baseline: Mapping[str, ItemScore]
    candidate_answers: Answers | None
    baseline_answers: Answers | None


def records_of(
    task: str, candidate: Noted | None, baseline: Noted | None
) -> tuple[ItemRecord, ...]:
    """Every item that either checkpoint's scores are known of, in the order they were asked in.

    Args:
        task: The task's name.
        candidate: What is known of the candidate; None when nothing is.
        baseline: The same of the baseline.
    """
    mine, theirs = _by_item(candidate), _by_item(baseline)
    nothing = _Item(question="", scores={}, answers=None)
    return tuple(
        ItemRecord(
            task=task,
            item=item,
            question=known.question,
            candidate=mine.get(item, nothing).scores,
            baseline=theirs.get(item, nothing).scores,
            candidate_answers=mine.get(item, nothing).answers,
            baseline_answers=theirs.get(item, nothing).answers,
        )
        for item, known in {**theirs, **mine}.items()
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Item:
    question: str
    scores: Mapping[str, ItemScore]
    answers: Answers | None


def _by_item(noted: Noted | None) -> Mapping[str, _Item]:
    if noted is None:
        return {}
    given = {} if isinstance(noted.scores.columns, Unmeasured) else noted.scores.columns
    columns = {n: c for n, c in given.items() if not isinstance(c, Unmeasured)}
    return {
        item.id: _Item(
            question=item.question,
            scores={
                name: score
                for name, column in columns.items()
                if (score := column[place]) is not None
            },
            answers=noted.texts[place] if noted.texts is not None else None,
        )
        for place, item in enumerate(noted.scores.items)
    }
