"""Two answers side by side before one judge: in both orders, as often as is wanted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from policies.canonical import Json
from policies.side_by_side import PairRubric
from policies.task import Sampling
from stages.engine.answering import AnswerLog, Ask, Inquiry, ask_at_once
from stages.engine.progress import Progress
from stages.engine.threads import Failed
from stages.evidence.costs import total
from stages.evidence.items import Item, Response, question_digest
from stages.evidence.records import Cost
from stages.judges.asking import JUDGING, Case, ask_judge
from stages.judges.conversation import not_shown, turns
from stages.judges.fence import Exhibit
from stages.judges.pair_rubrics import brief_for
from stages.judges.verdict import Verdict
from stages.models.client import ModelClient

OWN_ANSWER = Sampling(temperature=0.0, max_tokens=4096, seed=0)
"""How a judge's own answer is drawn, once for each prompt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contest:
    """Two answers to one conversation.

    Attributes:
        id: Unique among the contests of an asking.
        messages: The conversation, as OpenAI chat messages.
        answer_a: An answer; never empty.
        answer_b: The other.
        rubric: What the judge looks for.
    """

    id: str
    messages: tuple[Mapping[str, Json], ...]
    answer_a: str
    answer_b: str
    rubric: PairRubric = PairRubric.GENERAL

    @property
    def question(self) -> Item:
        """The conversation alone; equal ones have equal ids."""
        name = question_digest(self.messages)
        return Item(id=name, messages=self.messages, cluster=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """One showing of a contest to a judge.

    Attributes:
        contest: Its id.
        a_first: Whether `answer_a` was shown first.
        repeat: Which repetition in this order, from 0.
    """

    contest: str
    a_first: bool
    repeat: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Compared:
    """What a judge said.

    Attributes:
        verdicts: Of every showing. A verdict's choice is one of `CHOICES` **as it was shown**: A is
            what stood first. `Failed` where there is none, which is no tie.
        cost: Of all replies, own answers included.
        judge: Who judged; see `Judged.judge`.
    """

    verdicts: Mapping[Shown, Verdict | Failed]
    cost: Cost
    judge: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparer:
    """A judge, and how it is asked.

    Every repetition has a seed of its own, and temperature 0: what varies all the same is the
    judge. Exchanging the two answers of a contest puts the same questions, so that what was judged
    once is never paid again from the other side.

    Attributes:
        client: The judge.
        log: Where its replies are kept.
        repeats: How often it sees a contest in each order, at least 1.
        own_answer_first: Whether it answers the prompt itself before it compares, once for every
            prompt, and is shown that answer.
        ask_with: How questions are put.
        progress: Where to show how far it is.
    """

    client: ModelClient
    log: AnswerLog
    repeats: int = 1
    own_answer_first: bool = False
    ask_with: Ask = ask_at_once
    progress: Progress | None = None

    def compare(self, contests: Sequence[Contest]) -> Compared:
        """A verdict on every contest, in both orders, `repeats` times each.

        A contest that is too long, holds what a judge of texts cannot see, or to which it gave no
        answer of its own, has no verdict, and the reason says why.

        Raises:
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        if len({contest.id for contest in contests}) < len(contests):
            raise ValueError("contests must have unique ids")
        own = self._own_answers(contests)
        found: dict[Shown, Verdict | Failed] = {}
        costs, judges = [own.cost], set()
        for rubric in dict.fromkeys(contest.rubric for contest in contests):
            of_rubric = [contest for contest in contests if contest.rubric is rubric]
            for repeat in range(self.repeats):
                part = self._shown(of_rubric, rubric, repeat, own)
                found |= part.verdicts
                costs.append(part.cost)
                judges |= set(part.judge)
        return Compared(verdicts=found, cost=total(costs), judge=tuple(sorted(judges)))

    def _own_answers(self, contests: Sequence[Contest]) -> "_Notes":
        """What the judge itself answers to each question."""
        if not self.own_answer_first:
            return _Notes(texts={}, cost=Cost())
        questions = {contest.question.id: contest.question for contest in contests}
        visible = [each for each in questions.values() if not_shown(each) is None]
        answers = self.ask_with(
            Inquiry(
                client=self.client,
                items=tuple(visible),
                sampling=OWN_ANSWER,
                log=self.log,
                progress=self.progress,
            )
        )
        return _Notes(texts=answers.responses, cost=answers.cost)

    def _shown(
        self, contests: Sequence[Contest], rubric: PairRubric, repeat: int, own: "_Notes"
    ) -> Compared:
        """One repetition, in both orders."""
        cases: dict[Shown, Case | Failed] = {
            Shown(contest=contest.id, a_first=a_first, repeat=repeat): self._case(
                contest, own, a_first=a_first
            )
            for contest in contests
            for a_first in (True, False)
        }
        judged = ask_judge(
            self.client,
            brief_for(rubric, own_answer=self.own_answer_first),
            [case for case in cases.values() if isinstance(case, Case)],
            log=self.log,
            sampling=JUDGING.model_copy(update={"seed": (JUDGING.seed or 0) + repeat}),
            progress=self.progress,
            ask_with=self.ask_with,
        )
        return Compared(
            verdicts={
                shown: case if isinstance(case, Failed) else judged.verdicts[case.id]
                for shown, case in cases.items()
            },
            cost=judged.cost,
            judge=(judged.judge,),
        )

    def _case(self, contest: Contest, own: "_Notes", *, a_first: bool) -> Case | Failed:
        question = contest.question
        if hidden := not_shown(question):
            return Failed(f"the judge reads texts only, and {hidden}", final=True)
        notes = own.exhibit(question) if self.own_answer_first else ()
        if isinstance(notes, Failed):
            return notes
        first, second = contest.answer_a, contest.answer_b
        if not a_first:
            first, second = second, first
        answers = (Exhibit("answer a", first), Exhibit("answer b", second))
        order = "a first" if a_first else "b first"
        return Case(id=f"{contest.id} {order}", exhibits=(*turns(question), *notes, *answers))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Notes:
    """The judge's own answers, by the question's id."""

    texts: Mapping[str, Response | Failed]
    cost: Cost

    def exhibit(self, question: Item) -> tuple[Exhibit, ...] | Failed:
        answer = self.texts[question.id]
        if isinstance(answer, Failed):
            return replace(answer, reason=f"it gave no answer of its own: {answer.reason}")
        return (Exhibit("your own answer", answer.text),)
