"""Intervals of the true rank correlation hold it as often as they say."""

import math

import numpy as np
import pytest

from stages.evidence.estimate import Estimate
from stages.stats.foresight import Pair, true_correlation


def misses(
    count: int, *, correlation: float, reliability: float, repetitions: int, compared: int | None
) -> tuple[float, float]:
    """Shares of intervals wholly above and wholly below the truth.

    Args:
        count: Candidates.
        correlation: Of the true values.
        reliability: Share of true differences in what is seen of them.
        repetitions: Simulated sets of candidates.
        compared: How many come further, the best by what is seen of the first measure; None: all.
    """
    random, truth = np.random.default_rng(count), 6 / math.pi * math.asin(correlation / 2)
    noise = math.sqrt(1 / reliability - 1)
    above = below = 0
    for _ in range(repetitions):
        values = random.multivariate_normal([0, 0], [[1, correlation], [correlation, 1]], count)
        errors = noise * np.sqrt(random.uniform(0.5, 1.5, (count, 2)))
        seen = values + errors * random.standard_normal((count, 2))
        order = np.argsort(-seen[:, 0])
        found = true_correlation(
            [
                Pair(
                    first=float(seen[i, 0]),
                    first_error=float(errors[i, 0]),
                    second=float(seen[i, 1]) if compared is None or place < compared else None,
                    second_error=float(errors[i, 1])
                    if compared is None or place < compared
                    else None,
                )
                for place, i in enumerate(order)
            ],
            level=0.95,
        )
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        above += found.low > truth
        below += found.high < truth
    return above / repetitions, below / repetitions


@pytest.mark.parametrize("compared", [None, 8])
def test_few_candidates_are_told_with_care(compared: int | None) -> None:
    above, below = misses(16, correlation=0.5, reliability=0.8, repetitions=60, compared=compared)

    assert above + below <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 60)


@pytest.mark.slow
@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("reliability", [1.0, 0.8, 0.5])
@pytest.mark.parametrize(
    ("count", "compared"), [(8, None), (20, None), (60, None), (24, 8), (60, 20)]
)
def test_intervals_cover_in_full(
    count: int, compared: int | None, reliability: float, correlation: float
) -> None:
    above, below = misses(
        count,
        correlation=correlation,
        reliability=reliability,
        repetitions=1000,
        compared=compared,
    )
    print(
        f"{count} candidates, {compared or count} compared, reliability {reliability}, correlation "
        f"{correlation}: too high {above:.3f}, too low {below:.3f}"
    )
    assert above + below <= 0.05 + 3 * math.sqrt(0.05 * 0.95 / 1000)
