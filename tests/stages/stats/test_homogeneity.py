import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.homogeneity import homogeneity, share_differences


def test_the_test_is_pearsons() -> None:
    from scipy.stats import chi2_contingency

    first, second = [40, 60, 20], [30, 90, 25]
    found = homogeneity(first, second)
    expected = chi2_contingency([first, second], correction=False)

    assert not isinstance(found, Unmeasured)
    assert found.statistic == pytest.approx(expected.statistic)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.freedom, found.pooled) == (2, 0)


def test_rare_categories_are_put_together() -> None:
    found = homogeneity([100, 100, 1, 2, 3, 4, 6], [100, 90, 2, 3, 1, 5, 4])

    assert not isinstance(found, Unmeasured)
    assert found.pooled == 5
    assert found.freedom == 2


def test_rare_categories_that_stay_rare_together_go_with_the_next_rarest() -> None:
    """One prompt of a topic nobody else asked about is no drift."""
    found = homogeneity([500, 400, 100, 0], [10, 8, 6, 1])

    assert not isinstance(found, Unmeasured)
    assert (found.pooled, found.freedom) == (3, 1)


def test_one_rare_prompt_proves_nothing() -> None:
    found = homogeneity([500, 500, 0], [10, 10, 1])

    assert not isinstance(found, Unmeasured)
    assert (found.pooled, found.freedom) == (2, 1)
    assert found.p > 0.5
    assert isinstance(homogeneity([500, 0], [20, 1]), Unmeasured)


def test_an_empty_category_is_no_category() -> None:
    found = homogeneity([100, 100, 0], [100, 90, 0])

    assert not isinstance(found, Unmeasured)
    assert found.freedom == 1


@pytest.mark.parametrize(("first", "second"), [([0, 0], [1, 2]), ([100, 0], [90, 0])])
def test_an_empty_sample_or_a_single_category_says_nothing(
    first: list[int], second: list[int]
) -> None:
    assert isinstance(homogeneity(first, second), Unmeasured)


def test_an_empty_sample_has_no_differences() -> None:
    assert all(isinstance(d, Unmeasured) for d in share_differences([0, 0], [3, 4], level=0.95))


@pytest.mark.parametrize(("first", "second"), [([1], [1, 2]), ([], []), ([-1, 2], [1, 2])])
def test_counts_that_do_not_belong_together_are_a_mistake(
    first: list[int], second: list[int]
) -> None:
    with pytest.raises(ValueError, match="same categories"):
        homogeneity(first, second)


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), min_size=2, max_size=6).filter(
        lambda counts: sum(a for a, _ in counts) > 0 < sum(b for _, b in counts)
    )
)
def test_differences_hold_their_value_and_sum_to_nothing(counts: list[tuple[int, int]]) -> None:
    found = share_differences([a for a, _ in counts], [b for _, b in counts], level=0.95)
    values = [d.value for d in found if isinstance(d, Estimate)]

    assert len(values) == len(counts)
    assert sum(values) == pytest.approx(0, abs=1e-9)
    assert all(d.low <= d.value <= d.high for d in found if isinstance(d, Estimate))


def test_together_the_intervals_hold_as_often_as_they_say() -> None:
    random, shares = np.random.default_rng(0), [0.4, 0.3, 0.2, 0.1]
    held = 0
    for _ in range(300):
        found = share_differences(
            random.multinomial(200, shares).tolist(),
            random.multinomial(150, shares).tolist(),
            level=0.9,
        )
        held += all(isinstance(d, Estimate) and d.low <= 0 <= d.high for d in found)

    assert held / 300 >= 0.87
