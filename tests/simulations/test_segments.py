"""Shrunk effects of segments cover, and segments that are not harmed are seldom warned of."""

import math

import numpy as np
import pytest

from stages.evidence.estimate import Estimate
from stages.stats.experiments import Contrast
from stages.stats.segments import harm_p_values, shrunk

ALPHA = 0.05


def effect(value: float, error: float, n: int = 1_000) -> Contrast:
    return Contrast(
        effect=value, standard_error=error, n=n, degrees_of_freedom=n - 2, method="Welch"
    )


def coverage(segments_: int, spread: float, repetitions: int) -> float:
    random, covered = np.random.default_rng(segments_), 0
    for _ in range(repetitions):
        errors = random.uniform(0.5, 2, segments_)
        truth = spread * random.standard_normal(segments_)
        seen = truth + errors * random.standard_normal(segments_)
        effects = shrunk(
            [effect(y, e) for y, e in zip(seen, errors, strict=True)], level=0.95, unit="number"
        ).effects
        for true, found in zip(truth, effects, strict=True):
            assert isinstance(found, Estimate)
            assert found.low is not None
            assert found.high is not None
            covered += found.low <= true <= found.high
    return covered / (repetitions * segments_)


@pytest.mark.parametrize("spread", [0.0, 1.0])
def test_intervals_cover_segments_that_differ_a_little_or_not(spread: float) -> None:
    assert coverage(5, spread, 150) >= 0.93


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 4, 5, 8, 20])
@pytest.mark.parametrize("spread", [0.0, 0.5, 1.0, 3.0])
def test_intervals_cover_in_full(count: int, spread: float) -> None:
    found = coverage(count, spread, 20_000 // count)
    print(f"{count} segments, spread {spread} errors: intervals at 0.95 cover {found:.4f}")
    assert found >= 0.93


def warns(scores: np.ndarray, n: int) -> bool:
    """Whether any segment is warned of, its effects being so many standard errors above."""
    found = [effect(z * 0.1, 0.1, n) for z in scores.tolist()]
    values = harm_p_values(found, planned_units=10_000, alpha=ALPHA, higher_is_better=True)
    return min(values) <= ALPHA


def false_warnings(repetitions: int) -> float:
    """Share of A/Bs of six unharmed segments in which any look warns of any.

    No z above -2.5 can warn, so that most paths need not be tested.
    """
    random, warned = np.random.default_rng(11), 0
    units = np.arange(1, 15) * 700
    steps = random.standard_normal((repetitions, 6, 14)) * math.sqrt(700)
    z = steps.cumsum(axis=2) / np.sqrt(units)
    low = z.min(axis=(1, 2)) < -2.5
    for path in z[low]:
        warned += any(warns(path[:, k], int(units[k])) for k in range(14))
    return warned / repetitions


def test_unharmed_segments_are_seldom_warned_of() -> None:
    assert false_warnings(150) <= 0.05


@pytest.mark.slow
def test_unharmed_segments_are_seldom_warned_of_in_full() -> None:
    found = false_warnings(5_000)
    print(f"six unharmed segments, 14 looks at 0.05: a false warning in {found:.4f}")
    assert found <= 0.05
