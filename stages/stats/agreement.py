"""How far every two annotators agree on what both have judged."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.shares import wilson


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Two annotators on the units that both have labelled.

    Attributes:
        first: One annotator.
        second: The other.
        n: Units that both have labelled.
        share: Share of them with the same label, with Wilson's interval over units.
        kappa: Cohen's, at most 1; `Unmeasured` without common units, or when both use one and the
            same label throughout, as chance would do.
    """

    first: str
    second: str
    n: int
    share: Estimate | Unmeasured
    kappa: float | Unmeasured


def agreement_matrix(
    labels: Mapping[str, Mapping[Hashable, str]], *, level: float
) -> tuple[Agreement, ...]:
    """Agreement of every two annotators, in their order.

    Args:
        labels: For each annotator the label of each unit.
        level: Two-sided confidence level of the shares, in (0, 1).

    References:
        Cohen (1960), Educational and Psychological Measurement 20, 37-46.
    """
    found = []
    for first, second in combinations(labels, 2):
        common = [unit for unit in labels[first] if unit in labels[second]]
        mine, theirs = ([labels[who][unit] for unit in common] for who in (first, second))
        agreed = sum(a == b for a, b in zip(mine, theirs, strict=True))
        found.append(
            Agreement(
                first=first,
                second=second,
                n=len(common),
                share=wilson(agreed, len(common), level=level),
                kappa=cohens_kappa(mine, theirs),
            )
        )
    return tuple(found)


def cohens_kappa(first: Sequence[str], second: Sequence[str]) -> float | Unmeasured:
    """Agreement of two annotators beyond that of independent ones with their shares of labels.

    Args:
        first: Labels of one, shape (n,).
        second: Labels of the other on the same units, shape (n,).

    Raises:
        ValueError: When lengths differ.
    """
    agreed = [a == b for a, b in zip(first, second, strict=True)]
    if not agreed:
        return Unmeasured("there is no unit that both have labelled", Cause.WAITING)
    names = sorted({*first, *second})
    shares = [np.array([who.count(name) for name in names]) for who in (list(first), list(second))]
    by_chance = float(shares[0] @ shares[1]) / len(agreed) ** 2
    if len(names) == 1:
        return Unmeasured("both use one label only, as chance would", Cause.UNDERPOWERED)
    return float((np.mean(agreed) - by_chance) / (1 - by_chance))
