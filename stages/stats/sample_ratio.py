"""Whether units fell into the arms as the plan said: a broken split invalidates an A/B."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import chdtrc, gammaln

from stages.evidence.estimate import Cause, Unmeasured
from stages.stats.levels import SMALLEST

_FEWEST_EXPECTED = 5.0
"""Expected units per arm below which the chi-square approximation does not hold."""

CONCENTRATION = 1000.0
"""Default c of the Dirichlet prior c x weights: deviations of about 1.6 percentage points at
50/50."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleRatio:
    """How far the arms' sizes are from the planned split.

    Attributes:
        counts: Distinct units in each arm.
        expected: Units the split would have given each arm.
        statistic: Chi-square, or log Bayes factor against the split; infinite when units are in an
            arm that the plan gave no weight.
        p_value: Probability of this or worse if the split holds, in [0, 1]: at this one look
            (chi-square) or over all looks (sequential). 0 where units are in an arm without weight,
            else at least 2.2e-308.
        method: Name of the test.
    """

    counts: tuple[int, ...]
    expected: tuple[float, ...]
    statistic: float
    p_value: float
    method: str

    def alarms(self, alpha: float) -> bool:
        """Whether the split is refuted at this error; for the sequential form, BF > 1 / alpha."""
        return self.p_value < alpha


def chi_square(counts: Sequence[int], weights: Sequence[float]) -> SampleRatio | Unmeasured:
    """Pearson's chi-square of the split, for one look only.

    Args:
        counts: Distinct units in each arm, at least 0.
        weights: Planned weight of each arm, at least 0; need not sum to 1. Degrees of freedom are
            the arms of positive weight minus 1.

    Returns:
        The test, or `Unmeasured` (waiting) when an arm expects fewer than 5 units.

    Raises:
        ValueError: Fewer than two arms of positive weight, negative or non-finite numbers.
    """
    shares = _shares(counts, weights)
    total, expected = sum(counts), _expected(counts, shares)
    if any(0 < mean < _FEWEST_EXPECTED for mean in expected) or not total:
        return Unmeasured(f"{total} units are too few to test their split", Cause.WAITING)
    if _stray(counts, shares):
        return _broken(counts, shares, method="chi-square")
    present = [(n, mean) for n, mean in zip(counts, expected, strict=True) if mean]
    statistic = sum((n - mean) ** 2 / mean for n, mean in present)
    freedom = len(present) - 1
    return SampleRatio(
        counts=tuple(counts),
        expected=expected,
        statistic=statistic,
        p_value=max(SMALLEST, float(chdtrc(freedom, statistic))),
        method="chi-square",
    )


def sequential(
    counts: Sequence[int],
    weights: Sequence[float],
    *,
    concentration: float = CONCENTRATION,
    dirichlet: Sequence[float] | None = None,
) -> SampleRatio | Unmeasured:
    """Sequential multinomial test of the split, valid however often one looks.

    Once it alarms the A/B stays invalid: the smallest p-value over the looks counts.

    Args:
        counts: Distinct units in each arm so far, at least 0.
        weights: Planned weight of each arm, as for `chi_square`.
        concentration: c of the prior c x weights, above 0; stated in the plan.
        dirichlet: A prior of its own instead, one positive parameter per arm.

    Returns:
        The test, its p-value being min(1, 1 / BF), or `Unmeasured` (waiting) without any unit.

    Raises:
        ValueError: As for `chi_square`, or a prior that is not positive.

    References:
        Lindon & Malek (2022), the Bayes factor of a simple null; valid by Ville's inequality.
    """
    shares = _shares(counts, weights)
    prior = _prior(shares, concentration) if dirichlet is None else _checked(dirichlet, shares)
    if not sum(counts):
        return Unmeasured("no unit is in any arm yet", Cause.WAITING)
    if _stray(counts, shares):
        return _broken(counts, shares, method="sequential multinomial")
    log_factor = log_alternative(counts, prior) - log_null(counts, shares)
    return SampleRatio(
        counts=tuple(counts),
        expected=_expected(counts, shares),
        statistic=log_factor,
        p_value=max(SMALLEST, math.exp(min(0.0, -log_factor))),
        method="sequential multinomial",
    )


def log_alternative(counts: Sequence[int], prior: Sequence[float]) -> float:
    """Log probability of the units' arms, one by one, under a Dirichlet prior of the split.

    Args:
        counts: Units in each arm; none in an arm whose prior is 0.
        prior: Dirichlet parameters, at least 0, one of them above.
    """
    gained = gammaln(sum(prior)) - gammaln(sum(prior) + sum(counts))
    return float(
        gained
        + sum(gammaln(a + n) - gammaln(a) for a, n in zip(prior, counts, strict=True) if a > 0)
    )


def log_null(counts: Sequence[int], shares: Sequence[float]) -> float:
    """Log probability of the units' arms, one by one, under the planned shares (summing to 1)."""
    return sum(n * math.log(share) for n, share in zip(counts, shares, strict=True) if n)


def _shares(counts: Sequence[int], weights: Sequence[float]) -> tuple[float, ...]:
    if len(counts) != len(weights):
        raise ValueError(f"{len(counts)} arms cannot have {len(weights)} weights")
    if not all(0 <= weight < math.inf for weight in weights) or any(n < 0 for n in counts):
        raise ValueError(f"counts {counts} and weights {weights} must be finite and at least 0")
    if sum(weight > 0 for weight in weights) < 2:  # noqa: PLR2004 - a split has two sides
        raise ValueError(f"a split needs two arms of positive weight, not {weights}")
    return tuple(weight / sum(weights) for weight in weights)


def _expected(counts: Sequence[int], shares: tuple[float, ...]) -> tuple[float, ...]:
    total = sum(counts)
    return tuple(total * share for share in shares)


def _prior(shares: tuple[float, ...], concentration: float) -> Sequence[float]:
    return _checked(tuple(concentration * share for share in shares), shares)


def _checked(prior: Sequence[float], shares: tuple[float, ...]) -> Sequence[float]:
    if len(prior) != len(shares) or not all(
        0 < a < math.inf for a, share in zip(prior, shares, strict=False) if share > 0
    ):
        raise ValueError(f"a Dirichlet prior has a positive parameter per arm, not {prior}")
    return prior


def _stray(counts: Sequence[int], shares: tuple[float, ...]) -> bool:
    """Whether units are in an arm that should have none."""
    return any(n > 0 and share == 0 for n, share in zip(counts, shares, strict=True))


def _broken(counts: Sequence[int], shares: tuple[float, ...], *, method: str) -> SampleRatio:
    return SampleRatio(
        counts=tuple(counts),
        expected=_expected(counts, shares),
        statistic=math.inf,
        p_value=0.0,
        method=method,
    )
