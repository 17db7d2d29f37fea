"""How far fitted strengths may be off: the sandwich, and resampled clusters."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.bradley_terry import RIDGE, Fitted, fit_samples, information
from stages.stats.comparisons import Comparisons, Floats
from stages.stats.levels import t_quantile, tail_of
from stages.stats.ranges import Range
from stages.stats.tie_models import scores

Counts = NDArray[np.intp]

FEW_CLUSTERS = 5
"""Fewer clusters of a player are not resampled: one resample in a hundred would miss it."""

FEWEST_RESAMPLES = 100
"""Fewer have no 2.5 % percentile."""

STILL = 1e-6
"""A standard error below this, in log-odds, is rounding: it would take a million million games."""

UNBOUNDED = 10.0
"""Strengths further apart than this, 22,000 to 1, come from resamples without a finite maximum."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Quantity:
    """What is estimated, on the scale on which its error is most even.

    Attributes:
        of: It, from strengths of shape (B, k) and log v of shape (B,): shape (B,).
        slope: Its derivatives at the fit, shape (p,).
        players: Numbers of the players that it is about; empty for all.
    """

    of: Callable[[Floats, Floats], Floats]
    slope: Floats
    players: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """How far a quantity may lie.

    Attributes:
        error: Standard error.
        range: The interval.
        clusters: Independent units that it rests on.
    """

    error: float
    range: Range
    clusters: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Sandwich:
    """Covariance of strengths and log v, without assuming that the games of a cluster differ.

    Attributes:
        covariance: Before its correction for the number of clusters, shape (p, p).
        met: Clusters in which each player played, shape (k,); the smaller of two ways.
        method: Its name.
    """

    covariance: Floats
    met: Counts
    method: str

    def reach(self, quantity: Quantity, fitted: Fitted, *, level: float) -> Reach | Unmeasured:
        """The interval by Student's t, or why there is none."""
        clusters = _clusters(self.met, quantity)
        if clusters < 2:  # noqa: PLR2004 - a spread needs two
            return Unmeasured("games of 1 cluster cannot show a spread", Cause.UNDERPOWERED)
        variance = float(quantity.slope @ self.covariance @ quantity.slope)
        error = float(np.sqrt(max(0.0, variance) * clusters / (clusters - 1)))
        if error < STILL:
            return _still(clusters)
        (value,) = quantity.of(fitted.strengths[None], np.array([fitted.log_tie]))
        half = t_quantile(tail_of(level), clusters - 1) * error
        return Reach(
            error=error,
            range=Range(low=float(value) - half, high=float(value) + half),
            clusters=clusters,
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Resamples:
    """Fits of resampled clusters.

    Attributes:
        strengths: Shape (B, k).
        log_tie: Shape (B,).
        present: Whether each player played in each resample, shape (B, k).
        met: Clusters in which each player played, shape (k,).
        lost: Resamples without a fit, left out of the others.
    """

    strengths: Floats
    log_tie: Floats
    present: NDArray[np.bool_]
    met: Counts
    lost: int

    @property
    def method(self) -> str:
        """Its name."""
        return f"cluster bootstrap, {len(self.log_tie)} resamples, expanded percentiles"

    def reach(self, quantity: Quantity, fitted: Fitted, *, level: float) -> Reach | Unmeasured:
        """The percentile interval, or why there is none.

        Percentiles are those of a tail that makes a normal quantile as long as Student's with the
        spread's small-sample correction (expanded percentiles).

        References:
            Hesterberg (2015), The American Statistician 69(4), 371-386, section 5.3.
        """
        clusters = _clusters(self.met, quantity)
        if clusters < FEW_CLUSTERS:
            return Unmeasured(
                f"games of {clusters} clusters are too few to resample", Cause.UNDERPOWERED
            )
        if self.lost:
            return Unmeasured(f"{self.lost} resamples have no fit of {len(fitted.players)} players")
        there = self.present[:, list(quantity.players)].all(axis=1)
        drawn = quantity.of(self.strengths[there], self.log_tie[there])
        wide = t_quantile(tail_of(level), clusters - 1) * np.sqrt(clusters / (clusters - 1))
        tail = float(ndtr(-wide))
        ends = np.quantile(drawn, (tail, 1 - tail), method="weibull")  # unbiased with few draws
        low, high = (float(end) for end in ends)
        if max(-low, high) > UNBOUNDED:
            return Unmeasured(
                "too many resamples have no finite strength: it won, or lost, nearly every game",
                Cause.UNDERPOWERED,
            )
        error = float(drawn.std(ddof=1) * np.sqrt(clusters / (clusters - 1)))
        if error < STILL:
            return _still(clusters)
        return Reach(error=error, range=Range(low=low, high=high), clusters=clusters)


def clustered(fitted: Fitted, comparisons: Comparisons) -> Sandwich:
    """Sandwich over the clusters of the games: H^-1 (sum of s_g s_g') H^-1.

    References:
        Cameron and Miller (2015), Journal of Human Resources 50(2), section II; each quantity takes
        Student's t and the factor G / (G - 1) with the number G of clusters of its own players.
    """
    bread = np.linalg.inv(information(comparisons, fitted))
    meat = _scores(fitted, comparisons)
    return Sandwich(
        covariance=bread @ (meat.T @ meat) @ bread,
        met=comparisons.met,
        method=f"{fitted.ties}, cluster-robust sandwich with Student's t",
    )


def two_way(fitted: Fitted, *, one: Comparisons, other: Comparisons, both: Comparisons) -> Sandwich:
    """Sandwich over two crossed ways of clustering, such as prompts and annotators.

    Args:
        fitted: The strengths.
        one: The games, by the clusters of one way.
        other: The same games by those of the other.
        both: The same games by pairs of the two.

    Returns:
        V_one + V_other - V_both, whose negative eigenvalues, which no variance has, are 0.

    Raises:
        ValueError: When the three hold different games.

    References:
        Cameron, Gelbach and Miller (2011), Journal of Business & Economic Statistics 29(2),
        equation 2.9 and section 2.3.
    """
    if not one.players == other.players == both.players or not (
        one.games == other.games == both.games
    ):
        raise ValueError("two ways of clustering are of the same games")
    parts = [clustered(fitted, comparisons).covariance for comparisons in (one, other, both)]
    values, vectors = np.linalg.eigh(parts[0] + parts[1] - parts[2])
    return Sandwich(
        covariance=(vectors * np.maximum(values, 0)) @ vectors.T,
        met=np.minimum(one.met, other.met),
        method=f"{fitted.ties}, two-way cluster-robust sandwich with Student's t",
    )


def resample(
    fitted: Fitted,
    comparisons: Comparisons,
    *,
    resamples: int,
    random: np.random.Generator,
) -> Resamples:
    """Fits of clusters drawn with replacement, all in one Newton's method.

    Strengths of a resample carry a penalty of `RIDGE`, too small to move any that its games
    determine: some resamples have no finite maximum although the sample has one.

    Args:
        fitted: The strengths, from which every resample begins.
        comparisons: The games.
        resamples: How many, at least 100; 1,000 for a report.
        random: Draws them: the same generator draws the same.

    Raises:
        ValueError: With fewer resamples.
    """
    if resamples < FEWEST_RESAMPLES:
        raise ValueError(f"{resamples} resamples have no percentiles; draw {FEWEST_RESAMPLES}")
    groups = comparisons.clusters
    weights = random.multinomial(groups, np.full(groups, 1 / groups), resamples).astype(np.float64)
    start = replace(fitted, ridge=max(fitted.ridge, RIDGE))
    fits = fit_samples(comparisons, weights, start=start)
    return Resamples(
        strengths=fits.strengths[fits.found],
        log_tie=fits.log_tie[fits.found],
        present=(weights @ comparisons.plays > 0)[fits.found],
        met=comparisons.met,
        lost=int((~fits.found).sum()),
    )


def _scores(fitted: Fitted, comparisons: Comparisons) -> Floats:
    """Gradient of each cluster's log-likelihood at the fit, shape (G, p)."""
    k, tied = len(fitted.players), fitted.tie_parameter is not None
    difference = fitted.strengths[comparisons.first] - fitted.strengths[comparisons.second]
    by_row = scores(fitted.ties, comparisons.counts, difference, fitted.log_tie)
    sums = np.zeros((comparisons.clusters, k + tied))
    np.add.at(sums, (comparisons.cluster, comparisons.first), by_row[:, 0])
    np.add.at(sums, (comparisons.cluster, comparisons.second), -by_row[:, 0])
    if tied:
        np.add.at(sums[:, k], comparisons.cluster, by_row[:, 1])
    return sums


def _still(clusters: int) -> Unmeasured:
    return Unmeasured(
        f"the {clusters} clusters do not differ, which says nothing of their spread",
        Cause.UNDERPOWERED,
    )


def _clusters(met: Counts, quantity: Quantity) -> int:
    """Clusters of the quantity's rarest player, or of the commonest when it is about all."""
    if quantity.players:
        return int(met[list(quantity.players)].min())
    return int(met.max())
