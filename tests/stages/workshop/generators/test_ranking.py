"""What goes with teaching well, over generators and cells."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from policies.graded_task import INTRINSIC, PGR, Domain, Method
from stages.engine.product import Product
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Cost
from stages.offline.graded.grade import Grade
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.graded import CellGrade, Graded
from stages.workshop.generators.ranking import ranked


def known(value: float) -> Estimate:
    return Estimate(
        value=value,
        standard_error=1.0,
        low=value - 2,
        high=value + 2,
        level=0.95,
        n=60,
        unit="number",
        method="m",
    )


def graded(name: str, pgr: float | None, *, solves: float = 0.5, noise: float = 0.0) -> Graded:
    """A generator whose cells recover what their quality says."""
    chance = np.random.default_rng(list(name.encode()))
    cells = []
    for domain in Domain:
        for method in Method:
            quality = (pgr or 0) / 20 + chance.normal()
            looked = {
                metric: known(quality * (i + 1) + chance.normal() * 0.1)
                for i, metric in enumerate(INTRINSIC)
            }
            own = 20 * quality + noise * chance.normal()
            cells.append(
                CellGrade(
                    cell=Cell(domain, method),
                    taught=10,
                    asked=20,
                    wasted={},
                    cost=Cost(),
                    losses=(0.1,),
                    score=0.5,
                    pgr=known(own),
                    resampled=known(own),
                    looked={**looked, "reward": Unmeasured("no reward model")},
                )
            )
    whole = Unmeasured("no gap") if pgr is None else known(pgr)
    product = Product(
        folder=Path(name),
        kind="generator_grade",
        recipe="r",
        made_from={},
        files={},
        facts={},
        code="c",
    )
    grade = Grade(
        checkpoint=name,
        digest="d",
        recipe="r",
        level=0.95,
        measured={PGR: whole, "solves": known(solves)},
    )
    return Graded(product=product, grade=grade, cells=tuple(cells), bases={}, references={})


def test_the_best_teacher_stands_first_and_who_has_no_grade_last() -> None:
    found = ranked([graded("b", 10.0), graded("none", None), graded("a", 90.0)], level=0.95)
    assert [one.grade.checkpoint for one in found.grades] == ["a", "b", "none"]
    assert "how well none teaches is not measured" in found.grades[-1].sentence
    assert "recover 90.0 % of the gap" in found.grades[0].sentence


def test_measures_that_make_the_gap_explain_it() -> None:
    found = ranked([graded("a", 90.0), graded("b", 50.0), graded("c", 20.0)], level=0.95)
    assert not isinstance(found.components, Unmeasured)
    assert not isinstance(found.explained, Unmeasured)
    assert "reward" not in found.components.measures
    assert found.components.shares[0] > 0.9
    assert found.explained.left_out > 0.9
    assert (found.explained.cases, found.explained.groups) == (27, 3)


def test_two_generators_explain_nothing_and_few_cells_neither() -> None:
    """The cells of a generator depend on each other: nine of one are not nine cases."""
    three = [graded(name, 50.0, noise=5.0) for name in "abc"]
    for some in (three[:1], three[:2]):
        found = ranked(some, level=0.95).explained
        assert isinstance(found, Unmeasured)
        assert f"{len(some)} are too few, at least 3" in found.reason
    few = ranked([replace(one, cells=one.cells[:2]) for one in three], level=0.95).explained
    assert isinstance(few, Unmeasured)
    assert "4 cases are left" in few.reason
    some = [replace(one, cells=one.cells[:3]) for one in three]
    bearing = ranked(some, level=0.95).explained
    assert not isinstance(bearing, Unmeasured)
    assert bearing.components == 1
    none = ranked([replace(three[0], cells=())], level=0.95)
    assert isinstance(none.components, Unmeasured)


def test_solving_is_held_beside_teaching_from_eight_generators_on() -> None:
    many = [graded(f"g{i}", 10.0 * i, solves=i / 10) for i in range(8)]
    found = ranked(many, level=0.95).solving
    assert isinstance(found, Estimate)
    assert found.value == 1
    few = ranked(many[:7], level=0.95).solving
    assert isinstance(few, Unmeasured)
    lacking = ranked([*many[:7], graded("none", None)], level=0.95).solving
    assert isinstance(lacking, Unmeasured)
