"""Full-size error rates of the online rules; each test prints what it measured."""

import math

import numpy as np
import pytest

from stages.evidence.estimate import Bounds, Estimate
from stages.stats.confidence_sequence import best_rho_squared, half_width
from stages.stats.experiments import MetricColumns, contrast, difference, ratio
from stages.stats.moments import Moments, from_values, merge
from stages.stats.sample_ratio import CONCENTRATION, chi_square, sequential
from stages.stats.sequential import (
    OBRIEN_FLEMING,
    POCOCK,
    Spending,
    crossing_probabilities,
    lan_demets_bounds,
)

pytestmark = pytest.mark.slow
TRIALS = 200_000
FIXED_DRIFT = 1.9599640 + 0.8416212
"""Expected z at which a fixed sample has power 0.80 at one-sided 0.025."""


def scores(rng: np.random.Generator, looks: np.ndarray, *, drift: float = 0.0) -> np.ndarray:
    """z at each look, shape (TRIALS, looks)."""
    gains = np.diff(looks, prepend=0.0)
    steps = rng.normal(drift * gains, np.sqrt(gains), (TRIALS, len(looks)))
    return steps.cumsum(axis=1) / np.sqrt(looks)


@pytest.mark.parametrize("spending", [OBRIEN_FLEMING, POCOCK], ids=["obf", "pocock"])
@pytest.mark.parametrize("number", [5, 14])
def test_looks_without_an_effect_cross_upward_with_probability_alpha(
    number: int, spending: Spending
) -> None:
    looks = np.arange(1, number + 1) / number
    bounds = np.array(lan_demets_bounds(tuple(looks), alpha=0.025, spending=spending), dtype=float)
    rate = (scores(np.random.default_rng(number), looks) > bounds).any(axis=1).mean()
    print(f"{number} looks, {spending.kind}: P(cross upward | no effect) = {rate:.5f} of 0.025")
    assert rate == pytest.approx(0.025, abs=4 * math.sqrt(0.025 / TRIALS))


def test_fourteen_looks_keep_most_of_the_power_with_less_of_the_sample() -> None:
    looks = np.arange(1, 15) / 14
    bounds = lan_demets_bounds(tuple(looks), alpha=0.025)
    z = scores(np.random.default_rng(1), looks, drift=FIXED_DRIFT)
    crossed = z > np.array(bounds, dtype=float)
    power = crossed.any(axis=1).mean()
    stop = np.where(crossed.any(axis=1), crossed.argmax(axis=1), 13)
    sample = looks[stop].mean()
    exact = sum(crossing_probabilities(tuple(looks), bounds, drift=FIXED_DRIFT))
    print(f"14 looks: power {power:.4f} (computed {exact:.4f}) at {sample:.3f} of the sample")
    assert power == pytest.approx(exact, abs=0.004)
    assert power == pytest.approx(0.784, abs=0.01)
    assert sample == pytest.approx(0.76, abs=0.02)


def test_peeking_with_a_plain_quantile_errs_often_and_with_the_sequence_rarely() -> None:
    looks = np.arange(1, 15) / 14
    z = scores(np.random.default_rng(2), looks)
    naive = (np.abs(z) > 1.96).any(axis=1).mean()
    n = (looks * 14_000).astype(int)
    rho_squared = best_rho_squared(14_000, alpha=0.05, two_sided=True)
    widths = [
        half_width(int(k), 1.0, alpha=0.05, rho_squared=rho_squared, two_sided=True) for k in n
    ]
    rate = (np.abs(z) > np.array(widths)).any(axis=1).mean()
    print(f"14 looks at two-sided 0.05: naive 1.96 errs {naive:.4f}, the sequence {rate:.4f}")
    assert naive == pytest.approx(0.219, abs=0.01)
    assert rate == pytest.approx(0.010, abs=0.004)


