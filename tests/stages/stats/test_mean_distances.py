from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import pdist

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats.mean_distances import mean_cosine_distance


def naive(vectors: np.ndarray) -> float:
    distances = [
        1 - float(a @ b) / float(np.linalg.norm(a) * np.linalg.norm(b))
        for a, b in combinations(vectors, 2)
    ]
    return sum(distances) / len(distances)


@settings(max_examples=50, deadline=None)
@given(st.integers(3, 12), st.integers(1, 6), st.integers(0, 1000))
def test_it_is_the_mean_over_all_pairs(n: int, d: int, seed: int) -> None:
    vectors = np.random.default_rng(seed).normal(0.3, 1, (n, d))
    found = mean_cosine_distance(vectors, level=0.95)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(naive(vectors), abs=1e-9)
    assert found.value == pytest.approx(float(pdist(vectors, "cosine").mean()), abs=1e-9)
    without = [naive(np.delete(vectors, i, 0)) for i in range(n)] if n > 3 else None
    if without:
        error = np.sqrt((n - 1) / n * np.sum((np.array(without) - np.mean(without)) ** 2))
        assert found.standard_error == pytest.approx(float(error), abs=1e-9)


def test_copies_are_no_distance_apart_and_opposites_two() -> None:
    same = mean_cosine_distance(np.ones((5, 3)), level=0.95)
    assert isinstance(same, Estimate)
    assert same.value == pytest.approx(0, abs=1e-12)
    axes = mean_cosine_distance(np.eye(6), level=0.95)
    assert isinstance(axes, Estimate)
    assert axes.value == pytest.approx(1)


def test_the_interval_covers_the_distance_of_the_population() -> None:
    rng = np.random.default_rng(1)
    truth = naive(rng.normal(0.5, 1, (2500, 4)))
    hits = 0
    for _ in range(300):
        found = mean_cosine_distance(rng.normal(0.5, 1, (40, 4)), level=0.9)
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        hits += found.low <= truth <= found.high
    assert 0.85 <= hits / 300 <= 0.96


@pytest.mark.parametrize(
    ("vectors", "cause"),
    [
        (np.eye(2), Cause.UNDERPOWERED),
        (np.array([[1.0, 0], [0, 1], [0, 0]]), Cause.BROKEN),
        (np.array([[1.0, 0], [0, 1], [np.nan, 0]]), Cause.BROKEN),
        (np.array([[1.0, 0], [0, 1], [np.inf, 0]]), Cause.BROKEN),
    ],
)
def test_what_has_no_direction_is_unmeasured(vectors: np.ndarray, cause: Cause) -> None:
    found = mean_cosine_distance(vectors, level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is cause
