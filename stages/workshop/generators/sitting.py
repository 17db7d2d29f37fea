"""Models sit the tests: what each scores on every item."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from policies.canonical import Json
from policies.errors import Broken
from policies.plan import OfflineTask
from policies.task import AskedTask, Sampling
from stages.engine.answering import AnswerLog, Ask, Inquiry, answer_name, ask_at_once
from stages.engine.data import ItemFile
from stages.engine.threads import Failed
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item, Response
from stages.models.client import ModelClient, Request
from stages.offline.instruments import instrument_for
from stages.offline.tools import Tools
from stages.stats.clusters import Floats
from stages.workshop.spending import demand_paid, demand_within_budget
from stages.workshop.workroom import Workroom


class Partial(Protocol):
    """A model that can be taken at what it has said when it is cut."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of its files."""
        ...

    @property
    def slots(self) -> int:
        """How many requests it may be asked at once."""
        ...

    def answer_in_part(self, request: Request) -> Response:
        """As `answer`, taking an answer that was cut at `max_tokens`."""
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...


@dataclass(frozen=True, slots=True)
class InPart:
    """A student as a client: what was cut is scored as far as it goes, as harnesses do.

    A base model that nobody taught to end goes on until it is cut; its answer may stand before.

    Attributes:
        model: The student.
    """

    model: Partial

    @property
    def identity(self) -> Mapping[str, Json]:
        """The student's, and that cut answers count."""
        return {**self.model.identity, "cut": "scored"}

    @property
    def slots(self) -> int:
        """The student's."""
        return self.model.slots

    def answer(self, request: Request) -> Response:
        """What it said, cut or not."""
        return self.model.answer_in_part(request)

    def close(self) -> None:
        """Lets go of the student."""
        self.model.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Where models sit tests.

    Attributes:
        room: Where answers are journaled.
        tools: What scores them.
    """

    room: Workroom
    tools: Tools

    def scores(
        self,
        client: ModelClient,
        name: str,
        task: OfflineTask,
        file: ItemFile,
        *,
        ask: Ask = ask_at_once,
    ) -> Floats | Unmeasured:
        """What a model scores on a test's items, 0 to 1, shape (items,).

        An answer that says nothing scores 0, as a wrong one does. One that failed otherwise is
        unknown, and so is the test.

        Args:
            client: The model.
            name: The test's.
            task: How it is asked and scored.
            file: Its items.
            ask: How questions are put: at once, or within a budget.

        Raises:
            OutOfBudget: When the budget does not pay for it.
            Broken: When the model or a judge cannot be reached, or the journal cannot be used.
            InputError: When the items cannot be scored.
        """
        assert isinstance(task, AskedTask)
        instrument = instrument_for(task, self.tools)
        instrument.check(file)
        log = self.room.log(f"sitting/{name}")
        replies = self._replies(client, task, file.items, log, ask)
        lost = [one for one in replies.values() if isinstance(one, Failed) and not one.empty]
        if lost:
            return Unmeasured(f"{len(lost)} of {len(replies)} answers failed: {lost[0].reason}")
        texts = {
            item.id: tuple(
                reply.text
                for n in range(task.generations)
                if isinstance(reply := replies[answer_name(item.id, n)], Response)
            )
            for item in file.items
        }
        said = [item for item in file.items if texts[item.id]]
        found = dict.fromkeys((item.id for item in file.items), 0.0)
        if said:
            metric = task.metrics(name)[0].name.removeprefix(f"{name}.")
            scores = instrument.score(said, [texts[item.id] for item in said])
            column = scores.column(metric)
            if isinstance(column, Unmeasured):
                demand_paid(column, "scoring the tests")
                return column
            for item, score in zip(said, column, strict=True):
                if score is None:
                    return Unmeasured(f"item {item.id} of {name} has no score")
                share = len(texts[item.id]) / task.generations
                found[item.id] = score.value * share
        return np.array(list(found.values()))

    def _replies(
        self,
        client: ModelClient,
        task: AskedTask,
        items: Sequence[Item],
        log: AnswerLog,
        ask: Ask,
    ) -> Mapping[str, Response | Failed]:
        """Every answer drawn, by name."""
        found: dict[str, Response | Failed] = {}
        for number in range(task.generations):
            answers = ask(
                Inquiry(
                    client=client,
                    items=tuple(items),
                    sampling=_seeded(task.sampling, number),
                    log=log,
                    progress=self.room.progress,
                )
            ).responses
            demand_within_budget(answers.values(), "sitting the tests")
            found |= {answer_name(item, number): reply for item, reply in answers.items()}
        lost = [one for one in found.values() if isinstance(one, Failed) and one.unreached]
        if lost:
            raise Broken(
                "cannot have the tests sat",
                why=f"{len(lost):,} of {len(found):,} questions were not answered: "
                f"{lost[0].reason}",
                fix="see that the model works, and run the same command again",
            )
        return found


def _seeded(sampling: Sampling, number: int) -> Sampling:
    if not number:
        return sampling
    return sampling.model_copy(update={"seed": (sampling.seed or 0) + number})
