"""How often an interval over few models holds the truth, also where nearly all pairs agree.

A bench and people rank the same models, who are drawn anew in every world. Their scores are
normal and correlated, so that the share of pairs in one order is known: 1/2 + asin(rho) / pi.
"""

from collections.abc import Sequence

import numpy as np
import pytest

from stages.evidence.estimate import Estimate
from stages.stats.separability import Standing, agreement_with_people

WORLDS, LEVEL = 120, 0.95


def standings(scores: Sequence[float]) -> list[Standing]:
    return [Standing(score=s, low=s, high=s, mean=s, variance=0) for s in scores]


@pytest.mark.parametrize("truth", [0.75, 0.95, 0.99])
@pytest.mark.parametrize("models", [6, 8, 12, 20])
def test_intervals_hold_the_truth_however_near_to_its_limit(models: int, truth: float) -> None:
    random, alike = np.random.default_rng(models), np.sin((truth - 0.5) * np.pi)
    held = 0
    for _ in range(WORLDS):
        people, noise = random.normal(size=(2, models))
        bench = alike * people + np.sqrt(1 - alike**2) * noise
        ours, theirs = standings(bench.tolist()), standings(people.tolist())
        found = agreement_with_people(ours, theirs, level=LEVEL).strict
        assert isinstance(found, Estimate)
        assert found.low is not None
        assert found.high is not None
        held += found.low <= truth <= found.high
    print(f"{models} models, truth {truth}: {held / WORLDS:.3f}")
    assert held >= 0.91 * WORLDS
