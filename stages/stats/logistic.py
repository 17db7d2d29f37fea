"""Logistic regression on shares, with errors that clusters share."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import expit

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.clusters import Floats, cluster_totals

TOLERANCE, LIMIT = 1e-8, 100
"""Newton's method ends with a step smaller than this; more steps mean that there is no maximum."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Logistic:
    """A fit of P(y = 1) = sigma(x' w).

    Attributes:
        weights: w, shape (p,).
        information: Second derivatives of the negative log-likelihood, shape (p, p).
        sums: Gradient of each cluster's log-likelihood, shape (G, p).
        iterations: Newton steps taken.
        tolerance: What the last of them was below.
    """

    weights: Floats
    information: Floats
    sums: Floats
    iterations: int
    tolerance: float = TOLERANCE

    @property
    def groups(self) -> int:
        """Number of clusters."""
        return len(self.sums)

    @cached_property
    def moves(self) -> Floats:
        """How far each cluster moves the weights, at first order, shape (G, p)."""
        return np.asarray(np.linalg.solve(self.information, self.sums.T).T, dtype=np.float64)

    @cached_property
    def covariance(self) -> Floats:
        """Cluster-robust covariance of the weights with the factor G / (G - 1), shape (p, p)."""
        squares: Floats = self.moves.T @ self.moves
        return squares * (self.groups / (self.groups - 1))


def logistic(
    columns: Floats, shares: Sequence[float], clusters: Sequence[Hashable]
) -> Logistic | Unmeasured:
    """Weights of maximum likelihood; a share y counts as y of a success and 1 - y of a failure.

    Args:
        columns: What is known of each row, with a column of ones for an intercept, shape (n, p).
        shares: What happened, 0 to 1, length n.
        clusters: What rows depend on each other by, length n.

    Returns:
        The fit; or `Unmeasured` with fewer than two clusters, when columns are not finite or say
        the same as others, or when some combination of them tells every outcome.

    Raises:
        ValueError: When lengths differ or a share lies outside [0, 1].
    """
    y = np.asarray(shares, dtype=np.float64)
    if not len(columns) == len(y) == len(clusters):
        raise ValueError("every row has its columns, an outcome and a cluster")
    if not ((y >= 0) & (y <= 1)).all():
        raise ValueError("a share lies outside [0, 1]")
    refused = _refused(columns, clusters)
    if refused is not None:
        return refused
    weights, steps = np.zeros(columns.shape[1]), 0
    while steps < LIMIT:
        steps, expected = steps + 1, expit(columns @ weights)
        information = (columns * (expected * (1 - expected))[:, None]).T @ columns
        if not np.linalg.cond(information) < 1 / np.finfo(np.float64).eps:
            break
        move = np.linalg.solve(information, columns.T @ (y - expected))
        move /= max(1.0, float(np.abs(columns @ move).max()))  # so far every step climbs
        weights = weights + move
        if np.abs(move).max() < TOLERANCE:
            surprise = columns * (y - expit(columns @ weights))[:, None]
            return Logistic(
                weights=weights,
                information=information,
                sums=cluster_totals(surprise, clusters).sums,
                iterations=steps,
            )
    return Unmeasured("the columns tell every outcome: no weight is finite", Cause.UNDERPOWERED)


def _refused(columns: Floats, clusters: Sequence[Hashable]) -> Unmeasured | None:
    if len(set(clusters)) < 2:  # noqa: PLR2004 - a spread needs two
        return Unmeasured("1 or no cluster cannot show a spread", Cause.UNDERPOWERED)
    if not np.isfinite(columns).all():
        return Unmeasured("a column holds NaN or infinite values")
    if np.linalg.matrix_rank(columns) < columns.shape[1]:
        return Unmeasured("a column says the same as others together", Cause.UNDERPOWERED)
    return None
