import numpy as np
import pytest

from stages.evidence.estimate import Unmeasured
from stages.stats.energy import energy_test


def points(n: int, *, shift: float = 0.0, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(shift, 1, (n, 3))


def naive(first: np.ndarray, second: np.ndarray) -> float:
    def mean(a: np.ndarray, b: np.ndarray, *, same: bool) -> float:
        pairs = [
            np.linalg.norm(x - y)
            for i, x in enumerate(a)
            for j, y in enumerate(b)
            if not (same and i == j)
        ]
        return float(np.mean(pairs))

    return (
        2 * mean(first, second, same=False)
        - mean(first, first, same=True)
        - mean(second, second, same=True)
    )


def test_the_distance_is_that_of_the_definition() -> None:
    first, second = points(9), points(7, shift=0.5, seed=1)
    found = energy_test(first, second, level=0.95, permutations=9, random=np.random.default_rng(0))

    assert not isinstance(found, Unmeasured)
    assert found.distance.value == pytest.approx(naive(first, second))


def test_the_error_is_that_of_leaving_out_each_point() -> None:
    first, second = points(9), points(7, shift=0.5, seed=1)
    found = energy_test(first, second, level=0.95, permutations=9, random=np.random.default_rng(0))
    without_x = [naive(np.delete(first, i, axis=0), second) for i in range(9)]
    without_y = [naive(first, np.delete(second, i, axis=0)) for i in range(7)]

    assert not isinstance(found, Unmeasured)
    assert found.distance.standard_error == pytest.approx(
        (8 * np.var(without_x) + 6 * np.var(without_y)) ** 0.5
    )


def test_another_distribution_is_seen_and_the_same_one_is_not() -> None:
    random = np.random.default_rng(0)
    moved = energy_test(points(80), points(90, shift=0.6, seed=1), level=0.95, random=random)
    same = energy_test(points(80), points(90, seed=1), level=0.95, random=random)

    assert not isinstance(moved, Unmeasured)
    assert not isinstance(same, Unmeasured)
    assert moved.p == 0.001
    assert moved.distance.low > 0
    assert same.p > 0.05


def test_of_equal_distributions_five_in_a_hundred_are_called_different() -> None:
    random = np.random.default_rng(3)
    ps = [
        found.p
        for _ in range(300)
        if not isinstance(
            found := energy_test(
                random.normal(size=(12, 2)),
                random.normal(size=(15, 2)),
                level=0.95,
                permutations=99,
                random=random,
            ),
            Unmeasured,
        )
    ]

    assert 0.02 <= np.mean(np.array(ps) <= 0.05) <= 0.085


def test_swapping_the_samples_changes_nothing_of_the_distance() -> None:
    one, other = points(10), points(12, shift=1, seed=2)
    there = energy_test(one, other, level=0.9, permutations=9, random=np.random.default_rng(0))
    back = energy_test(other, one, level=0.9, permutations=9, random=np.random.default_rng(0))

    assert not isinstance(there, Unmeasured)
    assert not isinstance(back, Unmeasured)
    assert there.distance.value == pytest.approx(back.distance.value)
    assert there.distance.standard_error == pytest.approx(back.distance.standard_error)


@pytest.mark.parametrize(
    ("first", "second"), [(points(3), points(9)), (points(9), np.full((5, 3), np.nan))]
)
def test_too_few_or_broken_points_say_nothing(first: np.ndarray, second: np.ndarray) -> None:
    found = energy_test(first, second, level=0.95, random=np.random.default_rng(0))

    assert isinstance(found, Unmeasured)


def test_points_of_other_dimensions_are_a_mistake() -> None:
    with pytest.raises(ValueError, match="dimensions"):
        energy_test(points(9), np.zeros((9, 2)), level=0.95, random=np.random.default_rng(0))
