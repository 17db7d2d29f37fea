import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from stages.stats.holm import holm


def rejected(pvalues: list[float], alpha: float) -> set[int]:
    """Holm's procedure as he wrote it: reject from the smallest on, and stop at the first miss."""
    found: set[int] = set()
    for rank, index in enumerate(sorted(range(len(pvalues)), key=pvalues.__getitem__)):
        if pvalues[index] > alpha / (len(pvalues) - rank):
            break
        found.add(index)
    return found


@given(st.lists(st.floats(0, 1), max_size=12), st.sampled_from((0.025, 0.05, 0.2)))
def test_what_is_at_most_alpha_is_what_the_procedure_rejects(
    pvalues: list[float], alpha: float
) -> None:
    near = [p for p in holm(pvalues) if abs(p - alpha) < 1e-12]
    if not near:
        adjusted = holm(pvalues)
        assert {i for i, p in enumerate(adjusted) if p <= alpha} == rejected(pvalues, alpha)


def test_adjusted_values_are_those_of_statsmodels() -> None:
    rng = np.random.default_rng(1979)
    for size in (1, 2, 5, 30):
        pvalues = [float(p) for p in rng.random(size) ** 3]
        assert list(holm(pvalues)) == pytest.approx(multipletests(pvalues, method="holm")[1])


def test_nothing_is_adjusted_to_nothing_and_one_stays_as_it_is() -> None:
    assert holm([]) == ()
    assert holm([0.02]) == (0.02,)


@pytest.mark.parametrize("wrong", [-0.1, 1.1, float("nan")])
def test_what_is_no_p_value_is_the_callers_bug(wrong: float) -> None:
    with pytest.raises(ValueError, match="p-values lie between 0 and 1"):
        holm([0.5, wrong])
