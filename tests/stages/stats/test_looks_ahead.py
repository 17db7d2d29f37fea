"""What the looks to come likely say: against exact power where the truth is all but known."""

import numpy as np
import pytest

from stages.stats.looks_ahead import Ahead, Standing, ahead
from stages.stats.sequential import conditional_power, crossing_probabilities

RANDOM = np.random.default_rng


def test_early_in_an_ab_it_is_the_power_of_what_was_expected() -> None:
    """With almost no data the drift is as expected, give or take the effects beforehand."""
    found = ahead(
        Standing(z=0.0, information=1e-6, expected=3.0),
        information=[0.5, 1.0],
        bounds=[2.96, 1.97],
        random=RANDOM(1),
    )
    drifts = RANDOM(2).normal(3.0, 2.8, 300)
    exact = [crossing_probabilities([0.5, 1.0], [2.96, 1.97], drift=d) for d in drifts]
    assert found.by_look == pytest.approx(np.mean(exact, axis=0), abs=0.04)


def test_late_in_an_ab_it_is_nearly_the_conditional_power() -> None:
    found = ahead(
        Standing(z=1.8, information=0.95), information=[1.0], bounds=[1.97], random=RANDOM(1)
    )
    trend = conditional_power(1.8, 0.95, final_bound=1.97)
    assert found.passes == pytest.approx(trend, abs=0.04)


def test_a_trend_is_drawn_to_what_was_expected() -> None:
    looks = {"information": [1.0], "bounds": [1.97]}
    hopeful, plain = (
        ahead(Standing(z=1.0, information=0.3, expected=e), random=RANDOM(1), **looks).passes  # type: ignore[arg-type]
        for e in (4.0, 0.0)
    )
    assert hopeful > plain
    assert plain < conditional_power(1.0, 0.3, final_bound=1.97)


def test_a_look_without_a_bound_never_passes() -> None:
    found = ahead(
        Standing(z=9.0, information=0.3),
        information=[0.5, 1.0],
        bounds=[None, 2.0],
        random=RANDOM(1),
    )
    assert found.by_look[0] == 0
    assert found.passes == pytest.approx(1)


def test_the_first_look_that_reaches_a_share() -> None:
    found = Ahead(by_look=(0.05, 0.3, 0.2))
    assert [found.within(share) for share in (0.05, 0.1, 0.5, 0.9)] == [0, 1, 2, None]


@pytest.mark.parametrize(
    ("information", "bounds"), [([], []), ([0.2], [2.0]), ([0.6, 0.5], [2.0, 2.0]), ([0.9], [])]
)
def test_looks_that_do_not_follow_are_refused(
    information: list[float], bounds: list[float | None]
) -> None:
    at = Standing(z=1.0, information=0.3)
    with pytest.raises(ValueError, match="bounds of looks"):
        ahead(at, information=information, bounds=bounds, random=RANDOM(1))


@pytest.mark.parametrize(("z", "information"), [(np.inf, 0.5), (1.0, 0.0), (1.0, np.inf)])
def test_a_standing_is_finite_and_has_information(z: float, information: float) -> None:
    with pytest.raises(ValueError, match=r"finite|information"):
        Standing(z=z, information=information)
