"""Values of dependent items, summed over the clusters that are independent."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class ClusterTotals:
    """Sufficient statistics of clustered rows of k columns.

    Attributes:
        sizes: Number of items of each cluster, shape (G,).
        sums: Sum of each column in each cluster, shape (G, k).
    """

    sizes: Floats
    sums: Floats

    @property
    def groups(self) -> int:
        """Number of clusters: the independent units."""
        return len(self.sizes)

    @property
    def effective_groups(self) -> float:
        """Kish's number of equally large clusters that weigh as much, at most `groups`."""
        return float(self.sizes.sum() ** 2 / (self.sizes**2).sum())

    @property
    def means(self) -> Floats:
        """Mean over items of each column, shape (k,)."""
        means: Floats = self.sums.sum(axis=0) / self.sizes.sum()
        return means

    @property
    def covariance(self) -> Floats:
        """Cluster-robust covariance of the means, shape (k, k), for at least two clusters.

        CR1: sum over clusters of the outer products of residual sums, times G / (G - 1).
        With one item per cluster it is the sample covariance (ddof 1) divided by n.
        """
        residuals = self.sums - self.sizes[:, None] * self.means
        scale = self.groups / (self.groups - 1) / self.sizes.sum() ** 2
        covariance: Floats = scale * (residuals.T @ residuals)
        return covariance


def cluster_totals(columns: Floats, clusters: Sequence[Hashable]) -> ClusterTotals:
    """Sums over clusters, in order of their first item.

    Args:
        columns: Values, shape (n, k).
        clusters: The cluster of each row, length n.

    Raises:
        ValueError: When the lengths differ.
    """
    if len(columns) != len(clusters):
        raise ValueError(f"{len(columns)} values have {len(clusters)} clusters")
    numbers: dict[Hashable, int] = {}
    rows = np.array([numbers.setdefault(name, len(numbers)) for name in clusters], dtype=np.intp)
    sums = np.zeros((len(numbers), columns.shape[1]))
    np.add.at(sums, rows, columns)
    return ClusterTotals(
        sizes=np.bincount(rows, minlength=len(numbers)).astype(np.float64), sums=sums
    )
