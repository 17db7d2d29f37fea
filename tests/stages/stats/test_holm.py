import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.stats.holm import holm


def naive(pvalues: list[float]) -> list[float]:
    adjusted = [0.0] * len(pvalues)
    largest = 0.0
    for rank, index in enumerate(sorted(range(len(pvalues)), key=pvalues.__getitem__)):
        largest = max(largest, min(1.0, (len(pvalues) - rank) * pvalues[index]))
        adjusted[index] = largest
    return adjusted


@given(st.lists(st.floats(0, 1), max_size=12))
def test_adjustment_is_the_naive_step_down(pvalues: list[float]) -> None:
    assert list(holm(pvalues)) == pytest.approx(naive(pvalues))


def test_one_p_value_stays_as_it_is() -> None:
    assert holm([0.02]) == (0.02,)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_the_callers_bug(wrong: float) -> None:
    with pytest.raises(ValueError, match="p-values lie between 0 and 1"):
        holm([0.5, wrong])