@pytest.mark.parametrize("two_sided", [False, True])
def test_reading_after_every_unit_misses_less_often_than_alpha(*, two_sided: bool) -> None:
    rng, trials, horizon, alpha = np.random.default_rng(3), 20_000, 10_000, 0.05
    rho_squared = best_rho_squared(2000, alpha=alpha, two_sided=two_sided)
    n = np.arange(100, horizon + 1)
    widths = np.array(
        [
            half_width(int(k), k**-0.5, alpha=alpha, rho_squared=rho_squared, two_sided=two_sided)
            for k in n
        ]
    )
    missed = 0
    for _ in range(trials // 200):
        means = rng.exponential(1, (200, horizon)).cumsum(axis=1)[:, 99:] / n - 1
        missed += int(((np.abs(means) if two_sided else means) > widths).any(axis=1).sum())
    print(f"exponential units, two-sided {two_sided}: ever missed {missed / trials:.4f} of {alpha}")
    assert missed / trials <= alpha + 3 * math.sqrt(alpha / trials)


def test_the_sequential_sample_ratio_withstands_two_hundred_looks() -> None:
    rng, trials, looks, batch = np.random.default_rng(4), 2000, 200, 500
    rates = {}
    for share in (0.5, 0.51):
        alarms = np.zeros(2)
        for first in rng.binomial(batch, share, (trials, looks)).cumsum(axis=1):
            counts = [(int(a), batch * (k + 1) - int(a)) for k, a in enumerate(first)]
            for i, test in enumerate((sequential, chi_square)):
                found = (test(pair, (1, 1)) for pair in counts)
                alarms[i] += any(not hasattr(f, "reason") and f.alarms(0.01) for f in found)
        rates[share] = alarms / trials
    print(
        f"200 looks at 0.01, c = {CONCENTRATION:g}: false alarms {rates[0.5][0]:.4f} (chi-square "
        f"{rates[0.5][1]:.4f}), power at 51/49 {rates[0.51][0]:.4f}"
    )
    assert rates[0.5][0] <= 0.01
    assert rates[0.5][1] > 0.08
    assert rates[0.51][0] > 0.98


@pytest.mark.parametrize("effect", [0.0, 0.25])
def test_repeated_intervals_cover_at_every_look_together(effect: float) -> None:
    rng, trials, looks, per_look = np.random.default_rng(5), 3000, 5, 60
    bounds = lan_demets_bounds(tuple(k / looks for k in range(1, looks + 1)), alpha=0.025)
    columns, missed = MetricColumns(numerator="y"), np.zeros(2)
    for _ in range(trials):
        ever = np.zeros(2, dtype=bool)
        arms: list[Moments] = [from_values(np.empty((0, 1)), ("y",))] * 2
        for bound in bounds:
            batches = [rng.exponential(1, (per_look, 1)) + shift for shift in (0, effect)]
            arms = [merge(a, from_values(b, ("y",))) for a, b in zip(arms, batches, strict=True)]
            found = difference(arms[0], arms[1], columns, level=0.95, unit="number", critical=bound)
            assert isinstance(found, Estimate)
            assert found.bounds is Bounds.TWO_SIDED
            assert found.low is not None
            assert found.high is not None
            ever |= np.array([found.low > effect, found.high < effect])
        missed += ever
    print(f"effect {effect}: ever below {missed[1] / trials:.4f}, above {missed[0] / trials:.4f}")
    assert (missed / trials <= 0.025 + 3 * math.sqrt(0.025 / trials)).all()


def test_fieller_covers_the_relative_value_of_skewed_metrics() -> None:
    rng, trials, covered = np.random.default_rng(6), 20_000, 0
    columns = MetricColumns(numerator="y")
    for _ in range(trials):
        control, treatment = (from_values(rng.exponential(m, (150, 1)), ("y",)) for m in (1.0, 1.2))
        found = ratio(control, treatment, columns, level=0.95)
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        covered += found.low <= 1.2 <= found.high
    print(f"Fieller, exponential, 150 per arm: covers {covered / trials:.4f} of 0.95")
    assert covered / trials == pytest.approx(0.95, abs=0.01)


def test_covariates_keep_the_error_rate_at_ten_to_ninety() -> None:
    rng, trials, wrong = np.random.default_rng(7), 20_000, 0
    columns = MetricColumns(numerator="y", covariates=("x",))
    for _ in range(trials):
        arms = []
        for n, slope in ((500, 0.5), (60, 1.5)):
            x = rng.normal(0, 1, n)
            arms.append(
                from_values(np.column_stack([slope * x + rng.normal(0, 1, n), x]), ("y", "x"))
            )
        found = contrast(arms[0], arms[1], columns)
        assert not hasattr(found, "reason")
        wrong += abs(found.z) > 2.0  # type: ignore[union-attr]
    print(f"CUPED, slopes 0.5 and 1.5 at 90/10: |z| > 2 in {wrong / trials:.4f} (normal 0.0455)")
    assert wrong / trials == pytest.approx(0.0455, abs=0.012)
