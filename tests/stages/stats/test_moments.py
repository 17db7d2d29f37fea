import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from stages.evidence.estimate import Unmeasured
from stages.stats.moments import Moments, from_summary, from_values, merge

TABLES = hnp.arrays(
    np.float64,
    st.tuples(st.integers(0, 8), st.just(2)),
    elements=st.floats(-1e6, 1e6, allow_subnormal=False),
)
NAMES = ("y", "x")


def assert_close(a: Moments, b: Moments, *, relative: float, scale: float = 0.0) -> None:
    assert (a.n, a.names) == (b.n, b.names)
    assert a.mean == pytest.approx(b.mean, rel=relative, abs=relative * scale)
    assert len(a.covariance) == len(b.covariance)
    for left, right in zip(a.covariance, b.covariance, strict=True):
        assert left == pytest.approx(right, rel=relative, abs=relative * scale * scale)


def test_moments_agree_with_numpy() -> None:
    values = np.random.default_rng(1).normal(3, 2, (50, 3))
    found = from_values(values, ("y", "x", "z"))
    assert found.mean == pytest.approx(tuple(values.mean(axis=0)), rel=1e-12)
    assert np.array(found.covariance) == pytest.approx(np.cov(values.T), rel=1e-12)
    assert found.index("x") == 1


@given(TABLES, TABLES, TABLES)
def test_merging_is_associative_and_commutative(
    a: np.ndarray, b: np.ndarray, c: np.ndarray
) -> None:
    x, y, z = (from_values(t, NAMES) for t in (a, b, c))
    scale = max(1.0, float(np.abs(np.concatenate([a, b, c])).max(initial=0)))
    assert_close(merge(merge(x, y), z), merge(x, merge(y, z)), relative=1e-12, scale=scale)
    assert_close(merge(x, y), merge(y, x), relative=1e-12, scale=scale)


@given(TABLES, TABLES)
def test_merged_parts_are_the_whole(a: np.ndarray, b: np.ndarray) -> None:
    whole = from_values(np.concatenate([a, b]), NAMES)
    scale = max(1.0, float(np.abs(np.concatenate([a, b])).max(initial=0)))
    assert_close(
        merge(from_values(a, NAMES), from_values(b, NAMES)), whole, relative=1e-12, scale=scale
    )


def test_a_large_mean_keeps_its_small_variance_through_a_hundred_merges() -> None:
    values = 1e8 + np.random.default_rng(2).normal(0, 1, (10_000, 1))
    merged = from_values(np.empty((0, 1)), ("y",))
    for part in np.array_split(values, 100):
        merged = merge(merged, from_values(part, ("y",)))
    exact = from_values(values - 1e8, ("y",))
    assert merged.covariance[0][0] == pytest.approx(exact.covariance[0][0], rel=1e-9)
    assert merged.mean[0] - 1e8 == pytest.approx(exact.mean[0], abs=1e-6)


def test_what_n_cannot_support_is_absent() -> None:
    none, one = from_values(np.empty((0, 1)), ("y",)), from_values(np.array([[3.0]]), ("y",))
    assert (none.mean, none.covariance) == ((), ())
    assert (one.mean, one.covariance) == ((3.0,), ())
    assert merge(none, one) == one
    assert merge(one, none) == one
    assert merge(one, from_values(np.array([[5.0]]), ("y",))).covariance == ((2.0,),)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
def test_a_value_that_is_not_finite_is_refused(bad: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        from_values(np.array([[1.0], [bad]]), ("y",))


def test_a_table_of_another_shape_is_refused() -> None:
    for table in (np.zeros(3), np.zeros((3, 2))):
        with pytest.raises(ValueError, match="cannot have shape"):
            from_values(table, ("y",))


def test_different_columns_are_not_merged() -> None:
    one = np.array([[1.0]])
    with pytest.raises(ValueError, match="cannot be merged"):
        merge(from_values(one, ("y",)), from_values(one, ("x",)))


@pytest.mark.parametrize(
    ("n", "names", "mean", "covariance", "message"),
    [
        (-1, ("y",), (), (), "n >= 0"),
        (2, (), (), (), "n >= 0"),
        (2, ("y", "y"), (0.0, 0.0), ((1.0, 0.0), (0.0, 1.0)), "distinct"),
        (0, ("y",), (0.0,), (), "means"),
        (2, ("y",), (), ((1.0,),), "means"),
        (1, ("y",), (0.0,), ((0.0,),), "shape"),
        (2, ("y",), (0.0,), (), "shape"),
        (2, ("y",), (0.0,), ((1.0, 2.0),), "shape"),
        (2, ("y",), (math.nan,), ((1.0,),), "finite"),
        (2, ("y",), (0.0,), ((math.inf,),), "finite"),
        (2, ("y",), (0.0,), ((-1e-9,),), "negative"),
        (2, ("y", "x"), (0.0, 0.0), ((1.0, 0.5), (0.4, 1.0)), "symmetric"),
        (2, ("y", "x"), (0.0, 0.0), ((1.0, 2.0), (2.0, 1.0)), "correlation"),
    ],
)
def test_impossible_moments_are_refused(
    n: int,
    names: tuple[str, ...],
    mean: tuple[float, ...],
    covariance: tuple[tuple[float, ...], ...],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        Moments(n=n, names=names, mean=mean, covariance=covariance)


def test_a_summary_becomes_moments() -> None:
    found = from_summary(3, [1.0, 2], [[2.0, 0.5], [0.5, 1.0]], names=["y", "x"])
    assert found == Moments(
        n=3, names=("y", "x"), mean=(1.0, 2.0), covariance=((2.0, 0.5), (0.5, 1.0))
    )


def test_a_summary_of_few_units_ignores_what_it_cannot_know() -> None:
    one = from_summary(1, [1.0], [[None]], names=["y"])
    none = from_summary(0, [None], [[math.nan]], names=["y"])
    assert one == Moments(n=1, names=("y",), mean=(1.0,), covariance=())
    assert none == Moments(n=0, names=("y",), mean=(), covariance=())


@pytest.mark.parametrize(
    ("n", "mean", "covariance", "reason"),
    [
        (-2, [1.0], [[1.0]], "cannot have -2 units"),
        (5, [None], [[1.0]], "missing or not finite"),
        (5, [math.nan], [[1.0]], "missing or not finite"),
        (5, [1.0], [[None]], "missing or not finite"),
        (5, [1.0], [[math.inf]], "missing or not finite"),
        (5, [1.0], [[-1.0]], "impossible"),
        (5, [1.0], [], "impossible"),
    ],
)
def test_a_bad_summary_is_unmeasured(
    n: int, mean: list[float | None], covariance: list[list[float | None]], reason: str
) -> None:
    found = from_summary(n, mean, covariance, names=["y"])
    assert isinstance(found, Unmeasured)
    assert reason in found.reason
