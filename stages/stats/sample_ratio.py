"""Whether units fell into the arms as the plan said: a broken split invalidates an A/B."""

from collections.abc import Sequence
from dataclasses import dataclass

from stages.evidence.estimate import Unmeasured

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
            (chi-square) or over all looks (sequential).
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
    raise NotImplementedError


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
        Lindon & Malek (2022), eq. 7 and theorem 3.
    """
    raise NotImplementedError
