"""Students taught by a cell's data, and every model sat before the tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.canonical import sha256_of
from policies.graded_task import Domain
from stages.engine.answering import ask_at_once
from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.clusters import Floats
from stages.workshop.generators.cells import Cell, Instance
from stages.workshop.generators.generating import Generated
from stages.workshop.generators.material import Material
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.generators.sitting import Sitting
from stages.workshop.training.data import Taught
from stages.workshop.training.settings import Base, Training
from stages.workshop.training.trainer import Trained, Trainer
from stages.workshop.workroom import Hand

OfTests = Mapping[str, Floats | Unmeasured]
"""What a model scores on the items of each test of a domain, by the test's name."""

SatBy = Mapping[Domain, OfTests]
"""The same of every domain."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What one cell's students scored.

    Attributes:
        trained: A student per seed.
        scores: By test, shape (seeds, items) each; or why there are none.
    """

    trained: tuple[Trained, ...]
    scores: Mapping[str, Floats] | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Teaching:
    """How students come to be, and are asked.

    Attributes:
        trainer: Teaches.
        start: The model that is taught, as the trainer knows it.
        untaught: The same, to be asked.
        student: One that was taught, to be asked; whoever asked for it closes its client.
        free: Whether students run on this machine, where no budget pays them.
        begin: Begins a training without waiting for its end, where there is somebody to leave it
            to; None where nobody trains but this process.
    """

    trainer: Trainer
    start: Base
    untaught: Hand
    student: Callable[[Trained], Hand]
    free: bool
    begin: Callable[[Sequence[Taught], Base, Training], None] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class School:
    """Where students are taught and tested.

    Attributes:
        recipe: How.
        material: What the tests hold.
        sitting: How models sit them.
        teaching: How students come to be.
        reference: What they are held against.
        digests: Of untaught student (`base`) and reference, by these names.
    """

    recipe: GraderRecipe
    material: Material
    sitting: Sitting
    teaching: Teaching
    reference: Hand
    digests: Mapping[str, str]

    def begin(self, data: Generated) -> None:
        """Has all trainings of a cell begun that somebody else carries out, all at once."""
        if self.teaching.begin is not None and self._enough(data):
            for seed in self.recipe.seeds:
                self.teaching.begin(
                    lessons_of(data.parts[seed]),
                    self.teaching.start,
                    self._settings(seed, data.cell),
                )

    def taught(self, data: Generated, folder: Path) -> Told:
        """Students of every seed, and what each scores on the tests of the cell's domain.

        Each learns from data of its own draw, so that how much the students differ tells how much a
        new draw of the data would change, too.

        Raises:
            Diverged: When a training's loss is no number.
            GateError: When models, libraries or journals fail.
        """
        if not self._enough(data):
            why = f"{data.cell.name}: {data.words}; each of its {len(self.recipe.seeds)} "
            why += f"students needs at least {self.recipe.least:,} of its own"
            return Told(trained=(), scores=Unmeasured(why, Cause.UNDERPOWERED))
        trained, scores = [], []
        for seed in self.recipe.seeds:
            student = self.teaching.trainer.sft(
                lessons_of(data.parts[seed]),
                self.teaching.start,
                self._settings(seed, data.cell),
                folder / f"seed-{seed}",
            )
            hand = self.teaching.student(student)
            try:
                found = self._sat_in(data.cell.domain, hand, free=self.teaching.free)
            finally:
                hand.client.close()
            trained.append(student)
            scores.append(found)
        return Told(trained=tuple(trained), scores=_stacked(scores))

    def untaught(self) -> SatBy:
        """What the student scores on all tests that nobody taught."""
        hand, free = self.teaching.untaught, self.teaching.free
        return {domain: self._sat_in(domain, hand, free=free) for domain in self.recipe.domains}

    def sat(self, hand: Hand) -> SatBy:
        """What a model scores on all tests, within the budget."""
        return {domain: self._sat_in(domain, hand, free=False) for domain in self.recipe.domains}

    def _sat_in(self, domain: Domain, hand: Hand, *, free: bool) -> OfTests:
        return {
            name: self.sitting.scores(
                hand.client,
                f"{domain}_{name}",
                task,
                self.material.tests[domain][name],
                ask=ask_at_once if free else self.sitting.room.asker(hand),
            )
            for name, task in self.recipe.domains[domain].tests.items()
        }

    def _enough(self, data: Generated) -> bool:
        return min(map(len, data.parts.values())) >= self.recipe.least

    def _settings(self, seed: int, cell: Cell) -> Training:
        return self.recipe.training.model_copy(update={"seed": seed_of(seed, cell)})


def lessons_of(instances: Sequence[Instance]) -> list[Taught]:
    """Instances as a student learns them."""
    return [
        Taught(
            id=one.id,
            messages=({"role": "user", "content": one.instruction},),
            answer=one.response,
        )
        for one in instances
    ]


def seed_of(seed: int, cell: Cell) -> int:
    """What a cell's training draws by, in [0, 2^31): no two cells share its luck.

    Students of one order of rows and one set of dropped weights would err alike, and the mean over
    cells by more than their variances say. Generators share it, cell by cell. OpenAI's fine-tuning
    API takes no larger one.
    """
    return int(sha256_of([seed, cell.name])[:8], 16) >> 1


def _stacked(
    scores: Sequence[OfTests],
) -> Mapping[str, Floats] | Unmeasured:
    found: dict[str, Floats] = {}
    for name in scores[0]:
        rows = []
        for of_seed in scores:
            row = of_seed[name]
            if isinstance(row, Unmeasured):
                return Unmeasured(f"{name} of a student: {row.reason}", row.cause)
            rows.append(row)
        found[name] = np.stack(rows)
    return found
