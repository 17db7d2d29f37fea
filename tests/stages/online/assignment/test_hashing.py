"""Both hashes against published vectors, and as sources of fair and independent splits."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import chi2, chi2_contingency

from stages.online.assignment.hashing import (
    flagd_position,
    fnv1a_32,
    growthbook_bucket,
    murmur3_32,
)

VECTORS = json.loads((Path(__file__).parent / "vectors.json").read_text())
UNITS = [*(f"user-{i}" for i in range(30_000)), *(str(10_000_000 + 7 * i) for i in range(30_000))]
Bucket = Callable[[str, str], float]


def rows(start: str) -> list[list[object]]:
    (found,) = [value for name, value in VECTORS.items() if name.startswith(start)]
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("seed", "unit", "bucket"), rows("published by GrowthBook, seed"))
def test_buckets_are_those_that_growthbook_publishes(seed: str, unit: str, bucket: float) -> None:
    assert growthbook_bucket(unit, seed) == bucket


@pytest.mark.parametrize(("text", "value"), rows("published by Appleby"))
def test_murmur_hashes_are_the_published_ones(text: str, value: int) -> None:
    assert murmur3_32(text) == value


@pytest.mark.parametrize(("text", "value"), rows("published by flagd, hash"))
def test_hashes_at_the_edges_of_a_word_are_those_that_flagd_publishes(
    text: str, value: int
) -> None:
    assert murmur3_32(text) == value
    assert flagd_position(text, "", 100) == value * 100 // 2**32


@pytest.mark.parametrize(("flag", "unit", "quarter"), rows("published by flagd, flag key"))
def test_quarters_are_those_that_flagd_publishes(flag: str, unit: str, quarter: int) -> None:
    assert flagd_position(unit, flag, 100) // 25 == quarter


def test_the_empty_text_has_the_offset_of_fnv() -> None:
    assert fnv1a_32("") == 0x811C9DC5


def test_text_that_clients_hash_differently_is_refused() -> None:
    with pytest.raises(ValueError, match="not ASCII"):
        growthbook_bucket("zoé", "new-model")


def flagd_bucket(unit: str, seed: str) -> float:
    return flagd_position(unit, seed, 100_000) / 100_000


@pytest.mark.parametrize("bucket", [growthbook_bucket, flagd_bucket])
@pytest.mark.parametrize("seed", ["new-model", "assistant/12", "a"])
def test_units_with_names_alike_spread_evenly(bucket: Bucket, seed: str) -> None:
    cells = np.bincount([int(bucket(unit, seed) * 100) for unit in UNITS], minlength=100)
    expected = len(UNITS) / 100
    assert chi2.sf(((cells - expected) ** 2 / expected).sum(), 99) > 1e-3


@pytest.mark.parametrize("bucket", [growthbook_bucket, flagd_bucket])
@pytest.mark.parametrize(("one", "other"), [("new-model", "new-model-2"), ("a/1", "a/2")])
def test_two_experiments_split_the_same_units_independently(
    bucket: Bucket, one: str, other: str
) -> None:
    table = np.zeros((10, 10))
    for unit in UNITS:
        table[int(bucket(unit, one) * 10), int(bucket(unit, other) * 10)] += 1
    assert chi2_contingency(table).pvalue > 1e-3
