"""Several grades by one recipe beside each other: who teaches best, and what goes with it."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.graded_task import INTRINSIC, PGR
from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.foresight import Pair, seen_correlation
from stages.stats.principal_components import (
    Components,
    Explained,
    bearable_components,
    components_for,
    explained_by,
    principal_components,
)
from stages.workshop.generators.graded import CellGrade, Graded

ENOUGH = 0.9
"""Share of the measures' variance that the components hold by which PGR is explained."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Generators of one recipe.

    Attributes:
        grades: Best first; those without a gap recovered last.
        components: Of the intrinsic measures over generators and cells.
        explained: How much of the cells' gaps recovered they explain, also of generators that were
            left out of the fit.
        solving: Rank correlation of solving the tests oneself with teaching others to.
    """

    grades: tuple[Graded, ...]
    components: Components | Unmeasured
    explained: Explained | Unmeasured
    solving: Estimate | Unmeasured


def ranked(grades: Sequence[Graded], *, level: float) -> Ranking:
    """Grades of one recipe, put in order.

    Args:
        grades: At least one.
        level: Of the correlation's interval.
    """
    cells = [(one.grade.checkpoint, cell) for one in grades for cell in one.cells]
    known = [(who, cell) for who, cell in cells if isinstance(cell.pgr, Estimate)]
    names = tuple(
        name
        for name in INTRINSIC
        if all(isinstance(cell.looked[name], Estimate) for _, cell in known)
    )
    table = [[_value(cell.looked[name]) for name in names] for _, cell in known]
    components = principal_components(names, table)
    return Ranking(
        grades=tuple(sorted(grades, key=_order)),
        components=components,
        explained=_explained(components, names, table, known),
        solving=seen_correlation([p for one in grades if (p := _pair(one))], level=level),
    )


def _explained(
    components: Components | Unmeasured,
    names: Sequence[str],
    table: Sequence[Sequence[float]],
    known: Sequence[tuple[str, CellGrade]],
) -> Explained | Unmeasured:
    """By as many components as hold enough of the variance, or as the generators can bear."""
    if isinstance(components, Unmeasured):
        return components
    generators = [who for who, _ in known]
    bearable = bearable_components(generators)
    if isinstance(bearable, Unmeasured):
        return bearable
    return explained_by(
        names,
        table,
        [_value(cell.pgr) for _, cell in known],
        groups=generators,
        components=min(bearable, components_for(components.shares, at_least=ENOUGH)),
    )


def _value(measured: Estimate | Unmeasured) -> float:
    assert isinstance(measured, Estimate)
    return measured.value


def _order(one: Graded) -> tuple[bool, float, str]:
    found = one.grade.measured[PGR]
    if isinstance(found, Unmeasured):
        return True, 0.0, one.grade.checkpoint
    return False, -found.value, one.grade.checkpoint


def _pair(one: Graded) -> Pair | None:
    solves, teaches = one.grade.measured["solves"], one.grade.measured[PGR]
    if isinstance(solves, Unmeasured) or isinstance(teaches, Unmeasured):
        return None
    return Pair(
        first=solves.value,
        first_error=solves.standard_error or 0.0,
        second=teaches.value,
        second_error=teaches.standard_error or 0.0,
    )
