import numpy as np
import pytest

from stages.stats.score_walk import ScoreWalk


def test_one_look_is_the_normal_distribution() -> None:
    from scipy.stats import norm

    step = ScoreWalk(drift=1.3).to(0.25)
    assert step.crossing(1.96) == pytest.approx(norm.sf(1.96 - 1.3 * 0.5), rel=1e-12)
    assert ScoreWalk().to(0.5).bound_for(0.025) == pytest.approx(norm.isf(0.025), rel=1e-12)


@pytest.mark.parametrize("drift", [0.0, 2.0])
@pytest.mark.parametrize("two_sided", [False, True])
def test_two_looks_agree_with_the_bivariate_normal_distribution(
    *, drift: float, two_sided: bool
) -> None:
    from scipy.stats import multivariate_normal

    first, second, bounds = 0.3, 1.0, np.array([1.2, 1.5])
    means = drift * np.sqrt([first, second])
    rho = np.sqrt(first / second)
    joint = multivariate_normal(means, [[1, rho], [rho, 1]])
    low = -bounds if two_sided else np.full(2, -np.inf)
    stays = joint.cdf(bounds, lower_limit=low)
    step = ScoreWalk(drift=drift, two_sided=two_sided).to(first)
    crossed = step.crossing(1.2)
    crossed += step.stopped_at(1.2).to(second).crossing(1.5)
    assert crossed == pytest.approx(1 - stays, abs=1e-7)


@pytest.mark.parametrize("gain", [1.1e-3, 1e-2, 0.3])
def test_a_walk_without_bounds_keeps_its_mass_however_short_its_steps(gain: float) -> None:
    walk, share = ScoreWalk(), 0.5
    for _ in range(3):
        walk = walk.to(share).stopped_at(12.0)
        share /= 1 - gain
    assert walk.to(share).crossing(0.0) == pytest.approx(0.5, abs=1e-10)


def test_looks_too_close_together_are_refused() -> None:
    walk = ScoreWalk().to(0.5).stopped_at(2.0)
    with pytest.raises(ValueError, match="too close"):
        walk.to(0.5001)


def test_a_bound_below_all_mass_leaves_nothing_to_cross() -> None:
    walk = ScoreWalk().to(0.5).stopped_at(-20.0)
    assert walk.to(1.0).crossing(-1.0) == pytest.approx(0.0, abs=1e-30)


@pytest.mark.parametrize("shares", [(0.5, 0.502, 1.0), (0.01, 0.5, 0.502), (0.1, 0.9, 1.0)])
def test_looks_at_uneven_distances_agree_with_the_trivariate_normal_distribution(
    shares: tuple[float, ...],
) -> None:
    from scipy.stats import multivariate_normal

    bounds = np.array([0.7, 0.6, 0.5])
    least = np.minimum.outer(shares, shares)
    correlation = least / np.sqrt(np.outer(shares, shares))
    joint = multivariate_normal(np.zeros(3), correlation, abseps=1e-8, maxpts=10**6, seed=1)
    walk, crossed = ScoreWalk(), 0.0
    for share, bound in zip(shares, bounds, strict=True):
        step = walk.to(share)
        crossed += step.crossing(bound)
        walk = step.stopped_at(bound)
    assert crossed == pytest.approx(1 - joint.cdf(bounds), abs=2e-6)
