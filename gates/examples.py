"""Single questions for a reviewer: what was asked, what was answered, and what was said of it."""

from collections.abc import Iterable, Iterator, Sequence

from gates.ledger.examples import By, Example, Examples, Opinion, Turn
from gates.reports.escaping import inert_text, xml_text
from gates.reports.items.change import Change, Outcome, changes
from gates.reports.side_by_side.pairs import NOBODY, said_in, wins_of
from policies.benchmark_tasks import GroundingTask, RubricTask
from policies.policy import Policy
from policies.task import Task
from stages.offline.instrument import Answers
from stages.offline.item_records import ItemRecord
from stages.side_by_side.pairs import Pair, asked_in
from stages.side_by_side.told import Told
from stages.side_by_side.vote import CandidateVote

MOST = 30
"""Questions of a stage that MLflow is given as traces, one request each; its tables have all."""

LONGEST = 4_000
"""Characters of a text: the pages and tables beside them show more."""

_PREVIEW = 200


def offline_examples(policy: Policy, records: Sequence[ItemRecord]) -> Examples:
    """The items of stage 1: regressions of every task first, then flagged ones, gains, the rest."""
    order, found = list(Outcome), []
    for name, task in (policy.plan.offline or {}).items():
        own = changes(task.metrics(name)[0], [record for record in records if record.task == name])
        found += [(order.index(c.outcome), place, c, task) for place, c in enumerate(own)]
    found.sort(key=lambda ranked: ranked[:2])
    return _examples([_of_item(change, task) for *_, change, task in found[:MOST]], len(found))


def compared_examples(told: Told) -> Examples:
    """The prompts of stage 2, those that the candidate lost first; votes stand by pseudonym."""
    wins = wins_of(told)
    pairs = {pair.prompt: pair for pair in told.pairs}
    prompts = dict.fromkeys([*pairs, *(vote.prompt for vote in told.said)])
    ordered = sorted(prompts, key=lambda prompt: (wins.get(prompt, NOBODY), prompt))
    return _examples(
        [_of_prompt(told, prompt, pairs.get(prompt)) for prompt in ordered[:MOST]], len(ordered)
    )


def _examples(shown: Sequence[Example], all_: int) -> Examples:
    return Examples(shown=tuple(shown), left_out=all_ - len(shown))


def _of_item(change: Change, task: Task) -> Example:
    record = change.record
    return Example(
        task=record.task,
        item=record.item,
        preview=_cut(record.question or record.item, _PREVIEW),
        asked=(Turn(role="user", text=_text(record.question or record.item)),),
        answer=_generations(record.candidate_answers),
        rival=_generations(record.baseline_answers),
        opinions=tuple(_scores(change, task)),
    )


def _generations(answers: Answers | None) -> str | None:
    return None if answers is None else "\n\n---\n\n".join(_text(text) for text in answers)


def _scores(change: Change, task: Task) -> Iterator[Opinion]:
    """What the task is about in columns that all tasks share; its other metrics by their names."""
    record, (by, who) = change.record, _reader(task)
    yield Opinion(name="outcome", value=change.outcome.value, by=By.PROGRAM, who="gate")
    for metric, score in record.candidate.items():
        name = "score" if metric == change.metric else f"{record.task}.{metric}"
        why = inert_text(_cut(score.detail, LONGEST))
        yield Opinion(name=name, value=score.value, by=by, who=who, why=why)
    theirs = record.baseline.get(change.metric)
    if theirs is not None:
        why = inert_text(_cut(theirs.detail, LONGEST))
        yield Opinion(name="score of the baseline", value=theirs.value, by=by, who=who, why=why)


def _reader(task: Task) -> tuple[By, str]:
    """Who scored its answers: a judge by its endpoint, or a program of ours."""
    match task:
        case RubricTask(judge=name) | GroundingTask(grounding=name):
            return By.JUDGE, name
        case _:
            return By.PROGRAM, "gate"


def _of_prompt(told: Told, prompt: str, pair: Pair | None) -> Example:
    votes = [vote for vote in told.said if vote.prompt == prompt]
    judged = [vote for vote in told.judged if vote.prompt == prompt]
    preview = prompt if pair is None else asked_in(pair.messages) or prompt
    return Example(
        task="side_by_side",
        item=prompt,
        preview=_cut(preview, _PREVIEW),
        asked=_asked(prompt, pair),
        answer=_known([vote.answer for vote in votes] if pair is None else [pair.answer_a]),
        rival=_known([vote.rival for vote in votes] if pair is None else [pair.answer_b]),
        opinions=(*_worth(told, prompt), *_votes(votes), *_votes(judged, judge=True)),
    )


def _asked(prompt: str, pair: Pair | None) -> tuple[Turn, ...]:
    if pair is None:
        said = f"prompt {_text(_cut(prompt, _PREVIEW))}, whose text stands in no file of votes"
        return (Turn(role="user", text=said),)
    return tuple(
        Turn(role=str(message.get("role")), text=_text(said_in(message.get("content"))))
        for message in pair.messages
    )


def _known(texts: Sequence[str | None]) -> str | None:
    """The first that is known; of votes in files, that which a vote brings along."""
    return next((_text(text) for text in texts if text is not None), None)


def _worth(told: Told, prompt: str) -> Iterator[Opinion]:
    """What the prompt counts for, once somebody said or ruled something."""
    win = wins_of(told).get(prompt)
    if win is not None:
        why = inert_text(told.flagged.get(prompt, ""))
        yield Opinion(name="won by the candidate", value=win, by=By.PROGRAM, who="gate", why=why)


def _votes(votes: Iterable[CandidateVote], *, judge: bool = False) -> Iterator[Opinion]:
    for vote in votes:
        is_judge = judge or vote.judge
        yield Opinion(
            name="judge's preference" if is_judge else "preference",
            value=_preferred(vote.win),
            by=By.JUDGE if is_judge else By.PERSON,
            who=vote.annotator,
            why="both answers were called bad" if vote.both_bad else "",
        )


def _preferred(win: float | None) -> str:
    if win is None:
        return "unresolved"
    known = {0.0: "baseline", 0.5: "tie", 1.0: "candidate"}
    return known.get(win, f"{win:.2g} for the candidate")


def _text(text: str) -> str:
    return inert_text(_cut(text, LONGEST))


def _cut(text: str, most: int) -> str:
    left = len(text) - most
    return xml_text(text) if left <= 0 else f"{xml_text(text[:most])} [{left:,} characters more]"
