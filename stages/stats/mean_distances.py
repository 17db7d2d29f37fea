"""How far apart texts are on average, from their embeddings: by their sum, not by all pairs."""

import math

import numpy as np
from numpy.typing import NDArray

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.levels import t_quantile, tail_of

FEWEST = 3
"""Texts below which leaving one out says nothing of the error."""

_LEAST_LENGTH = 1e-12


def mean_cosine_distance(vectors: NDArray[np.float64], *, level: float) -> Estimate | Unmeasured:
    """Mean of 1 - cosine over all pairs, in time and memory linear in their number.

    For unit vectors u of sum S the cosines of all ordered pairs add up to |S|^2 - n, and those of
    one text with the others to u . S - 1. The error is the jackknife's over texts, since pairs that
    share a text depend on each other.

    Args:
        vectors: One embedding a row, shape (n, d); of any length above 0.
        level: Two-sided level in (0, 1).

    Returns:
        The distance, 0 (all alike) to 2; `Unmeasured` with fewer than 3 texts, or where a vector
        is not finite or has no direction.

    References:
        Efron and Stein (1981), Annals of Statistics 9, 586-596, on the jackknife of U-statistics.
    """
    n = len(vectors)
    if n < FEWEST:
        return Unmeasured(f"{n} texts have no distances to speak of", Cause.UNDERPOWERED)
    with np.errstate(over="ignore", invalid="ignore"):
        lengths = np.linalg.norm(vectors, axis=1)
    if not (np.isfinite(lengths) & (lengths > _LEAST_LENGTH)).all():
        return Unmeasured("an embedding is not finite, or has no direction", Cause.BROKEN)
    units = vectors / lengths[:, None]
    total = units.sum(axis=0)
    each = units @ total - 1  # sum of a text's cosines with the others
    pairs = float(each.sum())  # of ordered pairs
    value = 1 - pairs / (n * (n - 1))
    without = 1 - (pairs - 2 * each) / ((n - 1) * (n - 2))
    error = math.sqrt((n - 1) / n * float(((without - without.mean()) ** 2).sum()))
    half = t_quantile(tail_of(level), n - 1) * error
    return Estimate(
        value=min(2.0, max(0.0, value)),
        standard_error=error,
        low=min(2.0, max(0.0, value - half)),
        high=min(2.0, max(0.0, value + half)),
        level=level,
        n=n,
        unit="number",
        method="mean cosine distance of all pairs, jackknife over texts",
    )
