"""Answers of a checkpoint to the items of a plan's tasks, within the plan's budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from policies.pairs_task import PairsTask
from policies.task import AskedTask
from stages.engine.answering import Answers as Journaled
from stages.engine.checkpoints import Checkpoints, Questions, Texts
from stages.engine.data import ItemFile, read_items
from stages.engine.identity import IdentityChanged
from stages.engine.progress import Progress
from stages.engine.ration import Ration
from stages.engine.state import State
from stages.engine.subject import Subject
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.evidence.records import Cost
from stages.offline.pairs.showing import form_of, questions_of


@dataclass(kw_only=True)
class Asking:
    """Asks for the answers of a plan's tasks; what was answered once is never asked again.

    Attributes:
        plan: Tasks by name.
        order: Their order: earlier tasks spend the budget first.
        base: The policy's folder.
        state: Where answers are journaled.
        progress: Where to show how far it is.
        calls_at_most: Most questions to one checkpoint, over all tasks; None for no limit.
        ration: What may be asked now.
    """

    plan: Mapping[str, AskedTask]
    order: tuple[str, ...]
    base: Path
    state: State
    progress: Progress
    calls_at_most: int | None
    ration: Ration = field(default_factory=Ration)
    _files: dict[str, ItemFile] = field(default_factory=dict)
    _costs: dict[tuple[str, str], Cost] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.checkpoints = Checkpoints(state=self.state, progress=self.progress, ration=self.ration)

    def items(self, name: str) -> ItemFile:
        """The items of a task as they are put to a checkpoint, read once.

        Raises:
            InputError: When they cannot be read, or are not the frozen ones.
        """
        if name not in self._files:
            task = self.plan[name]
            file = read_items(task.data, base=self.base, cluster=task.cluster, sha256=task.sha256)
            self._files[name] = questions_of(task, file) if isinstance(task, PairsTask) else file
        return self._files[name]

    def texts(
        self, subject: Subject, name: str, items: Sequence[Item]
    ) -> Texts | Unmeasured | IdentityChanged:
        """Every answer to these of a task's items, or why they are not all there.

        Raises:
            InputError: When the items cannot be read.
            Broken: When the journal cannot be read or written, or another process is asking.
        """
        found = self.checkpoints.texts(
            subject,
            self._questions(name, items),
            calls_at_most=self._calls_left(subject, name),
        )
        if subject.client is not None:
            self.known(subject, name, items)
        return found

    def known(self, subject: Subject, name: str, items: Sequence[Item]) -> Journaled:
        """What the journal, or the recorded file of a subject with a client, holds already."""
        answers = self.checkpoints.known(subject, self._questions(name, items))
        self._costs[subject.digest, name] = answers.cost
        return answers

    def known_texts(self, subject: Subject, name: str, items: Sequence[Item]) -> Texts | Unmeasured:
        """Every answer of a subject with a client, or why they are not all there; asks nothing."""
        return self._questions(name, items).texts(self.known(subject, name, items))

    def cost(self, subject: Subject, name: str) -> Cost:
        """What the journaled answers of a task cost, whenever they were asked.

        Of a task that stops early: the answers to what was last asked for.
        """
        if subject.client is None:
            return Cost()
        if (subject.digest, name) not in self._costs:
            self.known(subject, name, self.items(name).items)
        return self._costs[subject.digest, name]

    def _questions(self, name: str, items: Sequence[Item]) -> Questions:
        task = self.plan[name]
        return Questions(
            items=tuple(items),
            sampling=task.sampling,
            generations=task.generations,
            response_format=form_of(task) if isinstance(task, PairsTask) else None,
        )

    def _calls_left(self, subject: Subject, name: str) -> int | None:
        if self.calls_at_most is None:
            return None
        earlier = self.order[: self.order.index(name)]
        spent = sum(self.cost(subject, other).calls for other in earlier)
        return max(0, self.calls_at_most - spent)
