"""Judgements drawn from a judge: every pair in both orders, as often as is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from policies.canonical import Json
from policies.task import Sampling
from stages.engine.answering import Ask, Inquiry, ask_at_once
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.items import Response
from stages.evidence.records import Cost
from stages.judges.comparing import Contest, Shown
from stages.judges.structured import takes_schema
from stages.judges.verdict import Unreadable, Verdict
from stages.models.client import ModelClient
from stages.workshop.self_taught.briefing import Briefing, Question, prefers_first
from stages.workshop.self_taught.reaching import demand_reached
from stages.workshop.spending import demand_within_budget
from stages.workshop.workroom import Hand, Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """A judge that can be asked.

    Attributes:
        hand: The model, by a name for errors.
        briefing: In which words.
        free: Whether it is a model of this machine, which no budget pays.
    """

    hand: Hand
    briefing: Briefing
    free: bool = False

    @property
    def client(self) -> ModelClient:
        """How the model is asked."""
        return self.hand.client

    def asker(self, workroom: Workroom) -> Ask:
        """How questions are put to it."""
        return ask_at_once if self.free else workroom.asker(self.hand)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """Judgements, and what they cost.

    Attributes:
        judgements: In the order in which they were asked for.
        cost: Of all replies; without money where the judge has no price.
    """

    judgements: "tuple[Judgement, ...]"
    cost: Cost


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What a judge replied to one showing of a pair.

    Attributes:
        shown: Which pair, in which order; the better answer is `answer_a`.
        question: As it was put.
        reply: Its words; empty where it gave none.
        prefers_a: Whether it is for the better answer; None when it is for neither, or unreadable.
        unread: Why it is no verdict; empty where it is one.
    """

    shown: Shown
    question: Question
    reply: str
    prefers_a: bool | None
    unread: str = ""

    @property
    def right(self) -> bool:
        """Whether it reaches the known label."""
        return self.prefers_a is True


def judge_pairs(
    judge: Judge,
    contests: Sequence[Contest],
    samplings: Sequence[Sampling],
    workroom: Workroom,
    *,
    step: str,
) -> Heard:
    """A judge's judgements of every pair in both orders, once with each sampling; journaled.

    Args:
        judge: Who judges.
        contests: Pairs; ids are unique.
        samplings: How replies are drawn; their seeds differ.
        workroom: Where it is asked.
        step: Name of the journal.

    Raises:
        OutOfBudget: When the recipe's budget does not pay for it.
        EndpointError: When the judge cannot be reached.
    """
    orders = [(contest, a_first) for contest in contests for a_first in (True, False)]
    questions = [judge.briefing.question(c, a_first=a_first) for c, a_first in orders]
    found: list[Judgement] = []
    costs: list[Cost] = []
    response_format = _held_to(judge, workroom, step)
    for repeat, sampling in enumerate(samplings):
        answers = judge.asker(workroom)(
            Inquiry(
                client=judge.client,
                items=tuple(question.item for question in questions),
                sampling=sampling,
                log=workroom.log(step),
                response_format=response_format,
                progress=workroom.progress,
            )
        )
        replies = answers.responses
        costs.append(judge.hand.price.of(answers.cost))
        demand_reached(replies, judge.hand)
        demand_within_budget(replies.values(), f"`{judge.hand.name}` judges")
        for (contest, a_first), question in zip(orders, questions, strict=True):
            shown = Shown(contest=contest.id, a_first=a_first, repeat=repeat)
            found.append(_judgement(shown, question, replies[question.item.id], judge.briefing))
    return Heard(judgements=tuple(found), cost=total(costs))


def _held_to(judge: Judge, workroom: Workroom, step: str) -> Mapping[str, Json] | None:
    """The form that replies are held to; a judge on this machine is held to none."""
    form = judge.briefing.response_format
    if form is None or judge.free:
        return None
    schema = takes_schema(judge.client, workroom.log(step))
    if isinstance(schema, Failed):
        demand_reached({"": schema}, judge.hand)
    return form if schema is True else None


def _judgement(
    shown: Shown, question: Question, reply: Response | Failed, briefing: Briefing
) -> Judgement:
    if isinstance(reply, Failed):
        return Judgement(
            shown=shown, question=question, reply="", prefers_a=None, unread=reply.reason
        )
    read = briefing.read(reply.text, question)
    if isinstance(read, Unreadable):
        return Judgement(
            shown=shown, question=question, reply=reply.text, prefers_a=None, unread=read.reason
        )
    return Judgement(
        shown=shown, question=question, reply=reply.text, prefers_a=_for_a(read, shown)
    )


def _for_a(verdict: Verdict, shown: Shown) -> bool | None:
    first = prefers_first(verdict)
    return None if first is None else first is shown.a_first
