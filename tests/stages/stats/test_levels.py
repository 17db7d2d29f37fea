import pytest
from scipy import stats

from stages.stats.levels import normal_quantile, t_quantile, tail_of


def test_each_end_of_an_equal_tailed_interval_leaves_half_of_the_error() -> None:
    assert tail_of(0.9) == pytest.approx(0.05)


@pytest.mark.parametrize("level", [0.0, 1.0, -0.5, 1.5, float("nan")])
def test_an_impossible_level_is_the_callers_bug(level: float) -> None:
    with pytest.raises(ValueError, match="level must lie between 0 and 1"):
        tail_of(level)


@pytest.mark.parametrize("tail", [0.4, 0.05, 0.025, 1e-6])
def test_quantiles_are_scipys(tail: float) -> None:
    assert normal_quantile(tail) == pytest.approx(stats.norm.isf(tail))
    assert t_quantile(tail, 7) == pytest.approx(stats.t.isf(tail, 7))
