from collections import Counter
from itertools import permutations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.stats import krippendorff
from stages.stats.krippendorff import Distance, krippendorff_alpha

PUBLISHED = (
    (1, 2, 3, 3, 2, 1, 4, 1, 2, None, None, None),
    (1, 2, 3, 3, 2, 2, 4, 1, 2, 5, None, 3),
    (None, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, None),
    (1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, None),
)
"""Krippendorff (2011), example C: what four observers say of twelve units."""


def alpha(
    labels: list[float] | list[str], units: list[int], distance: Distance, *, seed: int = 0
) -> Estimate | Unmeasured:
    random = np.random.default_rng(seed)
    return krippendorff_alpha(labels, units, distance=distance, level=0.95, random=random)


def naive(labels: list[float], units: list[int], distance: Distance) -> float:
    """By the definition: mean distance inside units against that of all pairs of labels."""
    groups: dict[int, list[float]] = {}
    for label, unit in zip(labels, units, strict=True):
        groups.setdefault(unit, []).append(label)
    pairable = [group for group in groups.values() if len(group) > 1]
    everything = [label for group in pairable for label in group]
    counts = Counter(everything)

    def apart(a: float, b: float) -> float:
        if distance is Distance.NOMINAL:
            return float(a != b)
        if distance is Distance.INTERVAL:
            return (a - b) ** 2
        between = sum(n for label, n in counts.items() if min(a, b) <= label <= max(a, b))
        return (between - (counts[a] + counts[b]) / 2) ** 2

    inside = sum(
        apart(a, b) / (len(group) - 1) for group in pairable for a, b in permutations(group, 2)
    ) / len(everything)
    anywhere = sum(apart(a, b) for a, b in permutations(everything, 2))
    return 1 - inside / (anywhere / (len(everything) * (len(everything) - 1)))


@pytest.mark.parametrize(
    ("distance", "published"),
    [(Distance.NOMINAL, 0.743), (Distance.ORDINAL, 0.815), (Distance.INTERVAL, 0.849)],
)
def test_alpha_is_the_published_one(distance: Distance, published: float) -> None:
    rated = [
        (float(label), unit)
        for row in PUBLISHED
        for unit, label in enumerate(row)
        if label is not None
    ]
    found = alpha([label for label, _ in rated], [unit for _, unit in rated], distance)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(published, abs=5e-4)
    assert found.n == 11


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=4, max_size=40),
    st.sampled_from(Distance),
)
def test_alpha_is_that_of_the_definition(
    ratings: list[tuple[int, int]], distance: Distance
) -> None:
    ratings += [(0, 100), (1, 100), (1, 101), (1, 101)]
    labels, units = [float(a) for a, _ in ratings], [u for _, u in ratings]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(krippendorff, "RESAMPLES", 50)
        found = alpha(labels, units, distance)
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(naive(labels, units, distance))


def test_words_and_numbers_are_told_apart_alike() -> None:
    words = alpha(["a", "b", "b", "b", "a"], [0, 0, 1, 1, 2], Distance.NOMINAL)
    numbers = alpha([0.0, 1.0, 1.0, 1.0, 0.0], [0, 0, 1, 1, 2], Distance.NOMINAL)
    assert words == numbers


def test_a_unit_with_one_label_changes_nothing() -> None:
    without = alpha(["a", "b", "b", "b"], [0, 0, 1, 1], Distance.NOMINAL)
    assert alpha(["a", "b", "b", "b", "c"], [0, 0, 1, 1, 2], Distance.NOMINAL) == without


def test_full_agreement_is_one_and_labels_at_random_are_about_zero() -> None:
    agreed = alpha(["a", "a", "b", "b"] * 10, [i // 2 for i in range(40)], Distance.NOMINAL)
    assert isinstance(agreed, Estimate)
    assert agreed.value == agreed.high == 1
    random = np.random.default_rng(3)
    drawn = random.choice(["a", "b", "c"], 3000).tolist()
    chance = alpha(drawn, [i // 3 for i in range(3000)], Distance.NOMINAL)
    assert isinstance(chance, Estimate)
    assert chance.low is not None
    assert chance.high is not None
    assert chance.low < 0 < chance.high
    assert chance.high - chance.low < 0.1


def test_a_resample_with_one_label_counts_worst_below_and_best_above() -> None:
    found = alpha(["a", "a", "a", "b"], [0, 0, 1, 1], Distance.NOMINAL)
    assert isinstance(found, Estimate)
    assert (found.low, found.high) == (-1, 1)


@pytest.mark.parametrize(
    ("labels", "units", "distance", "cause"),
    [
        ([], [], Distance.NOMINAL, Cause.UNDERPOWERED),
        ([1.0, 2.0, 1.0], [0, 0, 1], Distance.NOMINAL, Cause.UNDERPOWERED),
        ([1.0, 1.0, 1.0, 1.0], [0, 0, 1, 1], Distance.INTERVAL, Cause.UNDERPOWERED),
        ([1.0, float("nan")], [0, 0], Distance.ORDINAL, Cause.BROKEN),
    ],
)
def test_without_a_spread_there_is_no_alpha(
    labels: list[float], units: list[int], distance: Distance, cause: Cause
) -> None:
    found = alpha(labels, units, distance)
    assert isinstance(found, Unmeasured)
    assert found.cause is cause


def test_labels_need_units_and_must_be_few() -> None:
    with pytest.raises(ValueError, match="1 labels have 2 units"):
        alpha([1.0], [0, 1], Distance.NOMINAL)
    with pytest.raises(ValueError, match="150 different labels"):
        alpha([float(i) for i in range(150)], [0] * 150, Distance.NOMINAL)
