"""Several regressions tested at once.

Written here although statsmodels has it: there each call collects all garbage of the process, which
takes a tenth of a second and more. Its results are the oracle of the tests.
"""

from collections.abc import Sequence


def holm(pvalues: Sequence[float]) -> tuple[float, ...]:
    """P-values adjusted by Holm's step-down method, in the order given.

    Rejecting where the adjusted value is at most alpha keeps the probability of any false rejection
    below alpha, whatever the dependence.

    Raises:
        ValueError: When a p-value is NaN or lies outside [0, 1].

    References:
        Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
    """
    if any(not 0 <= p <= 1 for p in pvalues):
        raise ValueError(f"p-values lie between 0 and 1, not {list(pvalues)}")
    adjusted, largest = [0.0] * len(pvalues), 0.0
    for rank, index in enumerate(sorted(range(len(pvalues)), key=pvalues.__getitem__)):
        largest = max(largest, min(1.0, (len(pvalues) - rank) * pvalues[index]))
        adjusted[index] = largest
    return tuple(adjusted)
