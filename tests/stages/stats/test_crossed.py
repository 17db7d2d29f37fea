import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.stats.clusters import Floats, cluster_totals
from stages.stats.crossed import CrossedSpread, Spread, crossed_jackknife, numbered, share_within
from stages.stats.ranges import Range

VALUES = np.random.default_rng(1).random(60)
PROMPTS = [i // 3 for i in range(60)]
ANNOTATORS = [i % 7 for i in range(60)]


def mean_without(groups: np.ndarray) -> Floats:
    return np.array([VALUES[groups != g].mean() for g in range(groups.max() + 1)])


def spread(variance: float, degrees: float) -> Spread:
    return Spread(variance=variance, degrees=degrees)


def test_the_jackknife_of_a_mean_is_that_of_its_totals() -> None:
    found = crossed_jackknife(mean_without, PROMPTS, ANNOTATORS, weights=np.ones(60), fitted=1)
    column = VALUES[:, None]
    assert found.annotators is not None
    assert found.cells is not None
    for part, names in (
        (found.prompts, PROMPTS),
        (found.annotators, ANNOTATORS),
        (found.cells, list(zip(PROMPTS, ANNOTATORS, strict=True))),
    ):
        expected = Spread.of_mean(cluster_totals(column, names))
        assert part.variance == pytest.approx(expected.variance, rel=2e-2)
        assert part.degrees == pytest.approx(expected.degrees)


def test_without_annotators_prompts_alone_count() -> None:
    found = crossed_jackknife(mean_without, PROMPTS, None, weights=np.ones(60), fitted=1)
    assert found.total == found.prompts
    assert found.total.degrees == pytest.approx(19)


def test_fitted_parameters_cost_degrees_of_freedom() -> None:
    assert (
        crossed_jackknife(mean_without, PROMPTS, None, weights=np.ones(60), fitted=5).total.degrees
        == 15
    )
    assert (
        crossed_jackknife(mean_without, PROMPTS, None, weights=np.ones(60), fitted=50).total.degrees
        == 0.1
    )


@given(st.tuples(*[st.floats(0, 10)] * 3), st.tuples(*[st.floats(0.1, 50)] * 3))
def test_the_total_is_at_least_each_clustering_and_its_degrees_the_fewest(
    variances: tuple[float, float, float], degrees: tuple[float, float, float]
) -> None:
    parts = [spread(v, d) for v, d in zip(variances, degrees, strict=True)]
    total = CrossedSpread(prompts=parts[0], annotators=parts[1], cells=parts[2]).total
    assert total.variance >= max(variances[:2])
    assert total.degrees >= min(degrees)


def test_degrees_of_freedom_are_satterthwaites() -> None:
    found = CrossedSpread(prompts=spread(4, 50), annotators=spread(2, 9), cells=spread(1, 99))
    assert found.total.variance == 5
    assert found.total.degrees == pytest.approx(25 / (16 / 50 + 4 / 9 + 1 / 99))


def test_few_annotators_take_the_fewest_degrees() -> None:
    found = CrossedSpread(prompts=spread(4, 50), annotators=spread(2, 3.9), cells=spread(1, 99))
    assert found.total.degrees == 3.9


def test_names_are_numbered_in_order_of_appearance() -> None:
    assert numbered(["b", "a", "b"]).tolist() == [0, 1, 0]


def test_a_share_beyond_its_limits_is_taken_to_the_nearer_end() -> None:
    exact = Range(low=0.9, high=1.0)
    assert share_within(1.02, spread(0.01, 9), exact=exact, tail=0.025) == exact
    assert share_within(0.5, spread(0, 9), exact=None, tail=0.025) == Range(low=0.5, high=0.5)


def test_an_exact_range_only_widens() -> None:
    alone = share_within(0.9, spread(0.001, 30), exact=None, tail=0.025)
    exact = Range(low=0.95, high=0.99)
    assert share_within(0.9, spread(0.001, 30), exact=exact, tail=0.025) == Range(
        low=alone.low, high=max(alone.high, 0.99)
    )
