import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stages.evidence.estimate import Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.sequential import lan_demets_bounds
from stages.stats.stagewise import StagewiseResult, Stopped, stagewise, stagewise_p

FIVE = tuple(k / 5 for k in range(1, 6))
BOUNDS = lan_demets_bounds(FIVE, alpha=0.025)


def effect(z: float, error: float = 0.1) -> Contrast:
    return Contrast(
        effect=z * error, standard_error=error, n=900, degrees_of_freedom=898, method="m"
    )


def at(look: int, information: tuple[float, ...] = FIVE) -> Stopped:
    return Stopped(information=information[:look], bounds=BOUNDS[: look - 1])


def result(found: StagewiseResult | Unmeasured) -> StagewiseResult:
    assert isinstance(found, StagewiseResult), found
    return found


def test_at_the_first_look_nothing_was_looked_at_before() -> None:
    from scipy.stats import norm

    found = result(stagewise(effect(5.2), at(1), level=0.95, unit="n"))
    estimate = found.estimate
    assert estimate.value == pytest.approx(0.52, rel=1e-9)
    assert (estimate.low, estimate.high) == pytest.approx(
        (0.52 - 0.1 * norm.isf(0.025), 0.52 + 0.1 * norm.isf(0.025)), rel=1e-9
    )
    assert found.p_value == pytest.approx(norm.sf(5.2), rel=1e-9)
    assert "median unbiased, stage-wise order" in estimate.method


@pytest.mark.parametrize("drift", [0.0, 2.1, -1.0])
@pytest.mark.parametrize("middle", [1.6, None])
def test_the_p_value_is_a_probability_of_three_correlated_looks(
    drift: float, middle: float | None
) -> None:
    from scipy.stats import multivariate_normal

    shares, bounds, z = np.array([0.3, 0.7, 1.0]), (2.4, middle), 1.3
    means = drift * np.sqrt(shares)
    correlation = np.sqrt(np.minimum.outer(shares, shares) / np.maximum.outer(shares, shares))
    stays = np.array([2.4, math.inf if middle is None else middle, z])
    less = multivariate_normal(means, correlation).cdf(stays)
    found = stagewise_p(Stopped(information=tuple(shares), bounds=bounds), z, drift=drift)
    assert found == pytest.approx(1 - less, abs=2e-5)


def test_a_crossing_at_the_bound_has_the_alpha_spent_so_far_as_its_p_value() -> None:
    from stages.stats.sequential import alpha_spent

    for look in range(2, 6):
        bound = BOUNDS[look - 1]
        assert bound is not None
        spent = alpha_spent(FIVE[look - 1], alpha=0.025)
        assert stagewise_p(at(look), bound) == pytest.approx(spent, rel=1e-8)


def test_at_the_final_bound_the_interval_ends_at_no_effect() -> None:
    assert BOUNDS[4] is not None
    found = result(stagewise(effect(BOUNDS[4]), at(5), level=0.95, unit="n"))
    assert found.estimate.low == pytest.approx(0, abs=1e-8)
    assert found.p_value == pytest.approx(0.025, rel=1e-8)
    assert found.estimate.value < 0.1 * BOUNDS[4]


@given(st.integers(1, 5), st.floats(-6, 8), st.floats(0.1, 5))
@settings(max_examples=30, deadline=None)
def test_lower_is_better_mirrors_the_result(look: int, z: float, error: float) -> None:
    higher = result(stagewise(effect(z, error), at(look), level=0.9, unit="n"))
    lower = result(
        stagewise(effect(-z, error), at(look), level=0.9, unit="n", higher_is_better=False)
    )
    assert lower.p_value == higher.p_value
    assert lower.estimate.value == -higher.estimate.value
    assert (lower.estimate.low, lower.estimate.high) == (
        -(higher.estimate.high or 0),
        -(higher.estimate.low or 0),
    )


@given(st.integers(1, 5), st.floats(-6, 8), st.floats(-4, 4), st.floats(0.01, 3))
@settings(max_examples=60, deadline=None)
def test_a_larger_effect_makes_the_outcome_likelier(
    look: int, z: float, drift: float, more: float
) -> None:
    assert stagewise_p(at(look), z, drift=drift + more) >= stagewise_p(at(look), z, drift=drift)


def test_the_ends_are_where_the_outcome_is_as_unlikely_as_said() -> None:
    found = result(stagewise(effect(3.1), at(4), level=0.9, unit="n")).estimate
    scale = math.sqrt(FIVE[3]) * 0.1
    for end, p in ((found.low, 0.05), (found.value, 0.5), (found.high, 0.95)):
        assert end is not None
        assert stagewise_p(at(4), 3.1, drift=end / scale) == pytest.approx(p, abs=1e-9)


def test_information_need_not_be_a_share_of_the_plan() -> None:
    """Twice the information everywhere is the same A/B in other units."""
    twice = Stopped(information=tuple(2 * t for t in FIVE[:4]), bounds=BOUNDS[:3])
    ours = result(stagewise(effect(3.1), at(4), level=0.9, unit="n"))
    theirs = result(stagewise(effect(3.1), twice, level=0.9, unit="n"))
    assert theirs.estimate.value == pytest.approx(ours.estimate.value, rel=1e-6)
    assert theirs.p_value == pytest.approx(ours.p_value, rel=1e-6)


def test_where_nothing_can_be_said_nothing_is() -> None:
    none = Unmeasured("no metric")
    assert stagewise(none, at(2), level=0.95, unit="n") is none
    close = Stopped(information=(0.5, 0.5001), bounds=(2.9,))
    near = stagewise(effect(2.0), close, level=0.95, unit="n")
    assert isinstance(near, Unmeasured)
    assert "too close" in near.reason
    unseen = Stopped(information=(0.5, 0.5001), bounds=(None,))
    assert isinstance(stagewise(effect(2.0), unseen, level=0.95, unit="n"), StagewiseResult)
    huge = stagewise(
        effect(1e9), Stopped(information=(0.5, 1.0), bounds=(-9.0,)), level=0.95, unit="n"
    )
    assert isinstance(huge, Unmeasured)
    assert "no finite end" in huge.reason


@pytest.mark.parametrize(
    ("information", "bounds"),
    [((), ()), ((1.0,), (2.0,)), ((0.5, 1.0), ()), ((0.5, 0.5), (2.0,)), ((-1.0,), ())],
)
def test_senseless_looks_are_refused(
    information: tuple[float, ...], bounds: tuple[float | None, ...]
) -> None:
    with pytest.raises(ValueError, match=r"bounds before|must increase"):
        Stopped(information=information, bounds=bounds)


@pytest.mark.parametrize("level", [0.0, 1.0, math.nan])
def test_senseless_levels_are_refused(level: float) -> None:
    with pytest.raises(ValueError, match="level"):
        stagewise(effect(1.0), at(2), level=level, unit="n")
