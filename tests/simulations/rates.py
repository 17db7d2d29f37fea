"""Shares of simulated decisions, and evidence without a checkpoint behind it."""

import math
from collections.abc import Callable, Iterable

import numpy as np

from stages.evidence.records import (
    Check,
    Cost,
    Evidence,
    Look,
    Measurement,
    Provenance,
    StageName,
)

Generator = np.random.Generator


def rate(of: Callable[[Generator], bool], repetitions: int, *, seed: int = 1) -> float:
    """Share of repetitions in which something happens."""
    random = np.random.default_rng(seed)
    return sum(of(random) for _ in range(repetitions)) / repetitions


def noise(probability: float, repetitions: int) -> float:
    """Standard error of a simulated share."""
    return math.sqrt(max(probability * (1 - probability), 1e-4) / repetitions)


def evidence_of(
    stage: StageName,
    measurements: Iterable[Measurement],
    *,
    checks: tuple[Check, ...] = (),
    look: Look | None = None,
) -> Evidence:
    """Evidence of a candidate against a baseline."""
    return Evidence(
        stage=stage,
        candidate="models:/assistant/2",
        baseline="models:/assistant/1",
        measurements=tuple(measurements),
        checks=checks,
        look=look,
        cost=Cost(),
        provenance=Provenance(candidate="c", baseline="b", plan="p", data=(), code="0"),
    )
