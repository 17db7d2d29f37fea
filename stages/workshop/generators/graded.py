"""A grade with all that it rests on, as its frozen folder holds it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json, canonical_json
from policies.graded_task import Domain, Method
from stages.engine.product import Product, open_product
from stages.evidence.codec import cost_json, measured_json, read_cost, read_measured
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.fields import Field, read_json
from stages.evidence.records import Cost
from stages.offline.graded.grade import FILE, KIND, Grade, grade_in, grade_json
from stages.workshop.generators.cells import Cell

_CELLS = "cells.json"

_SCHEMA = "gate.generator-cells/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class CellGrade:
    """What one cell came to.

    Attributes:
        cell: Which.
        taught: Instances that students learnt from, all of them together.
        asked: Questions to the generator.
        wasted: Why the others brought nothing, with how many.
        cost: Of the questions.
        losses: Of the students' trainings at their ends, in nats a token, by seed.
        score: Mean over tests, seeds and items of the taught students; None where none was taught.
        pgr: Gap recovered, with Fieller's interval: the one that decides.
        resampled: The same by the two-level bootstrap, to be seen beside it.
        looked: What was measured of the data, by its own name.
    """

    cell: Cell
    taught: int
    asked: int
    wasted: Mapping[str, int]
    cost: Cost
    losses: tuple[float | None, ...]
    score: float | None
    pgr: Estimate | Unmeasured
    resampled: Estimate | Unmeasured
    looked: Mapping[str, Estimate | Unmeasured]


@dataclass(frozen=True, slots=True, kw_only=True)
class Graded:
    """A grade and where it is frozen.

    Attributes:
        product: Its folder.
        grade: What stage 1 reads of it.
        cells: What it was put together from.
        bases: Mean score of the untaught student, by domain.
        references: The same of the reference.
    """

    product: Product
    grade: Grade
    cells: tuple[CellGrade, ...]
    bases: Mapping[str, float]
    references: Mapping[str, float]

    @property
    def sentence(self) -> str:
        """All in one sentence."""
        who, found = self.grade.checkpoint, self.grade.measured["pgr"]
        if isinstance(found, Unmeasured):
            return f"how well {who} teaches is not measured: {found.reason}"
        return (
            f"students of {who} recover {found.value:.1f} % of the gap to the reference "
            f"({found.level:.0%} interval {found.low or 0.0:.1f} to {found.high or 0.0:.1f} over "
            f"items, trainings and draws of its data, {len(self.cells)} cells)"
        )


def write_graded(
    folder: Path,
    grade: Grade,
    cells: Sequence[CellGrade],
    *,
    means: Mapping[str, Mapping[str, float]],
) -> None:
    """Writes a grade and its cells, for it to be frozen.

    Args:
        folder: An empty one.
        grade: What stage 1 reads.
        cells: What it was put together from.
        means: Of `base` and `reference`, by domain.
    """
    (folder / FILE).write_text(canonical_json(grade_json(grade)) + "\n", encoding="utf-8")
    said: dict[str, Json] = {
        "schema": _SCHEMA,
        "base": dict(means["base"]),
        "reference": dict(means["reference"]),
        "cells": [_cell_json(cell) for cell in cells],
    }
    (folder / _CELLS).write_text(canonical_json(said) + "\n", encoding="utf-8")


def read_graded(folder: Path) -> Graded:
    """A grade that was frozen.

    Raises:
        InputError: When it is none, or was changed.
    """
    product = open_product(folder, kind=KIND)
    grade = grade_in(product)
    path = product.file(_CELLS) if _CELLS in product.files else folder / FILE
    whole = read_json(path.read_bytes(), where=str(path))
    said = whole.keyed("schema", "base", "reference", "cells")
    if said["schema"].value != _SCHEMA:
        raise said["schema"].refused(f"is not {_SCHEMA}")
    return Graded(
        product=product,
        grade=grade,
        cells=said["cells"].each(_read_cell),
        bases=_numbers(said["base"]),
        references=_numbers(said["reference"]),
    )


def _cell_json(cell: CellGrade) -> dict[str, Json]:
    return {
        "domain": cell.cell.domain.value,
        "method": cell.cell.method.value,
        "taught": cell.taught,
        "asked": cell.asked,
        "wasted": dict(cell.wasted),
        "cost": cost_json(cell.cost),
        "losses": list(cell.losses),
        "score": cell.score,
        "pgr": measured_json(cell.pgr),
        "resampled": measured_json(cell.resampled),
        "looked": {name: measured_json(one) for name, one in cell.looked.items()},
    }


def _read_cell(field: Field) -> CellGrade:
    f = field.keyed(
        "domain",
        "method",
        "taught",
        "asked",
        "wasted",
        "cost",
        "losses",
        "score",
        "pgr",
        "resampled",
        "looked",
    )
    return CellGrade(
        cell=Cell(f["domain"].one_of(Domain), f["method"].one_of(Method)),
        taught=f["taught"].count(),
        asked=f["asked"].count(),
        wasted={name: one.count() for name, one in _entries(f["wasted"]).items()},
        cost=read_cost(f["cost"]),
        losses=f["losses"].each(lambda one: one.maybe(Field.number)),
        score=f["score"].maybe(Field.number),
        pgr=read_measured(f["pgr"]),
        resampled=read_measured(f["resampled"]),
        looked={name: read_measured(one) for name, one in _entries(f["looked"]).items()},
    )


def _numbers(field: Field) -> dict[str, float]:
    return {name: one.number() for name, one in _entries(field).items()}


def _entries(field: Field) -> dict[str, Field]:
    keys = field.value if isinstance(field.value, dict) else {}
    return field.keyed(*(str(key) for key in keys))
