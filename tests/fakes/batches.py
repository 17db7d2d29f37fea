"""Batches of made-up pairs, and people who vote in them."""

from datetime import UTC, datetime, timedelta

from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox
from stages.side_by_side.ballots.cast import Accepted, Ballot
from stages.side_by_side.batch import Batch, Rules, Terms
from stages.side_by_side.drawing import make_batch
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference

NOW = datetime(2026, 5, 4, 9, 0, tzinfo=UTC)


def pair(prompt: object, *, harms: tuple[str, ...] = (), topic: str = "", **other: str) -> Pair:
    """The answers of `new` and `old` to a prompt."""
    texts = {"model_a": "new", "model_b": "old", "answer_a": f"A{prompt}", "answer_b": f"B{prompt}"}
    return Pair(
        prompt=str(prompt),
        messages=({"role": "user", "content": f"question {prompt}"},),
        topic=topic,
        harms=harms,
        **(texts | other),
    )


def gold_pair(number: int, known: Preference = Preference.A_BETTER) -> Pair:
    """A pair whose answer is known."""
    return Pair(
        prompt=f"gold-{number}",
        messages=({"role": "user", "content": f"plain question {number}"},),
        model_a="right",
        model_b="wrong",
        answer_a="yes",
        answer_b="no",
        gold=known,
    )


def batch(
    prompts: int = 6,
    *,
    overlap: int = 2,
    gold: int = 0,
    gold_share: float = 0.0,
    rules: Rules | None = None,
    pairs: list[Pair] | None = None,
) -> Batch:
    """A batch `b` of as many prompts."""
    terms = Terms(
        name="b",
        policy="release",
        candidates=("new",),
        baseline="old",
        prompts=prompts,
        overlap=overlap,
        seed=7,
        gold_share=gold_share,
        guidelines="# Be fair",
        rules=rules or Rules(),
    )
    answered = pairs if pairs is not None else [pair(n) for n in range(prompts)]
    return make_batch(terms, answered=answered, gold=[gold_pair(n) for n in range(gold)])


def shown(task: Task, preference: Preference) -> Preference:
    """What a person says who prefers so, A being the pair's answer a."""
    return preference if task.a_first else preference.turned


def given(box: BallotBox, person: str, *, after: float = 0.0) -> Task:
    """The person's next task, some seconds after `NOW`."""
    task = box.next_task("b", person, now=later(after))
    assert isinstance(task, Task), task
    return task


def said(
    task: Task, preference: Preference = Preference.A_BETTER, *, token: str = "", **other: object
) -> Ballot:
    """A ballot of the task's annotator; the preference's A is the pair's answer a."""
    return Ballot(
        **{
            "person": task.annotator,
            "pair": task.pair,
            "said": shown(task, preference),
            "seconds": 10.0,
            "guidelines": 1,
            "token": token or f"{task.annotator}/{task.pair}",
            **other,
        }
    )


def vote(
    box: BallotBox, person: str, preference: Preference = Preference.A_BETTER, *, after: float = 0.0
) -> Accepted:
    """The person's vote on their next task."""
    answer = box.cast("b", said(given(box, person, after=after), preference), now=later(after))
    assert isinstance(answer, Accepted), answer
    return answer


def later(seconds: float) -> datetime:
    """As many seconds after `NOW`."""
    return NOW + timedelta(seconds=seconds)
