"""How often the intervals of one planned look hold the true effect.

A small version always, the full size under `make simulate`: 95 +- 0.4 % where `stages.stats.doubts`
has nothing to say.
"""

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stages.evidence.estimate import Estimate
from stages.stats.experiments import Contrast, MetricColumns, difference, interval, ratio
from stages.stats.levels import normal_quantile
from stages.stats.moments import Moments, from_values
from stages.stats.quantiles import QuantileArm, contrast_of_quantiles
from stages.stats.two_shares import ArmShare, difference_ends

Floats = NDArray[np.float64]
Generator = np.random.Generator
Arms = tuple[Moments, Moments]
Once = Callable[[Generator], bool]

LEVEL = 0.95
SMALL, FULL = 400, 40_000
"""Repetitions; three Monte Carlo errors of a coverage are 3.3 and 0.33 points."""

MEAN = MetricColumns(numerator="y")
ADJUSTED = MetricColumns(numerator="y", covariates=("x",))
PER_X = MetricColumns(numerator="y", denominator="x")


def holds(found: Estimate | object, truth: float) -> bool:
    assert isinstance(found, Estimate)
    assert found.low is not None
    assert found.high is not None
    return found.low <= truth <= found.high


def of_columns(*columns: Floats) -> Moments:
    return from_values(np.column_stack(columns), ("y", "x")[: len(columns)])


def means(draw: Callable[[Generator, int], Floats], sizes: tuple[int, int]) -> Once:
    """Equal arms of values drawn like this."""

    def once(random: Generator) -> bool:
        control, treatment = (of_columns(draw(random, n)) for n in sizes)
        return holds(difference(control, treatment, MEAN, level=LEVEL, unit="n"), 0.0)

    return once


def shares(p: float, lift: float, sizes: tuple[int, int]) -> Once:
    critical = normal_quantile((1 - LEVEL) / 2)

    def once(random: Generator) -> bool:
        control, treatment = (
            ArmShare(value=random.binomial(n, rate) / n, n=n)
            for n, rate in zip(sizes, (p, p * (1 + lift)), strict=True)
        )
        found = difference_ends(control, treatment, critical=critical)
        return found.low <= p * lift <= found.high

    return once


def visits(n: int, *, relative: bool) -> Once:
    """Orders per visit, where units differ in how often they come and in how often they order."""

    def arm(random: Generator, rate: float) -> Moments:
        came = random.poisson(random.gamma(2.0, 2.0, n)) + 1.0
        taste = random.beta(4 * rate, 4 * (1 - rate), n)
        return of_columns(random.binomial(came.astype(int), taste).astype(float), came)

    def once(random: Generator) -> bool:
        control, treatment = arm(random, 0.3), arm(random, 0.33)
        if relative:
            return holds(ratio(control, treatment, PER_X, level=LEVEL), 1.1)
        return holds(difference(control, treatment, PER_X, level=LEVEL, unit="share"), 0.03)

    return once


def adjusted(
    sizes: tuple[int, int], slopes: tuple[float, float], *, relative: bool = False
) -> Once:
    """Values that a covariate explains, with an effect of 0.2 on a mean of 3."""

    def once(random: Generator) -> bool:
        arms = []
        for n, slope, mean in zip(sizes, slopes, (3.0, 3.2), strict=True):
            x = random.normal(0, 1, n)
            arms.append(of_columns(mean + slope * x + random.normal(0, 1, n), x))
        if relative:
            return holds(ratio(*arms, ADJUSTED, level=LEVEL), 3.2 / 3)
        return holds(difference(*arms, ADJUSTED, level=LEVEL, unit="n"), 0.2)

    return once


def latencies(units: int) -> Once:
    """The ninth decile of events, up to five a unit, that share their unit's luck."""

    def arm(random: Generator) -> QuantileArm:
        events = random.integers(1, 6, units)
        luck = np.repeat(random.normal(0, 0.5, units), events)
        values = np.exp(luck + random.normal(0, 0.5, len(luck)))
        value = float(np.quantile(values, 0.9))
        below = np.add.reduceat(values <= value, events.cumsum() - events).astype(float)
        gap = below - events * below.sum() / events.sum()
        error = float(gap.std(ddof=1)) / np.sqrt(units) / float(events.mean())
        low, high = np.quantile(values, [0.9 - 1.96 * error, 0.9 + 1.96 * error])
        return QuantileArm(value=value, standard_error=float(high - low) / 2 / 1.96, n=units)

    def once(random: Generator) -> bool:
        found = contrast_of_quantiles(arm(random), arm(random))
        assert isinstance(found, Contrast)
        return holds(interval(found, level=LEVEL, unit="ms"), 0.0)

    return once


def exponential(random: Generator, n: int) -> Floats:
    """Skewness 2."""
    return random.standard_exponential(n)


def gamma(random: Generator, n: int) -> Floats:
    """Skewness 1."""
    return random.standard_gamma(4.0, n)


def lognormal(random: Generator, n: int) -> Floats:
    """Skewness 3.69."""
    return np.exp(random.normal(0, 0.8, n))


RHO_07 = 0.7 / (1 - 0.7**2) ** 0.5
"""The slope at which a covariate's correlation is 0.7."""

CASES = [
    pytest.param(means(Generator.standard_normal, (250, 500)), id="means"),
    pytest.param(means(exponential, (1_600, 1_600)), id="heavy-tails"),
    pytest.param(means(gamma, (3_600, 400)), id="heavy-tails-at-90-10"),
    pytest.param(means(lognormal, (5_450, 5_450)), id="lognormal"),
    pytest.param(shares(0.02, 0.0, (10_000, 10_000)), id="shares"),
    pytest.param(shares(0.0005, 0.2, (400_000, 400_000)), id="rare-shares"),
    pytest.param(shares(0.001, 0.0, (1_800_000, 200_000)), id="rare-shares-at-90-10"),
    pytest.param(visits(400, relative=False), id="ratios"),
    pytest.param(visits(400, relative=True), id="ratios-relative"),
    pytest.param(latencies(2_000), id="quantiles"),
    pytest.param(adjusted((400, 400), (RHO_07, RHO_07)), id="cuped"),
    pytest.param(adjusted((300, 2_700), (0.5, 1.5)), id="cuped-10-90-slopes"),
    pytest.param(adjusted((2_700, 300), (0.5, 1.5)), id="cuped-90-10-slopes"),
    pytest.param(adjusted((300, 2_700), (0.5, 1.5), relative=True), id="cuped-relative"),
]


def coverage(once: Once, repetitions: int) -> float:
    random = np.random.default_rng(20_261_122)
    return sum(once(random) for _ in range(repetitions)) / repetitions


@pytest.mark.parametrize("once", CASES)
def test_intervals_of_one_look_cover_about_their_level(once: Once) -> None:
    assert coverage(once, SMALL) == pytest.approx(LEVEL, abs=0.035)


@pytest.mark.slow
@pytest.mark.parametrize("once", CASES)
def test_intervals_of_one_look_cover_their_level_in_full(
    once: Once, request: pytest.FixtureRequest
) -> None:
    found = coverage(once, FULL)
    print(f"{request.node.callspec.id}: covers {found:.4f}")
    assert found == pytest.approx(LEVEL, abs=0.004)
