"""How far a mean of independent units may lie from the true one, also where units are uneven.

A t-interval of a few hundred units misses too often on the side of rare large values: those that
happen not to be sampled are missing from the mean and from its error at once. Three corrections, of
which none matters for normal values:

- degrees of freedom: those of the estimated error, fewer when some units weigh heavily
  (Satterthwaite's, with the estimated excess kurtosis);
- error: larger by the same uncertainty, at first order. This one is not from a textbook: simulated
  error rates (infra/docs/statistics.md) show what it is worth;
- skewness: removed by Hall's cubic transformation, where that reaches further than t.
"""

import math
from dataclasses import dataclass, replace

from scipy.special import stdtr

from stages.stats.clusters import ClusterTotals
from stages.stats.levels import t_quantile
from stages.stats.ranges import Range

NO_SKEW = 1e-9
"""Skewness of the mean below which nothing is transformed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StudentMean:
    """A mean with what is known of its error.

    Attributes:
        mean: The mean.
        error: Its standard error.
        allowance: Factor on it for heavy units, at least 1.
        degrees: Degrees of freedom of the error, above 0.
        skewness: Of the mean: that of a unit divided by the root of their number.
    """

    mean: float
    error: float
    degrees: float
    allowance: float = 1.0
    skewness: float = 0.0

    def steps(self, tail: float) -> Range:
        """How far the mean reaches, in standard errors, with error `tail` at each end."""
        t = t_quantile(tail, self.degrees)
        down, up = max(t, self._untransformed(t)), min(-t, self._untransformed(-t))
        return Range(low=-down * self.allowance, high=-up * self.allowance)

    def reach(self, tail: float) -> Range:
        """The equal-tailed interval with error `tail` at each end."""
        steps = self.steps(tail)
        low, high = (self.mean + step * self.error for step in (steps.low, steps.high))
        return Range(low=low, high=high)

    def p_lower(self) -> float:
        """One-sided p-value of "the true mean is at least 0"; dual to `reach`'s upper end."""
        t = self.mean / (self.error * self.allowance)
        return float(stdtr(self.degrees, max(t, self._transformed(t))))

    @property
    def mirrored(self) -> "StudentMean":
        """The same of the values with the opposite sign."""
        return replace(self, mean=-self.mean, skewness=-self.skewness)

    def _transformed(self, t: float) -> float:
        a = self.skewness
        return t + a * t**2 / 3 + a**2 * t**3 / 27 + a / 6

    def _untransformed(self, y: float) -> float:
        return untransformed(y, self.skewness)


def untransformed(y: float, skewness: float) -> float:
    """The studentised mean whose normal score is y, when its numerator has this skewness.

    References:
        Hall (1992), JRSS B 54, 221-228, the inverse of his cubic transformation.
    """
    if abs(skewness) < NO_SKEW:
        return y
    return 3 / skewness * (math.cbrt(1 + skewness * (y - skewness / 6)) - 1)


def plain_mean(totals: ClusterTotals) -> StudentMean:
    """The mean of the only column of cluster totals, as for normal values.

    Clusters of uneven sizes have as many degrees of freedom as Kish's number of equal ones: the
    few large ones alone tell how far the mean may lie.
    """
    return StudentMean(
        mean=float(totals.means[0]),
        error=math.sqrt(float(totals.covariance[0, 0])),
        degrees=degrees_of(totals),
    )


def degrees_of(totals: ClusterTotals) -> float:
    """Degrees of freedom of the error of a mean over clusters, above 0: G - 1 where all are equal.

    Simulated: bounds at 97.5 % of normal clusters then miss in 0.3 to 3.1 % of cases, with sizes
    equal, Pareto, geometric, or half of all items in one of 6 to 300 clusters.
    """
    return totals.effective_groups - 1


def corrected_mean(totals: ClusterTotals) -> StudentMean:
    """The mean of the only column of cluster totals, whose units are uneven but not all equal.

    References:
        Hall (1992), JRSS B 54, 221-228, the cubic transformation; Satterthwaite (1946) with
        var(s^2) / s^4 = 2 / (G - 1) + excess kurtosis / G, with Kish's number for the first G.
    """
    plain, groups = plain_mean(totals), totals.groups
    residuals = totals.sums[:, 0] - totals.sizes * plain.mean
    units = residuals / math.sqrt(float((residuals**2).mean()))
    heavy = max(0.0, float((units**4).mean()) - 3) / groups
    return replace(
        plain,
        allowance=math.sqrt(1 + heavy),
        degrees=1 / (1 / plain.degrees + heavy / 2),
        skewness=float((units**3).mean()) / math.sqrt(groups),
    )
