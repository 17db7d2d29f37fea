"""A checkpoint's grade: cell by cell generated, taught and tested, then frozen as a whole."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json
from policies.errors import InputError
from stages.engine.product import freeze
from stages.offline.graded.grade import KIND, Grade
from stages.offline.graded.sittings import write_sittings
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.generating import Generating
from stages.workshop.generators.graded import CellGrade, Graded, read_graded, write_graded
from stages.workshop.generators.intrinsic import Looking
from stages.workshop.generators.material import Material
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.generators.schooling import SatBy, School, Told
from stages.workshop.generators.summing import Summing, rows_of, solved_by
from stages.workshop.workroom import Hand, Workroom


@dataclass(frozen=True, slots=True, kw_only=True)
class Generator:
    """The checkpoint that is graded.

    Attributes:
        uri: `models:/assistant/12`, or the name of an endpoint.
        digest: SHA-256 of how it answers, as stage 1 knows it.
        hand: How it is asked, and what it costs.
    """

    uri: str
    digest: str
    hand: Hand


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What was found of a checkpoint, before it is frozen.

    Attributes:
        grade: What a policy reads.
        cells: The grade of every cell.
        told: How the students of every cell did.
        summing: What base and reference did.
        solved: How the checkpoint did on the tests itself; empty where the recipe does not ask.
    """

    grade: Grade
    cells: tuple[CellGrade, ...]
    told: Mapping[Cell, Told]
    summing: Summing
    solved: SatBy


@dataclass(frozen=True, slots=True, kw_only=True)
class Grading:
    """Grades checkpoints by one recipe.

    Attributes:
        recipe: How.
        digest: Of the recipe and all that it names.
        material: What it names, read.
        room: Where everything is journaled, paid and kept.
        making: How instances are made, but for the generator's name.
        looking: What is measured of them.
        school: Where students learn and sit tests.
    """

    recipe: GraderRecipe
    digest: str
    material: Material
    room: Workroom
    making: Generating
    looking: Looking
    school: School

    def grade(self, generator: Generator, to: Path) -> Graded:
        """The grade of a checkpoint, frozen in a folder; found there, nothing is done.

        Every cell's data and every student are frozen when they are made: a killed run goes on
        after the last of them, and asks and trains nothing twice.

        Raises:
            InputError: When another grade stands there, data cannot be used, or a training
                diverged.
            OutOfBudget: When the budget does not pay for it.
            Broken: When models, libraries or journals fail.
        """
        made_from = {"generator": generator.digest, **self.school.digests}
        if to.exists():
            return _same(read_graded(to), self.digest, made_from)
        work = self.room.folder / "work" / self.digest[:12] / generator.digest[:12]
        data = {c: self.making.made(c, work / c.name / "data") for c in self.recipe.cells}
        for cell in self.recipe.cells:
            self.school.begin(data[cell])
        told = {c: self.school.taught(data[c], work / c.name) for c in self.recipe.cells}
        summing = Summing(
            recipe=self.recipe,
            material=self.material,
            base=self.school.untaught(),
            reference=self.school.sat(self.school.reference),
        )
        cells = tuple(
            summing.cell(data[cell], told[cell], self.looking.at(data[cell]))
            for cell in self.recipe.cells
        )
        solved = self.school.sat(generator.hand) if self.recipe.solves else {}
        grade = Grade(
            checkpoint=generator.uri,
            digest=generator.digest,
            recipe=self.recipe.recipe,
            level=self.recipe.level,
            measured={
                **summing.measured(cells, told),
                "solves": solved_by(solved, level=self.recipe.level),
            },
        )
        sets = {f"data {cell.name}": one.product.sha256 for cell, one in data.items()}
        self._freeze(
            to,
            Found(grade=grade, cells=cells, told=told, summing=summing, solved=solved),
            made_from={**made_from, **self.material.files, **sets},
        )
        return read_graded(to)

    def _freeze(self, to: Path, found: Found, *, made_from: Mapping[str, str]) -> None:
        """Writes a grade beside its place, and moves it there whole."""
        making = to.parent / f".{to.name}.making"
        shutil.rmtree(making, ignore_errors=True)
        making.mkdir(parents=True)
        write_graded(making, found.grade, found.cells, means=found.summing.means())
        models = {
            "base": found.summing.base,
            "reference": found.summing.reference,
            "generator": found.solved,
        }
        items = {
            f"{domain}/{name}": file.items
            for domain, tests in self.material.tests.items()
            for name, file in tests.items()
        }
        write_sittings(making, rows_of(found.told, models, self.recipe.seeds), items)
        freeze(
            making,
            to,
            kind=KIND,
            recipe=self.digest,
            made_from=made_from,
            facts={"sentence": _words(found.cells), "students": _behind_endpoints(found.told)},
        )


def _same(found: Graded, digest: str, made_from: Mapping[str, str]) -> Graded:
    """A grade that stands in the place already, and is the one that would be made."""
    other = [name for name in made_from if found.product.made_from.get(name) != made_from[name]]
    if found.product.recipe != digest:
        other.append("recipe")
    if other:
        raise InputError(
            f"cannot grade into {found.product.folder}",
            why=f"a grade stands there that was made from another {other[0]}, or by a version of "
            "this program that grades otherwise, and what is frozen never changes",
            fix="name another folder, or move the old one away",
        )
    return found


def _behind_endpoints(told: Mapping[Cell, Told]) -> dict[str, Json]:
    """Names of the students that lie in no folder, by cell: they are looked for where they are."""
    names = {cell.name: [s.model for s in one.trained if s.model] for cell, one in told.items()}
    return {cell: list(students) for cell, students in names.items() if students}


def _words(cells: Sequence[CellGrade]) -> str:
    return "; ".join(f"{one.cell.name} {one.taught:,} of {one.asked:,}" for one in cells)
