"""False alarms and power of the split by phase, over 200 looks; each test prints its figure."""

import numpy as np
import pytest
from scipy.special import gammaln

from stages.online.splits import split_of
from tests.stages.online.plans import plan_of
from tests.stages.online.test_splits import RAMP, SHARES, look

pytestmark = pytest.mark.slow
TRIALS, LOOKS, BATCH, CONCENTRATION = 100_000, 200, 400, 1000.0
PHASE = np.minimum(np.arange(LOOKS) * 3 // LOOKS, 2)


def log_factors(champion: np.ndarray, total: np.ndarray, share: float) -> np.ndarray:
    """Log Bayes factor of each path's counts; the vectorised twin of the code."""
    a, b = CONCENTRATION * share, CONCENTRATION * (1 - share)
    other = total - champion
    known = gammaln(a + b) - gammaln(a + b + total)
    known = known + gammaln(a + champion) - gammaln(a) + gammaln(b + other) - gammaln(b)
    return np.asarray(known - champion * np.log(share) - other * np.log(1 - share))


def ever(true_shares: tuple[float, ...], *, seed: int, trials: int = TRIALS) -> dict[float, float]:
    """Share of paths whose mean of factors ever exceeds 1 / alpha, by alpha."""
    rng = np.random.default_rng(seed)
    champion, total = np.zeros((3, trials)), np.zeros(3)
    factors, most = np.zeros((3, trials)), np.full(trials, -np.inf)
    for phase in PHASE:
        champion[phase] += rng.binomial(BATCH, true_shares[phase], trials)
        total[phase] += BATCH
        factors[phase] = log_factors(champion[phase], total[phase], SHARES[phase])
        most = np.maximum(most, np.logaddexp.reduce(factors, axis=0) - np.log(3))
    return {alpha: float((most > -np.log(alpha)).mean()) for alpha in (0.01, 0.05)}


def test_the_twin_agrees_with_the_code() -> None:
    counts = ((9_950, 50), (9_020, 980), (5_100, 4_900))
    found = split_of(plan_of(ramp=RAMP), look(*counts))
    twins = [
        log_factors(np.array([a]), np.array([a + b]), share)[0]
        for (a, b), share in zip(counts, SHARES, strict=True)
    ]
    assert not hasattr(found, "reason")
    assert [phase.log_factor for phase in found.phases] == pytest.approx(twins)


def test_a_ramp_as_planned_is_rarely_called_broken_at_any_of_two_hundred_looks() -> None:
    rates = ever(SHARES, seed=1)
    print(f"3 phases x {LOOKS} looks, {TRIALS:,} paths: ever called broken {rates}")
    for alpha, rate in rates.items():
        assert rate <= alpha


@pytest.mark.parametrize("broken", range(3))
def test_one_phase_that_is_off_is_found(broken: int) -> None:
    shares = [*SHARES]
    shares[broken] -= 0.02
    rate = ever(tuple(shares), seed=2 + broken, trials=2_000)[0.01]
    print(f"phase {broken} at {shares[broken]:.2f} of {SHARES[broken]:.2f}: found {rate:.4f}")
    assert rate > 0.97
