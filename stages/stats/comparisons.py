"""Games between players, collapsed to the counts that every rating model needs."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
Name = TypeVar("Name", bound=Hashable)

LOSS, TIE, WIN = 0.0, 0.5, 1.0
"""What a game may be worth to its first player."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparisons:
    """Sufficient statistics of games: a row for each pair that met in a cluster.

    Attributes:
        players: Names, in order of appearance; k of them.
        clusters: Number of clusters: the independent units, such as prompts.
        cluster: Cluster of each row, shape (C,).
        first: Number of one player of the row's pair, shape (C,).
        second: Number of the other, shape (C,).
        counts: Wins of first, ties, wins of second, shape (C, 3).
    """

    players: tuple[str, ...]
    clusters: int
    cluster: Places
    first: Places
    second: Places
    counts: Floats

    @property
    def games(self) -> int:
        """Number of games."""
        return round(float(self.counts.sum()))

    @property
    def ties(self) -> Floats:
        """Number of ties in each cluster, shape (G,)."""
        ties: Floats = np.zeros(self.clusters)
        np.add.at(ties, self.cluster, self.counts[:, 1])
        return ties

    @cached_property
    def plays(self) -> Floats:
        """1 where a player plays in a cluster, else 0, shape (G, k)."""
        plays = np.zeros((self.clusters, len(self.players)))
        plays[self.cluster, self.first] = plays[self.cluster, self.second] = 1
        return plays

    @property
    def met(self) -> Places:
        """Number of clusters in which each player plays, shape (k,)."""
        met: Places = self.plays.sum(axis=0).astype(np.intp)
        return met

    @cached_property
    def won(self) -> csr_array:
        """Games won, shape (G, k * k): column i * k + j holds those of player i against j."""
        return self._by_cluster(self.counts[:, 0], self.counts[:, 2])

    @cached_property
    def tied(self) -> csr_array:
        """Games tied, shape (G, k * k), each in the columns of both orders of its pair."""
        return self._by_cluster(self.counts[:, 1], self.counts[:, 1])

    def _by_cluster(self, of_first: Floats, of_second: Floats) -> csr_array:
        k = len(self.players)
        columns = np.r_[self.first * k + self.second, self.second * k + self.first]
        rows = np.r_[self.cluster, self.cluster]
        values = np.r_[of_first, of_second]
        return csr_array((values, (rows, columns)), shape=(self.clusters, k * k))


def collapse(
    first: Sequence[str],
    second: Sequence[str],
    outcomes: Sequence[float],
    clusters: Sequence[Hashable],
) -> Comparisons:
    """Counts of games by pair and cluster.

    Args:
        first: One player of each game, length n.
        second: The other, length n.
        outcomes: What the game was worth to the first: 1, 0.5 for a tie, or 0, length n. A game
            without a verdict is none: leave it out, and say so.
        clusters: What games depend on each other by: their prompt, their annotator, or both as a
            tuple, length n.

    Raises:
        ValueError: When lengths differ, a player meets itself or an outcome is none of the three.
    """
    if not len(first) == len(second) == len(outcomes) == len(clusters):
        raise ValueError("every game has two players, an outcome and a cluster")
    _refuse_nonsense(first, second, outcomes)
    names = _numbered([name for pair in zip(first, second, strict=True) for name in pair])
    groups = _numbered(clusters)
    a = np.array([names[name] for name in first], dtype=np.intp)
    b = np.array([names[name] for name in second], dtype=np.intp)
    group = np.array([groups[name] for name in clusters], dtype=np.intp)
    worth = np.asarray(outcomes, dtype=np.float64)
    worth = np.where(a < b, worth, 1 - worth)
    k = max(1, len(names))
    keys, rows = np.unique(
        (group * k + np.minimum(a, b)) * k + np.maximum(a, b), return_inverse=True
    )
    counts = np.zeros((len(keys), 3))
    np.add.at(counts, (rows, (2 * (1 - worth)).astype(np.intp)), 1)
    return Comparisons(
        players=tuple(names),
        clusters=len(groups),
        cluster=keys // k**2,
        first=keys // k % k,
        second=keys % k,
        counts=counts,
    )


def _refuse_nonsense(
    first: Sequence[str], second: Sequence[str], outcomes: Sequence[float]
) -> None:
    for a, b in zip(first, second, strict=True):
        if a == b:
            raise ValueError(f"`{a}` is compared with itself")
    for outcome in outcomes:
        if outcome not in (LOSS, TIE, WIN):
            raise ValueError(f"a game is won, tied or lost, not {outcome}")


def _numbered(names: Sequence[Name]) -> Mapping[Name, int]:
    """Names in order of appearance."""
    numbers: dict[Name, int] = {}
    for name in names:
        numbers.setdefault(name, len(numbers))
    return numbers
