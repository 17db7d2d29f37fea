"""Sums of two sets of units against numpy on all of them."""

import math
from dataclasses import replace
from itertools import combinations_with_replacement

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from stages.online.unit_sums import (
    LayerTotals,
    Spread,
    Totals,
    as_json,
    from_json,
    skewness,
)

NOTHING = Spread(n=0, seen=(0,), about=(math.nan,), beyond=(0.0,), scatter=((0.0,),), third=(0.0,))


def spread_of(table: NDArray[np.float64], *, value: int = 2) -> Spread:
    """The slow way, from a row per unit."""
    n, k = table.shape
    about = table[0]
    beyond = [math.fsum(table[:, j] - about[j]) / n for j in range(k)]
    gap = table - about - beyond
    third = [
        math.fsum(gap[:, a] * gap[:, b] * gap[:, c])
        for a, b, c in combinations_with_replacement(range(value), 3)
    ]
    return Spread(
        n=n,
        seen=(n,) * k,
        about=tuple(about.tolist()),
        beyond=tuple(beyond),
        scatter=tuple(tuple(math.fsum(gap[:, i] * gap[:, j]) for j in range(k)) for i in range(k)),
        third=tuple(third),
    )


def assert_close(one: Spread, other: Spread) -> None:
    assert (one.n, one.seen) == (other.n, other.seen)
    size = 1e-6 + np.sqrt(np.diag(other.scatter))
    assert np.all(
        np.abs(np.subtract(one.mean, other.mean)) <= 1e-9 * size + 1e-15 * np.abs(other.mean)
    )
    gaps = np.abs(np.subtract(one.scatter, other.scatter))
    assert np.all(gaps <= 1e-9 * np.outer(size, size))
    k = one.columns
    for number, (a, b, c) in enumerate(combinations_with_replacement(range(k), 3)):
        gap = abs(one.third[number] - other.third[number])
        assert gap <= 1e-9 * size[a] * size[b] * size[c]


@given(
    arrays(np.float64, st.tuples(st.integers(2, 20), st.just(3)), elements=st.floats(-9, 9)),
    st.integers(1, 19),
    st.sampled_from([0.0, 1.0, 1e8]),
)
def test_two_sets_together_are_what_all_units_are(
    table: NDArray[np.float64], cut: int, around: float
) -> None:
    table = np.round(table, 3) + around
    cut = min(cut, len(table) - 1)
    both = spread_of(table[:cut]) + spread_of(table[cut:])
    assert_close(both, spread_of(table))
    assert_close(spread_of(table[cut:]) + spread_of(table[:cut]), spread_of(table))


def test_nobody_adds_nothing() -> None:
    some = spread_of(np.array([[1.0], [2.0], [4.0]]), value=1)
    assert NOTHING + some == some
    assert some + NOTHING == some
    assert NOTHING + NOTHING is NOTHING


def test_one_value_in_both_sets_has_no_scatter_however_their_means_were_rounded() -> None:
    """A spread of 1e-17 would make any difference certain."""
    one = Spread(n=7, seen=(7,), about=(0.1,), beyond=(0.0,), scatter=((0.0,),), third=(0.0,))
    both = one + replace(one, n=9, about=(3.1,), beyond=(-3.0000000000001,))
    assert both.scatter == ((0.0,),)
    assert skewness(both) is None
    zeros = replace(one, about=(3.1,), beyond=(-3.1,))
    assert (zeros + replace(zeros, beyond=(-3.1 + 1e-13,))).scatter == ((0.0,),)
    assert (one + replace(one, about=(0.2,))).scatter[0][0] > 0
    assert (one + replace(one, beyond=(1e-15,), scatter=((1.0,),))).scatter[0][0] >= 1


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_what_is_no_number_never_becomes_one(broken: float) -> None:
    some = spread_of(np.array([[1.0], [2.0], [4.0]]), value=1)
    bad = replace(some, about=(broken,), scatter=((math.nan,),), third=(math.nan,))
    for both in (some + bad, bad + some):
        assert not math.isfinite(both.mean[0])
        assert not math.isfinite(both.scatter[0][0])
        assert skewness(both) is None


def test_totals_are_added_by_name_and_arm() -> None:
    some = spread_of(np.array([[1.0], [2.0], [4.0]]), value=1)
    one = Totals(counts={"excluded": 1, "a/exposed": 3}, arms={"a": {"m": some}})
    other = Totals(
        counts={"excluded": 2, "b/exposed": 4}, arms={"a": {"m": some}, "b": {"m": some}}
    )
    both = LayerTotals(open=one, settled=other).together
    assert both.counts == {"excluded": 3, "a/exposed": 3, "b/exposed": 4}
    assert both.arms == {"a": {"m": some + some}, "b": {"m": some}}


def test_totals_are_written_and_read_to_the_last_bit() -> None:
    table = np.random.default_rng(1).normal(size=(9, 3)) / 3
    some = Totals(counts={"excluded": 0}, arms={"a": {"m": spread_of(table)}})
    kept = LayerTotals(open=some, settled=some)
    assert from_json(as_json(kept)) == kept
    assert from_json(as_json(None)) is None
    bad = Totals(counts={}, arms={"a": {"m": NOTHING}})
    found = from_json(as_json(LayerTotals(open=bad, settled=bad)))
    assert found is not None
    assert math.isnan(found.open.arms["a"]["m"].mean[0])
    with pytest.raises(ValueError, match="settled"):
        from_json({"open": {}})
