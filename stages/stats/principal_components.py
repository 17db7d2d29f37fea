"""What many measures of the same things have in common, and how much of an outcome it explains."""

import math
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Unmeasured

CASES_PER_COMPONENT = 3
"""Cases per fitted number (components and the mean) below which R squared is mostly chance."""

FEWEST_GROUPS = 3
"""Groups of dependent cases below which a fit without one of them rests on a single other."""

_STILL = 1e-9

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Directions in which measures vary together, the widest first.

    Attributes:
        measures: Their names, in the order of the loadings; those that do not vary are left out.
        shares: Of the variance of the standardised measures, by component; they add up to 1.
        loadings: Of each measure on each component, shape (components, measures).
    """

    measures: tuple[str, ...]
    shares: tuple[float, ...]
    loadings: tuple[tuple[float, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """How much of an outcome the first components explain.

    No share has an interval: cases of a group depend on each other, and a bootstrap over a few
    groups covers far less than it says.

    Attributes:
        components: How many were used.
        cases: How many cases they were fitted on.
        groups: How many groups of dependent cases these are.
        r_squared: Share of the outcome's variance that the fit explains, 0 to 1: more components
            never make it smaller.
        adjusted: The same less what as many components of noise would explain; may be below 0.
        left_out: Share explained of cases whose group the fit did not see, one group after the
            other: at most 1, below 0 where the other groups' mean foretells better.
    """

    components: int
    cases: int
    groups: int
    r_squared: float
    adjusted: float
    left_out: float


def principal_components(
    names: Sequence[str], values: Sequence[Sequence[float]]
) -> Components | Unmeasured:
    """Components of standardised measures.

    Args:
        names: Of the measures.
        values: A row per case, finite, shape (cases, measures).

    Returns:
        The components; each one's largest loading is positive. `Unmeasured` with fewer than 3
        cases, or without two measures that vary.

    Raises:
        ValueError: When a row has another length than the names.
    """
    table = _table(names, values)
    varying, standard = _standardised(table)
    if len(table) < 3 or len(varying) < 2:  # noqa: PLR2004
        return Unmeasured(
            f"{len(table)} cases of {len(varying)} measures that vary have no components",
            Cause.UNDERPOWERED,
        )
    _, sizes, rows = np.linalg.svd(standard, full_matrices=False)
    kept = sizes > _STILL * sizes[0]
    rows = (
        rows[kept]
        * np.sign(rows[kept][np.arange(kept.sum()), np.abs(rows[kept]).argmax(1)])[:, None]
    )
    shares = sizes[kept] ** 2 / float((sizes[kept] ** 2).sum())
    return Components(
        measures=tuple(names[i] for i in varying),
        shares=tuple(float(share) for share in shares),
        loadings=tuple(tuple(float(x) for x in row) for row in rows),
    )


def explained_by(
    names: Sequence[str],
    values: Sequence[Sequence[float]],
    outcome: Sequence[float],
    *,
    groups: Sequence[Hashable],
    components: int,
) -> Explained | Unmeasured:
    """How much of an outcome the first components explain, and of what they were not shown.

    Components of the left-out score are found without the case's group, too.

    Args:
        names: Of the measures.
        values: A row per case, finite, shape (cases, measures).
        outcome: One per case, finite.
        groups: Of each case; cases of one depend on each other.
        components: How many to use, at most; at least 1.

    Returns:
        The shares; `Unmeasured` with fewer than 3 groups, with more components than
        `bearable_components`, or an outcome that does not vary.

    Raises:
        ValueError: When lengths differ.
    """
    table, y = _table(names, values), np.array(outcome, dtype=np.float64)
    if len(y) != len(table) or len(groups) != len(table) or not np.isfinite(y).all():
        raise ValueError("every case has a finite outcome and a group")
    used = min(components, len(_standardised(table)[0]))
    bearable = bearable_components(groups)
    if isinstance(bearable, Unmeasured):
        return bearable
    if bearable < used:
        return Unmeasured(
            f"{len(y)} cases of {len(set(groups))} groups bear {bearable} components, not {used}",
            Cause.UNDERPOWERED,
        )
    whole = float(((y - y.mean()) ** 2).sum())
    if used < 1 or whole <= _STILL * len(y) * max(1.0, float(np.abs(y).max())) ** 2:
        return Unmeasured("measures or outcome do not vary", Cause.UNDERPOWERED)
    fitted = np.array([_foretold(table, y, row, used) for row in table])
    unseen, means = _unseen(table, y, groups, used)
    r_squared = 1 - float(((y - fitted) ** 2).sum()) / whole
    return Explained(
        components=used,
        cases=len(y),
        groups=len(set(groups)),
        r_squared=min(1.0, max(0.0, r_squared)),
        adjusted=1 - (1 - r_squared) * (len(y) - 1) / (len(y) - used - 1),
        left_out=1 - float(((y - unseen) ** 2).sum()) / float(((y - means) ** 2).sum()),
    )


def bearable_components(groups: Sequence[Hashable]) -> int | Unmeasured:
    """How many components can be fitted on the cases of all groups but the largest; at least 1.

    Args:
        groups: Of each case.

    Returns:
        The number; `Unmeasured` with fewer than 3 groups, or with fewer than 3 cases per fitted
        number, the mean included.
    """
    sizes = Counter(groups)
    if len(sizes) < FEWEST_GROUPS:
        return Unmeasured(
            f"what is explained is told of groups left out of the fit: {len(sizes)} are too few, "
            f"at least {FEWEST_GROUPS} are needed",
            Cause.UNDERPOWERED,
        )
    seen = len(groups) - max(sizes.values())
    if seen < 2 * CASES_PER_COMPONENT:
        return Unmeasured(
            f"without the largest group {seen} cases are left, which is too few to explain "
            f"anything by: at least {2 * CASES_PER_COMPONENT} are needed",
            Cause.UNDERPOWERED,
        )
    return seen // CASES_PER_COMPONENT - 1


def _unseen(
    table: Matrix, y: Matrix, groups: Sequence[Hashable], used: int
) -> tuple[Matrix, Matrix]:
    """The outcome of every case foretold without its group, and the mean of the others."""
    foretold, means = np.zeros(len(y)), np.zeros(len(y))
    for group in set(groups):
        own = np.array([each == group for each in groups])
        others, outcomes = table[~own], y[~own]
        foretold[own] = [_foretold(others, outcomes, row, used) for row in table[own]]
        means[own] = outcomes.mean()
    return foretold, means


def _foretold(table: Matrix, y: Matrix, row: Matrix, used: int) -> float:
    """The outcome of a row by least squares on the first components of a table."""
    varying, standard = _standardised(table)
    _, _, rows = np.linalg.svd(standard, full_matrices=False)
    axes = rows[:used].T
    weights, *_ = np.linalg.lstsq(standard @ axes, y - y.mean(), rcond=None)
    own = table[:, varying]
    spread = own.std(axis=0, ddof=1)
    return float(y.mean() + ((row[varying] - own.mean(axis=0)) / spread) @ axes @ weights)


def _standardised(table: Matrix) -> tuple[list[int], Matrix]:
    """Columns that vary, and these with mean 0 and deviation 1."""
    spread = table.std(axis=0, ddof=1) if len(table) > 1 else np.zeros(table.shape[1])
    scale = np.maximum(1.0, np.abs(table).max(axis=0, initial=0.0))
    varying = [int(i) for i in np.flatnonzero(spread > _STILL * scale)]
    own = table[:, varying]
    if not varying:
        return varying, own
    return varying, (own - own.mean(axis=0)) / spread[varying]


def _table(names: Sequence[str], values: Sequence[Sequence[float]]) -> Matrix:
    table = np.array(values, dtype=np.float64).reshape(
        len(values), -1 if len(values) else len(names)
    )
    if table.shape[1] != len(names) or not np.isfinite(table).all():
        raise ValueError(f"every case has a finite value of all {len(names)} measures")
    return table


def components_for(shares: Sequence[float], *, at_least: float) -> int:
    """How many of the widest components hold at least a share of the variance."""
    total = 0.0
    for number, share in enumerate(shares, start=1):
        total += share
        if total >= at_least or math.isclose(total, at_least):
            return number
    return len(shares)
