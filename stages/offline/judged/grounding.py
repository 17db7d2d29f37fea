"""Whether answers stay with the context that they were given."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from policies.benchmark_tasks import GroundingTask
from policies.canonical import Json
from stages.engine.data import ItemFile
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.judges.asking import ask_judge, verdict_log
from stages.judges.conversation import not_shown, turns
from stages.judges.fence import Exhibit
from stages.judges.grounds import GROUNDS, Grounds
from stages.judges.verdict import Verdict
from stages.offline.abstaining import answerable_problem, is_answerable
from stages.offline.instrument import Answers, Column, ItemScore, Scores, scored_items
from stages.offline.judged.cases import by_item, cases_of, check_shown, in_words
from stages.offline.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class Grounding:
    """Asks a judge whether an item's `context` bears its answers out.

    The judge is not told whether people hold the question answerable; that is put against its
    verdict afterwards.

    Attributes:
        task: Names the judge.
        tools: Knows it, and where verdicts are journaled.
    """

    task: GroundingTask
    tools: Tools

    def check(self, file: ItemFile) -> None:
        """Returns when the judge is known and every item has a context.

        Raises:
            InputError: When not.
        """
        self.tools.check_chat(self.task.grounding)
        check_shown(file, _problem, fix="mend the item, or leave it out of the file")

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """`hallucinated`, `supported` and `contradicted` of every item.

        An item is hallucinated when any of its answers is, and contradicted likewise; support
        counts with its mean.
        """
        cases = cases_of(items, answers, _shown)
        if isinstance(cases, Unmeasured):
            return Scores(columns=cases)
        with closing(self.tools.client(self.task.grounding)) as judge:
            log = verdict_log(judge, self.tools.state)
            judged = ask_judge(
                judge,
                GROUNDS,
                cases,
                log=log,
                progress=self.tools.progress,
                ask_with=self.tools.asker(self.task.grounding),
            )
        verdicts = judged.all()
        tools = (("judge", judged.judge), ("prompt grounds", GROUNDS.digest))
        if isinstance(verdicts, Unmeasured):
            return Scores(columns=verdicts, tools=tools, cost=judged.cost)
        given = by_item(verdicts, items, answers)
        details = [_detail(*each) for each in zip(items, given, answers, strict=True)]
        grounds = [
            tuple(settled(Grounds(str(v.choice)), answerable=is_answerable(item)) for v in of_item)
            for item, of_item in zip(items, given, strict=True)
        ]
        return Scores(
            items=scored_items(items),
            columns={
                "hallucinated": _any_of(_HALLUCINATED, grounds, details),
                "supported": tuple(
                    ItemScore(g.count(Grounds.SUPPORTED) / len(g), detail)
                    for g, detail in zip(grounds, details, strict=True)
                ),
                "contradicted": _any_of(_CONTRADICTED, grounds, details),
            },
            tools=tools,
            cost=judged.cost,
        )


def settled(grounds: Grounds, *, answerable: bool) -> Grounds:
    """How an answer stands to its context, once it is known whether the context answers at all.

    Where people say that it does not, to say so is what the context supports; and an answer that
    a judge calls supported is not in the context: such questions are made so that a wrong answer
    looks right.
    """
    match grounds:
        case Grounds.ABSTAINED if not answerable:
            return Grounds.SUPPORTED
        case Grounds.SUPPORTED if not answerable:
            return Grounds.NOT_IN_CONTEXT
        case _:
            return grounds


_CONTRADICTED = frozenset({Grounds.CONTRADICTED})
_HALLUCINATED = _CONTRADICTED | {Grounds.NOT_IN_CONTEXT}


def _any_of(
    flagged: frozenset[Grounds], grounds: Sequence[tuple[Grounds, ...]], details: Sequence[str]
) -> Column:
    return tuple(
        ItemScore(float(any(each in flagged for each in of_item)), detail)
        for of_item, detail in zip(grounds, details, strict=True)
    )


def _shown(item: Item) -> tuple[Exhibit, ...]:
    """The context, then the `question` where the item has one, else the whole conversation."""
    question = item.fields.get("question")
    asked = (Exhibit("question", question),) if isinstance(question, str) else turns(item)
    return (Exhibit("context", str(item.fields["context"])), *asked)


def _detail(item: Item, verdicts: Sequence[Verdict], texts: Answers) -> str:
    label = "" if is_answerable(item) else "\n(people say that the context does not answer this)"
    return f"{in_words(verdicts, texts)}{label}"


def _problem(item: Item) -> str | None:
    if not _says_something(item.fields.get("context")):
        return "its field `context` must be a text that says something"
    if not _says_something(item.fields.get("question", "asked in the conversation")):
        return "its field `question` must be a text that says something"
    hidden = not_shown(item)
    return f"the judge reads texts only, and {hidden}" if hidden else answerable_problem(item)


def _says_something(value: Json) -> bool:
    return isinstance(value, str) and bool(value.strip())
