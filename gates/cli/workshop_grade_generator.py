"""`gate workshop grade-generator`: how well checkpoints teach."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from gates.cli.frame import Exit
from gates.cli.output import say_table
from gates.cli.recipe_work import (
    Flags,
    folder_for,
    open_work,
    recipe_argument,
    to_option,
    work_options,
)

if TYPE_CHECKING:
    from gates.workshop.generators import Grades
    from stages.workshop.generators.graded import CellGrade, Graded
    from stages.workshop.generators.ranking import Ranking


@click.command("grade-generator")
@recipe_argument
@click.argument("generators", nargs=-1, required=True, metavar="GENERATOR...")
@to_option("data, students and grades", beside="generators")
@work_options
def command(*, generators: tuple[str, ...], to: Path | None, **given: Unpack[Flags]) -> int:
    """Grade each GENERATOR, by RECIPE, on how much a student learns from the data that it makes.

    A generator is a registered version, such as assistant/12, or an endpoint of gate.toml. Its
    grade is frozen in FOLDER/grades/GENERATOR, where a policy's `graded` task reads it.

    Every reply is journaled, all data and every student stand whole or not at all: run the same
    command again after an interruption, and nothing is asked or trained twice. Exit code 0 when the
    gap recovered is measured of all, 3 when of one it is not or the budget does not pay for it, 4
    when something broke.
    """
    from gates.workshop.generators import grade_generators
    from stages.workshop.generators.recipe import GraderRecipe

    work = open_work(given)
    file = work.read(GraderRecipe)
    folder = folder_for(file, to, beside="generators")
    named = tuple(dict.fromkeys(generators))
    with work.services() as services:
        grades = grade_generators(file, services, named=named, to=folder)
    work.tell(lambda: _json(grades), lambda: _say(grades), pages=grades.pages)
    return _exit(grades)


def _exit(grades: "Grades") -> Exit:
    from stages.evidence.estimate import Estimate

    whole = all(isinstance(one.grade.measured["pgr"], Estimate) for one in grades.made)
    return Exit.YES if whole else Exit.CANNOT_TELL


def _json(grades: "Grades") -> dict[str, object]:
    return {
        "schema": "gate.workshop-grade-generator/1",
        "grades": [
            {**_grade_json(one), "page": page or None}
            for one, page in zip(grades.made, grades.pages, strict=True)
        ],
        "ranking": _ranking_json(grades.ranking),
    }


def _grade_json(one: "Graded") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "generator": one.grade.checkpoint,
        "digest": one.grade.digest,
        "folder": str(one.product.folder),
        "sha256": one.product.sha256,
        "recipe_sha256": one.product.recipe,
        "measurements": [
            {"metric": name, "measured": measured_json(found)}
            for name, found in one.grade.measured.items()
        ],
        "base": dict(one.bases),
        "reference": dict(one.references),
        "cells": [_cell_json(cell) for cell in one.cells],
    }


def _cell_json(cell: "CellGrade") -> dict[str, object]:
    from stages.evidence.codec import cost_json, measured_json

    return {
        "cell": cell.cell.name,
        "asked": cell.asked,
        "taught": cell.taught,
        "wasted": dict(cell.wasted),
        "score": cell.score,
        "pgr": measured_json(cell.pgr),
        "resampled": measured_json(cell.resampled),
        "cost": cost_json(cell.cost),
    }


def _ranking_json(ranking: "Ranking") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    components, explained = ranking.components, ranking.explained
    return {
        "generators": [one.grade.checkpoint for one in ranking.grades],
        "components": {"unmeasured": components.reason}
        if isinstance(components, Unmeasured)
        else {
            "measures": list(components.measures),
            "shares": list(components.shares),
            "loadings": [list(row) for row in components.loadings],
        },
        "explained": {"unmeasured": explained.reason}
        if isinstance(explained, Unmeasured)
        else {
            "components": explained.components,
            "cells": explained.cases,
            "generators": explained.groups,
            "r_squared": explained.r_squared,
            "adjusted": explained.adjusted,
            "left_out": explained.left_out,
        },
        "solving": measured_json(ranking.solving),
    }


def _say(grades: "Grades") -> None:
    from gates.reports.table import Table
    from gates.workshop.generators import (
        CELL_HEADINGS,
        HEADINGS,
        cell_rows,
        pgr_rows,
        ranking_words,
    )

    for one in grades.made:
        click.echo(one.sentence)
        say_table(Table(title="cells", headings=CELL_HEADINGS, rows=tuple(cell_rows(one))))
        click.echo(f"  frozen in {one.product.folder}")
    rows = tuple(pgr_rows(grades.ranking))
    say_table(Table(title="generators", headings=HEADINGS, rows=rows))
    for words in ranking_words(grades.ranking):
        click.echo(words)
