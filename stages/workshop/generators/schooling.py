"""Students taught by a cell's data, and every model sat before the tests."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from policies.canonical import sha256_of
from policies.graded_task import Domain
from stages.engine.answering import ask_at_once
from stages.evidence.estimate import Cause, Unmeasured
from stages.models.client import ModelClient
from stages.stats.clusters import Floats
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.generating import Generated
from stages.workshop.generators.material import Material
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.generators.sitting import Sitting
from stages.workshop.training.data import Taught
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
class School:
    """Where students are taught and tested.

    Attributes:
        recipe: How.
        material: What the tests hold.
        sitting: How models sit them.
        trainer: Teaches.
        student: The model of a folder as a client, which whoever asked for it closes.
        base: The untaught student.
        reference: What it is held against.
        digests: Of base and reference, by these names.
    """

    recipe: GraderRecipe
    material: Material
    sitting: Sitting
    trainer: Trainer
    student: Callable[[Path], ModelClient]
    base: ModelClient
    reference: Hand
    digests: Mapping[str, str]

    def taught(self, data: Generated, folder: Path) -> Told:
        """Students of every seed, and what each scores on the tests of the cell's domain.

        Raises:
            Diverged: When a training's loss is no number.
            GateError: When models, libraries or journals fail.
        """
        if len(data.instances) < self.recipe.least:
            why = f"{data.cell.name}: {data.words}; at least {self.recipe.least:,} are needed"
            return Told(trained=(), scores=Unmeasured(why, Cause.UNDERPOWERED))
        rows = [
            Taught(
                id=one.id,
                messages=({"role": "user", "content": one.instruction},),
                answer=one.response,
            )
            for one in data.instances
        ]
        trained, scores = [], []
        for seed in self.recipe.seeds:
            settings = self.recipe.training.model_copy(update={"seed": seed_of(seed, data.cell)})
            student = self.trainer.sft(rows, self.recipe.student, settings, folder / f"seed-{seed}")
            assert student.folder is not None  # it was trained here
            client = self.student(student.folder)
            try:
                found = self._sat_in(data.cell.domain, client)
            finally:
                client.close()
            trained.append(student)
            scores.append(found)
        return Told(trained=tuple(trained), scores=_stacked(scores))

    def sat(self, client: ModelClient, hand: Hand | None = None) -> SatBy:
        """What a model scores on all tests; within the budget where it is a hand's."""
        return {domain: self._sat_in(domain, client, hand) for domain in self.recipe.domains}

    def _sat_in(self, domain: Domain, client: ModelClient, hand: Hand | None = None) -> OfTests:
        return {
            name: self.sitting.scores(
                client,
                f"{domain}_{name}",
                task,
                self.material.tests[domain][name],
                ask=ask_at_once if hand is None else self.sitting.room.asker(hand),
            )
            for name, task in self.recipe.domains[domain].tests.items()
        }


def seed_of(seed: int, cell: Cell) -> int:
    """What a cell's training draws by, in [0, 2^32): no two cells share its luck.

    Students of one order of rows and one set of dropped weights would err alike, and the mean over
    cells by more than their variances say. Generators share it, cell by cell.
    """
    return int(sha256_of([seed, cell.name])[:8], 16)


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
