"""From what everybody scored to what is measured of a generator."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from policies.graded_task import INTRINSIC, PGR, Domain, Method
from stages.evidence.costs import total
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.evidence.records import Cost
from stages.stats.clusters import Floats
from stages.stats.gap_recovered import gap_recovered, gap_resampled, mean_of_independent
from stages.stats.gaps import Sat
from stages.stats.means import mean_t
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.generating import Generated
from stages.workshop.generators.graded import CellGrade
from stages.workshop.generators.material import Material
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.generators.schooling import SatBy, Told

_DRAWING = 7
"""Seed of the bootstrap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summing:
    """What is held against each other.

    Attributes:
        recipe: Levels and draws.
        material: Which items depend on each other.
        base: What the untaught student scored.
        reference: What the reference scored.
    """

    recipe: GraderRecipe
    material: Material
    base: SatBy
    reference: SatBy

    def cell(
        self,
        data: Generated,
        told: Told,
        looked: Mapping[str, Estimate | Unmeasured],
    ) -> CellGrade:
        """What a cell came to."""
        domain, level = data.cell.domain, self.recipe.level
        tests = self._tests(domain, [told])
        pgr: Estimate | Unmeasured
        resampled: Estimate | Unmeasured
        if isinstance(tests, Unmeasured):
            pgr = resampled = tests
        else:
            pgr = gap_recovered(tests, level=level)
            resampled = gap_resampled(
                tests, level=level, draws=self.recipe.draws, rng=np.random.default_rng(_DRAWING)
            )
        means = (
            None
            if isinstance(told.scores, Unmeasured)
            else float(np.mean([rows.mean() for rows in told.scores.values()]))
        )
        return CellGrade(
            cell=data.cell,
            taught=len(data.instances),
            asked=data.asked,
            wasted=data.wasted,
            cost=data.cost,
            losses=tuple(student.loss for student in told.trained),
            score=means,
            pgr=pgr,
            resampled=resampled,
            looked=looked,
        )

    def measured(
        self,
        cells: Sequence[CellGrade],
        told: Mapping[Cell, Told],
    ) -> Mapping[str, Estimate | Unmeasured]:
        """`pgr` and its parts, the cells' and all that was measured of the data."""
        found: dict[str, Estimate | Unmeasured] = {}
        for domain in self.recipe.domains:
            own = [one for cell, one in told.items() if cell.domain is domain]
            tests = self._tests(domain, own)
            found[f"{PGR}.{domain}"] = (
                tests
                if isinstance(tests, Unmeasured)
                else gap_recovered(tests, level=self.recipe.level)
            )
        whole = mean_of_independent(list(found.values()))
        for method in Method:
            parts = [one.pgr for one in cells if one.cell.method is method]
            if parts:
                found[f"{PGR}.{method}"] = mean_of_independent(parts)
        found |= {f"{PGR}.{one.cell.metric}": one.pgr for one in cells}
        for name in INTRINSIC:
            found[name] = mean_of_independent([one.looked[name] for one in cells])
        students = len(cells) * len(self.recipe.seeds)
        found["usd_per_point"] = _per_point(total(one.cost for one in cells), students, whole)
        return {PGR: whole, **found}

    def means(self) -> Mapping[str, Mapping[str, float]]:
        """Mean scores of `base` and `reference`, by domain."""
        return {"base": _means(self.base), "reference": _means(self.reference)}

    def _tests(
        self,
        domain: Domain,
        told: Sequence[Told],
    ) -> list[Sat] | Unmeasured:
        """Every test of a domain, as base, reference and some cells' students sat it."""
        found: list[Sat] = []
        for name, file in self.material.tests[domain].items():
            first, last = self.base[domain][name], self.reference[domain][name]
            taught: list[Floats] = []
            for one in told:
                if isinstance(one.scores, Unmeasured):
                    return one.scores
                taught.append(one.scores[name])
            for who, scores in (("the base", first), ("the reference", last)):
                if isinstance(scores, Unmeasured):
                    return Unmeasured(f"{name} of {who}: {scores.reason}", scores.cause)
            assert not isinstance(first, Unmeasured)
            assert not isinstance(last, Unmeasured)
            found.append(
                Sat(
                    base=first,
                    reference=last,
                    taught=tuple(taught),
                    clusters=tuple(item.cluster for item in file.items),
                )
            )
        return found


def solved_by(sat: SatBy, *, level: float) -> Estimate | Unmeasured:
    """The generator's own mean score over domains and tests."""
    if not sat:
        return Unmeasured("the recipe does not have it solve the tests", Cause.WAITING)
    parts = [
        mean_of_independent(
            [
                scores
                if isinstance(scores, Unmeasured)
                else mean_t(scores.tolist(), level=level, unit="share")
                for scores in tests.values()
            ]
        )
        for tests in sat.values()
    ]
    return mean_of_independent(parts)


def _means(sat: SatBy) -> Mapping[str, float]:
    known = {
        domain: [float(s.mean()) for s in tests.values() if not isinstance(s, Unmeasured)]
        for domain, tests in sat.items()
    }
    return {domain: sum(means) / len(means) for domain, means in known.items() if means}


def rows_of(
    told: Mapping[Cell, Told], models: Mapping[str, SatBy], seeds: Sequence[int]
) -> Mapping[str, Floats]:
    """Every model's score on every item, by `domain/test/model`."""
    rows = {
        f"{domain}/{name}/{who}": scores
        for who, sat in models.items()
        for domain, tests in sat.items()
        for name, scores in tests.items()
        if not isinstance(scores, Unmeasured)
    }
    for cell, one in told.items():
        tables = {} if isinstance(one.scores, Unmeasured) else one.scores
        for name, table in tables.items():
            for seed, row in zip(seeds, table, strict=True):
                rows[f"{cell.domain}/{name}/{cell.method}/seed-{seed}"] = row
    return rows


def _per_point(cost: Cost, students: int, pgr: Estimate | Unmeasured) -> Estimate | Unmeasured:
    """Dollars of generating one student's data for each percent that it recovers on average."""
    if isinstance(pgr, Unmeasured):
        return pgr
    if cost.usd is None:
        return Unmeasured("the generator has no price", Cause.WAITING)
    low, high = pgr.low or 0.0, pgr.high or 0.0
    if low <= 0:
        return Unmeasured("nothing is recovered for certain", Cause.UNDERPOWERED)
    each = cost.usd / students
    return Estimate(
        value=each / pgr.value,
        standard_error=None,
        low=each / high,
        high=each / low,
        level=pgr.level,
        n=pgr.n,
        unit="number",
        method="cost of a student's data divided by the ends of the gap recovered",
    )
