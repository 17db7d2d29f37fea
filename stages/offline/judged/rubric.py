"""Answers graded by an LLM judge, one rubric at a time."""

from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass

from policies.benchmark_tasks import RubricTask
from policies.canonical import Json
from stages.engine.data import ItemFile
from stages.evidence.costs import total
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.judges.asking import Judged, ask_judge, verdict_log
from stages.judges.conversation import not_shown, turns
from stages.judges.fence import Exhibit
from stages.judges.rubrics import Grading, grading_for
from stages.offline.instrument import Answers, Column, ItemScore, Scores, scored_items
from stages.offline.judged.cases import by_item, cases_of, check_shown, in_words
from stages.offline.tools import Tools


@dataclass(frozen=True, slots=True, kw_only=True)
class RubricJudge:
    """Asks a judge for one verdict per rubric and answer; several answers count with their mean.

    Rubrics are asked apart, so that a good impression of one does not raise another.

    Attributes:
        task: Names the rubrics and the judge.
        tools: Knows the judge, and where verdicts are journaled.
    """

    task: RubricTask
    tools: Tools

    def check(self, file: ItemFile) -> None:
        """Returns when the judge is known and every item carries what its rubrics need.

        Raises:
            InputError: When not.
        """
        self.tools.check_chat(self.task.judge)
        check_shown(file, self._problem, fix="mend the item, or leave the rubric out of the plan")

    def score(self, items: Sequence[Item], answers: Sequence[Answers]) -> Scores:
        """A column per rubric; one whose verdicts are not all there is unmeasured."""
        found = {
            rubric: self._judged(grading_for(rubric), items, answers) for rubric in self.task.rubric
        }
        judged = {r: each for r, each in found.items() if isinstance(each, Judged)}
        return Scores(
            items=scored_items(items),
            columns={
                rubric.value: _column(grading_for(rubric), each, items, answers)
                for rubric, each in found.items()
            },
            tools=(
                *sorted({("judge", each.judge) for each in judged.values()}),
                *((f"prompt {r.value}", grading_for(r).brief.digest) for r in judged),
            ),
            cost=total(each.cost for each in judged.values()),
        )

    def _judged(
        self, grading: Grading, items: Sequence[Item], answers: Sequence[Answers]
    ) -> Judged | Unmeasured:
        cases = cases_of(items, answers, lambda item: _shown(item, grading))
        if isinstance(cases, Unmeasured):
            return cases
        with closing(self.tools.client(self.task.judge)) as judge:
            return ask_judge(
                judge,
                grading.brief,
                cases,
                log=verdict_log(judge, self.tools.state),
                progress=self.tools.progress,
                ask_with=self.tools.asker(self.task.judge),
            )

    def _problem(self, item: Item) -> str | None:
        for rubric in self.task.rubric:
            field = grading_for(rubric).beside
            if field and _beside(item.fields, field) is None:
                return f"`{rubric.value}` needs its field `{field}`, a text or a list of texts"
        hidden = not_shown(item)
        return f"the judge reads texts only, and {hidden}" if hidden else None


def _shown(item: Item, grading: Grading) -> tuple[Exhibit, ...]:
    beside = _beside(item.fields, grading.beside) if grading.beside else None
    if grading.beside is None or beside is None:
        return turns(item)
    return (*turns(item), Exhibit(grading.beside, beside))


def _beside(fields: Mapping[str, Json], name: str) -> str | None:
    """A field that is a text, or a list of texts, a line each; None when it says nothing."""
    match fields.get(name):
        case str(text):
            said = text
        case list() as texts if all(isinstance(text, str) and text.strip() for text in texts):
            said = "\n".join(f"- {text}" for text in texts)
        case _:
            return None
    return said if said.strip() else None


def _column(
    grading: Grading,
    judged: Judged | Unmeasured,
    items: Sequence[Item],
    answers: Sequence[Answers],
) -> Column | Unmeasured:
    verdicts = judged.all() if isinstance(judged, Judged) else judged
    if isinstance(verdicts, Unmeasured):
        return verdicts
    return tuple(
        ItemScore(
            sum(grading.shares[v.choice] for v in of_item) / len(of_item), in_words(of_item, texts)
        )
        for of_item, texts in zip(by_item(verdicts, items, answers), answers, strict=True)
    )
