"""What became of every item, for people to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from stages.engine.subject import Subject
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Response
from stages.offline.asking import Asking
from stages.offline.scored import Scoring


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemRecord:
    """One item of one task.

    Attributes:
        task: The task's name.
        item: The item's id.
        candidate_score: Its score in [0, 1] (1 means flagged for a safety rate); None when there
            is none.
        baseline_score: The same of the baseline.
        candidate_text: Its answer; None when there is none.
        baseline_text: The same of the baseline.
        candidate_detail: What a safety check found in the answer; may be empty.
        baseline_detail: The same of the baseline.
    """

    task: str
    item: str
    candidate_score: float | None
    baseline_score: float | None
    candidate_text: str | None
    baseline_text: str | None
    candidate_detail: str
    baseline_detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Noted:
    text: str | None = None
    score: float | None = None
    detail: str = ""


def records_of(
    name: str, candidate: Subject, baseline: Subject | None, *, asking: Asking, scoring: Scoring
) -> tuple[ItemRecord, ...]:
    """Every item of a task with the answers and scores that are known; nothing is asked.

    Raises:
        InputError: When items, a corpus or a classifier cannot be read.
        Broken: When the journal cannot be read or written.
    """
    mine = _noted(name, candidate, asking, scoring)
    theirs = _noted(name, baseline, asking, scoring)
    none = _Noted()
    pairs = [
        (item.id, mine.get(item.id, none), theirs.get(item.id, none))
        for item in asking.items(name).items
    ]
    return tuple(
        ItemRecord(
            task=name,
            item=item,
            candidate_score=a.score,
            baseline_score=b.score,
            candidate_text=a.text,
            baseline_text=b.text,
            candidate_detail=a.detail,
            baseline_detail=b.detail,
        )
        for item, a, b in pairs
    )


def _noted(
    name: str, subject: Subject | None, asking: Asking, scoring: Scoring
) -> Mapping[str, _Noted]:
    if subject is None or subject.client is None:
        return {}
    responses = asking.known(subject, name).responses
    texts = {item: r.text for item, r in responses.items() if isinstance(r, Response)}
    items = [item for item in asking.items(name).items if item.id in texts]
    scores = scoring.score(asking.plan[name], items, [texts[i.id] for i in items]).scores
    if isinstance(scores, Unmeasured):
        return {item: _Noted(text=text, detail=scores.reason) for item, text in texts.items()}
    return {
        item.id: _Noted(text=texts[item.id], score=score.value, detail=score.detail)
        for item, score in zip(items, scores, strict=True)
    }
