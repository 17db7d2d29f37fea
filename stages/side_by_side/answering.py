"""The pairs of a comparison: what both checkpoints answer to the prompts that are drawn."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from policies.errors import InputError, PolicyError
from policies.side_by_side import Counted, SideBySidePlan
from stages.engine.answering import Answers
from stages.engine.assessed import demand_assessed
from stages.engine.bench_mark import refuse_copied
from stages.engine.checkpoints import Checkpoints, Questions
from stages.engine.data import read_items
from stages.engine.identity import IdentityChanged
from stages.engine.subject import Subject
from stages.engine.threads import Failed
from stages.evidence.absence import SAME_CHECKPOINT
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item, Response
from stages.evidence.records import Cost
from stages.side_by_side.drawing import draw
from stages.side_by_side.pairs import Pair

HARMS = "harms"
"""The item's field that names categories of harm, for annotators who opted out of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prompts:
    """The prompts of a plan.

    Attributes:
        items: All of them, in the file's order.
        shown: Ids of those that people are shown, in the order drawn.
        answered: Those that checkpoints answer: the shown, and the others after them where judges'
            verdicts on these count too.
        topics: The topic of every prompt; empty where the plan names none.
        url: Where they were read.
        sha256: Digest of that file.
        assessed: How the bench was judged that they are of; empty where they are of none.
    """

    items: tuple[Item, ...]
    shown: tuple[str, ...]
    answered: tuple[Item, ...]
    topics: Mapping[str, str]
    url: str
    sha256: str
    assessed: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """The answers of a candidate and the baseline.

    Attributes:
        pairs: One per prompt that is answered, in the prompts' order.
        cost: Of both checkpoints' answers.
    """

    pairs: tuple[Pair, ...]
    cost: Cost


def read_prompts(plan: SideBySidePlan, *, base: Path) -> Prompts:
    """The prompts of a plan that names them, drawn by its seed.

    Raises:
        InputError: When they cannot be read, are not the frozen ones, or one has no topic.
        PolicyError: When there are fewer than are planned, or they are a bench's that was not
            judged.
    """
    assert plan.data is not None
    assessed = demand_assessed(plan.data, plan.assessment, base=base)
    file = read_items(plan.data, base=base, cluster=None, sha256=plan.sha256)
    refuse_copied(file, plan.assessment)
    if len(file.items) < plan.prompts_planned:
        raise PolicyError(
            f"cannot ask for {plan.prompts_planned} prompts",
            why=f"`side_by_side.data` ({file.url}) holds {len(file.items)} items; "
            f"votes_at_most {plan.votes_at_most} / overlap {plan.overlap} asks "
            f"for {plan.prompts_planned}",
            fix="add items, or lower `votes_at_most`",
        )
    topics = {item.id: topic_of(item, plan.topic, where=file.url) for item in file.items}
    shown = draw(topics, prompts=plan.prompts_planned, seed=plan.seed)
    by_id = {item.id: item for item in file.items}
    others = set(by_id) - set(shown) if plan.count is Counted.FUSED else set()
    return Prompts(
        items=file.items,
        shown=shown,
        answered=tuple(by_id[name] for name in (*shown, *sorted(others))),
        topics=topics,
        url=file.url,
        sha256=file.sha256,
        assessed=assessed,
    )


def topic_of(item: Item, field: str | None, *, where: str) -> str:
    """The topic of an item; empty where the plan names no field for it.

    Raises:
        InputError: When the item lacks the field.
    """
    if field is None:
        return ""
    match item.fields.get(field):
        case str() as topic if topic.strip():
            return topic
        case _:
            raise InputError(
                f"cannot tell the topic of item {item.id} in {where}",
                why=f"the plan's `topic: {field}` names a field that it lacks, or that is no text",
                fix=f"give every item a `{field}`, or leave `topic` out",
            )


def harms_of(item: Item, *, where: str) -> tuple[str, ...]:
    """The categories of harm that an item names, none where it is silent.

    Raises:
        InputError: When they are no list of texts.
    """
    match item.fields.get(HARMS, []):
        case list() as named if all(isinstance(name, str) for name in named):
            return tuple(str(name) for name in named)
        case _:
            raise InputError(
                f"cannot read item {item.id} in {where}",
                why=f"its `{HARMS}` is no list of texts",
                fix=f'write `"{HARMS}": ["violence"]`, or leave it out',
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answering:
    """Asks the two checkpoints of a comparison for their answers.

    Attributes:
        plan: The side-by-side plan.
        checkpoints: Who asks; what was answered once is never asked again.
        calls_at_most: Most questions to one checkpoint; None for no limit.
    """

    plan: SideBySidePlan
    checkpoints: Checkpoints
    calls_at_most: int | None = None

    def compared(
        self, candidate: Subject, baseline: Subject, prompts: Prompts
    ) -> Compared | Unmeasured:
        """The pairs, or why they are not all there.

        A checkpoint that answered with nothing has an empty answer, which the rule settles. One
        that did not answer has none: nothing is compared until it has.

        Raises:
            InputError: When an item names its categories of harm in another way than as texts.
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        questions = Questions(items=prompts.answered, sampling=self.plan.sampling)
        given = []
        for subject in (candidate, baseline):
            answers = self.checkpoints.answers(subject, questions, calls_at_most=self.calls_at_most)
            if isinstance(answers, IdentityChanged):
                return Unmeasured(answers.reason)
            if isinstance(answers, Unmeasured):
                return answers
            given.append(answers)
        if self.checkpoints.serves_the_same(candidate, baseline):
            return SAME_CHECKPOINT
        return self._compared(prompts, (candidate, baseline), given)

    def known(self, candidate: Subject, baseline: Subject, prompts: Prompts) -> tuple[Pair, ...]:
        """The pairs of the prompts that both have answered so far; nobody is asked."""
        if candidate.client is None or baseline.client is None:
            return ()
        questions = Questions(items=prompts.answered, sampling=self.plan.sampling)
        given = [self.checkpoints.known(each, questions) for each in (candidate, baseline)]
        there = [i for i in prompts.answered if not any(_lacks(each, i) for each in given)]
        answered = replace(prompts, answered=tuple(there))
        return self._compared(answered, (candidate, baseline), given).pairs

    def _compared(
        self, prompts: Prompts, subjects: tuple[Subject, Subject], given: Sequence[Answers]
    ) -> Compared:
        candidate, baseline = subjects
        return Compared(
            pairs=tuple(
                Pair(
                    prompt=item.id,
                    messages=item.messages,
                    topic=prompts.topics[item.id],
                    harms=harms_of(item, where=prompts.url),
                    model_a=candidate.known_as,
                    model_b=baseline.known_as,
                    answer_a=_said(given[0], item),
                    answer_b=_said(given[1], item),
                )
                for item in prompts.answered
            ),
            cost=Cost(
                calls=sum(each.cost.calls for each in given),
                prompt_tokens=sum(each.cost.prompt_tokens for each in given),
                completion_tokens=sum(each.cost.completion_tokens for each in given),
            ),
        )


def _lacks(answers: Answers, item: Item) -> bool:
    response = answers.responses[item.id]
    return isinstance(response, Failed) and not response.empty


def _said(answers: Answers, item: Item) -> str:
    match answers.responses[item.id]:
        case Response(text=text):
            return text
        case Failed():
            return ""
