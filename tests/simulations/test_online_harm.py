"""How often users are said to be harmed who are not, over fifty looks; full size: `make simulate`.

Skewed values in arms of 90 and 10 %: the small arm's mean is far from normal at the first looks,
and an end that was wrong once counts for ever after.
"""

from collections.abc import Callable

import numpy as np
import pytest

from stages.evidence.estimate import Bounds, Estimate
from stages.online.harm import Harm, sequences
from stages.online.look_data import MetricArms
from stages.stats.experiments import MetricColumns
from stages.stats.moments import Moments
from tests.simulations.rates import Generator, noise

ALPHA = 0.05
LOOKS, UNITS = 50, 2_000
SMALL, FULL = 100, 3_000
COLUMNS = MetricColumns(numerator="value")

Draw = Callable[[Generator, int], np.ndarray]


def harm_of(*, upper: bool, shares: bool) -> Harm:
    return Harm(
        columns=COLUMNS,
        alpha=ALPHA,
        planned_units=UNITS,
        burn_in_units=100,
        unit="number",
        bounds=Bounds.UPPER if upper else Bounds.LOWER,
        shares=shares,
    )


def arm_at(values: np.ndarray, units: np.ndarray) -> list[tuple[Moments, float]]:
    """Moments and skewness of the first so many units."""
    first, second, third = (np.cumsum(values**power)[units - 1] / units for power in (1, 2, 3))
    variance = np.maximum(second - first**2, 0)
    central = third - 3 * first * second + 2 * first**3
    skewness = np.divide(central, variance**1.5, out=np.zeros_like(central), where=variance > 1e-12)
    return [
        (
            Moments(
                n=int(n),
                names=("value",),
                mean=(float(mean),),
                covariance=((float(spread * n / (n - 1)),),),
            ),
            float(skew),
        )
        for n, mean, spread, skew in zip(units, first, variance, skewness, strict=True)
    ]


def stops(draw: Draw, random: Generator, harm: Harm, *, share: float) -> bool:
    """Whether equal arms are ever told apart on the harmful side."""
    total = np.linspace(UNITS / LOOKS, UNITS, LOOKS)
    arms = [
        arm_at(draw(random, round(UNITS * part)), np.maximum(2, np.round(total * part).astype(int)))
        for part in (share, 1 - share)
    ]
    for (control, of_control), (treatment, of_treatment) in zip(*arms, strict=True):
        found, _ = sequences(
            MetricArms(
                metric="value",
                champion=control,
                challenger=treatment,
                skewness=(of_control, of_treatment),
            ),
            harm,
        )
        if isinstance(found, Estimate) and (
            (found.high is not None and found.high < 0) or (found.low is not None and found.low > 0)
        ):
            return True
    return False


def false_stops(draw: Draw, paths: int, *, upper: bool, shares: bool, share: float) -> float:
    random, harm = np.random.default_rng(1), harm_of(upper=upper, shares=shares)
    return sum(stops(draw, random, harm, share=share) for _ in range(paths)) / paths


CASES = [
    pytest.param("normal", lambda r, n: r.normal(size=n), False, id="normal"),
    pytest.param("exponential", lambda r, n: r.exponential(size=n), False, id="exponential"),
    pytest.param("log-normal", lambda r, n: r.lognormal(size=n), False, id="log-normal"),
    pytest.param("rate", lambda r, n: (r.random(n) < 0.05).astype(float), True, id="rate of 5 %"),
]


@pytest.mark.parametrize(("name", "draw", "shares"), CASES)
def test_users_who_are_not_harmed_are_seldom_said_to_be(
    name: str, draw: Draw, *, shares: bool
) -> None:
    found = false_stops(draw, SMALL, upper=True, shares=shares, share=0.9)
    assert found <= ALPHA + 3 * noise(ALPHA, SMALL), name


@pytest.mark.slow
@pytest.mark.parametrize("share", [0.5, 0.9])
@pytest.mark.parametrize("upper", [True, False])
@pytest.mark.parametrize(("name", "draw", "shares"), CASES)
def test_users_who_are_not_harmed_are_seldom_said_to_be_in_full(
    name: str, draw: Draw, *, shares: bool, upper: bool, share: float
) -> None:
    found = false_stops(draw, FULL, upper=upper, shares=shares, share=share)
    end = "below" if upper else "above"
    print(f"harm, {name} at {share:g}: said to be {end} in {found:.4f} (at most {ALPHA})")
    assert found <= ALPHA + 2.5 * noise(ALPHA, FULL)
