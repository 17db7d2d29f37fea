"""Whether a model prefers the order in which a data set is published: it has seen it then."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import stdtr

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.means import NEGLIGIBLE, mean_t

FEWEST_SHARDS = 5
"""Below this many differences their spread is not known well enough for a test."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Exchangeability:
    """The test's outcome.

    Attributes:
        difference: Mean over shards of the log-probability of the published order minus that of
            shuffled orders, in nats, with its t-interval; above 0 when the order is known.
        t: The statistic, with one degree of freedom fewer than shards.
        p: One-sided: how often a model that never saw the order shows so much.
    """

    difference: Estimate
    t: float
    p: float


def exchangeability(
    published: Sequence[float], shuffled: Sequence[Sequence[float]], *, level: float
) -> Exchangeability | Unmeasured:
    """The sharded likelihood test.

    Items in an order of no meaning are exchangeable: a model that never saw the data set finds
    its published order no likelier than others, whatever else it learned.
    The t of few shards takes their differences as nearly normal: where log-probabilities have a
    long tail downwards it accuses more often than it says (infra/docs/statistics.md).

    Args:
        published: Log-probability of each shard in its published order, in nats.
        shuffled: The same of the shard's items in other orders, at least one for each shard.
        level: Two-sided level of the interval, in (0, 1).

    Returns:
        The outcome, or `Unmeasured` with fewer than 5 shards, or when differences vary by no more
        than the rounding of the log-probabilities that they are taken of.

    Raises:
        ValueError: When a shard has no shuffled order, or the lengths differ.

    References:
        Oren et al. (2023), "Proving test set contamination in black-box language models",
        section 4.2; the standard deviation has ddof 1.
    """
    if len(published) != len(shuffled) or not all(shuffled):
        raise ValueError("every shard needs its published order and a shuffled one")
    if len(published) < FEWEST_SHARDS:
        return Unmeasured(
            f"{len(published)} shards are too few to test an order; {FEWEST_SHARDS} are needed",
            Cause.UNDERPOWERED,
        )
    differences = [
        one - float(np.mean(others)) for one, others in zip(published, shuffled, strict=True)
    ]
    difference = mean_t(differences, level=level, unit="nats")
    if isinstance(difference, Unmeasured):
        return difference
    largest = max(abs(value) for orders in (published, *shuffled) for value in orders)
    if float(np.ptp(differences)) <= NEGLIGIBLE * largest:
        return Unmeasured(
            f"all {len(published)} shards are equal but for rounding, which says nothing of their "
            "spread",
            Cause.UNDERPOWERED,
        )
    assert difference.standard_error is not None  # unlimited values have one
    t = difference.value / difference.standard_error
    return Exchangeability(difference=difference, t=t, p=float(stdtr(len(published) - 1, -t)))
