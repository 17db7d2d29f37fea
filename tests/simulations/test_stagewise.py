"""What is told of A/Bs that stopped: medians without bias and intervals that cover."""

import math

import numpy as np
import pytest

from stages.stats.experiments import Contrast
from stages.stats.sequential import POCOCK, Spending, lan_demets_bounds
from stages.stats.stagewise import StagewiseResult, Stopped, stagewise, stagewise_p

SMALL, FULL = 400, 20_000
DRIFTS = (0.0, 2.0, 3.5)
"""Expected z at the planned information."""


class Finished:
    """Simulated A/Bs of one drift, each with the look that stopped it and its z."""

    def __init__(self, number: int, spending: Spending, drift: float, trials: int) -> None:
        self.information = tuple(k / number for k in range(1, number + 1))
        self.bounds = lan_demets_bounds(self.information, alpha=0.025, spending=spending)
        shares = np.array(self.information)
        gains = np.diff(shares, prepend=0.0)
        random = np.random.default_rng(20_261_122)
        steps = random.normal(drift * gains, np.sqrt(gains), (trials, number))
        z = steps.cumsum(axis=1) / np.sqrt(shares)
        crossed = z > np.array(self.bounds, dtype=float)
        crossed[:, -1] = True
        self.look = crossed.argmax(axis=1)
        self.z = z[np.arange(trials), self.look]

    def stopped(self, number: int) -> Stopped:
        last = int(self.look[number])
        return Stopped(information=self.information[: last + 1], bounds=self.bounds[:last])


def p_values(ended: Finished, drift: float) -> np.ndarray:
    """Uniform when the drift is the true one: below 0.5 exactly where the median is above it."""
    return np.array(
        [stagewise_p(ended.stopped(i), float(z), drift=drift) for i, z in enumerate(ended.z)]
    )


@pytest.mark.parametrize("drift", DRIFTS)
def test_the_median_has_no_bias_and_the_interval_covers(drift: float) -> None:
    ended = Finished(5, Spending(), drift, SMALL)
    p = p_values(ended, drift)
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=3 * 0.5 / math.sqrt(SMALL))
    assert ((p > 0.025) & (p < 0.975)).mean() == pytest.approx(0.95, abs=0.035)


def test_the_interval_holds_the_effects_whose_p_value_is_inside() -> None:
    drift, ended = 2.5, Finished(5, POCOCK, 2.5, 60)
    for i, (p, z) in enumerate(zip(p_values(ended, drift), ended.z, strict=True)):
        stopped = ended.stopped(i)
        error = 1 / math.sqrt(stopped.information[-1])
        found = stagewise(
            Contrast(
                effect=float(z) * error, standard_error=error, n=9, degrees_of_freedom=7, method="m"
            ),
            stopped,
            level=0.95,
            unit="n",
        )
        assert isinstance(found, StagewiseResult)
        assert found.estimate.low is not None
        assert found.estimate.high is not None
        assert (found.estimate.low <= drift <= found.estimate.high) == (0.025 <= p <= 0.975)
        assert (found.estimate.value > drift) == (p < 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("drift", DRIFTS)
@pytest.mark.parametrize(("number", "spending"), [(5, POCOCK), (14, Spending())], ids=["5", "14"])
def test_the_median_has_no_bias_and_the_interval_covers_in_full(
    number: int, spending: Spending, drift: float
) -> None:
    ended = Finished(number, spending, drift, FULL)
    p = p_values(ended, drift)
    naive = np.abs(ended.z - drift * np.sqrt(np.array(ended.information)[ended.look])) < 1.96
    above = (ended.z > drift * np.sqrt(np.array(ended.information)[ended.look])).mean()
    covered = ((p > 0.025) & (p < 0.975)).mean()
    print(
        f"{number} looks, {spending.kind}, drift {drift}: the median is too high in "
        f"{(p < 0.5).mean():.4f} (naive {above:.4f}), the interval covers {covered:.4f} "
        f"(naive {naive.mean():.4f})"
    )
    assert (p < 0.5).mean() == pytest.approx(0.5, abs=0.012)
    assert covered == pytest.approx(0.95, abs=0.005)
