"""What the looks to come of a running A/B likely say, from the current one.

Conditional power takes the trend so far for the truth, or the plan's effect. Predictive power
averages over what is likely true given both (Spiegelhalter, Freedman and Blackburn 1986; Jennison
and Turnbull 2000, section 10.3): a trend early in an A/B is mostly chance.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stages.stats.clusters import Floats

EFFECTS = 2.8
"""Standard deviation of likely effects before the A/B, in standard errors at its planned end: that
of an effect which the plan finds four times in five (1.96 + 0.84)."""

PATHS = 20_000
"""Simulated courses; a probability is off by at most 0.0035 (one standard error)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A running A/B at its current look, by one criterion.

    Attributes:
        z: How far the estimate lies inside the limit, in its standard errors.
        information: Share of the planned information so far, above 0.
        expected: How far inside the limit was expected, in standard errors at information 1: 0 for
            an effect that must be better than none, the margin for one that must not be worse.
    """

    z: float
    information: float
    expected: float = 0.0

    def __post_init__(self) -> None:
        if not (math.isfinite(self.z) and math.isfinite(self.expected)):
            raise ValueError(f"z ({self.z}) and what is expected ({self.expected}) are finite")
        if not 0 < self.information < math.inf:
            raise ValueError(f"information is above 0, not {self.information}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What is likely to come.

    Attributes:
        by_look: Probability that the limit is shown to be kept for the first time at each look.
        passes: Probability that any of them shows it.
    """

    by_look: tuple[float, ...]

    @property
    def passes(self) -> float:
        """Probability that one of the looks to come shows it."""
        return min(1.0, sum(self.by_look))

    def within(self, share: float) -> int | None:
        """Place of the first look by which the limit is shown with such a probability."""
        reached = np.cumsum(self.by_look) >= share
        return int(reached.argmax()) if reached.any() else None


def ahead(
    standing: Standing,
    *,
    information: Sequence[float],
    bounds: Sequence[float | None],
    random: np.random.Generator,
) -> Ahead:
    """How likely each look to come shows that a limit is kept.

    The score z sqrt(t) moves as Brownian motion with a drift that is likely as the data so far and
    what was expected say together.

    Args:
        standing: The current look.
        information: Share of the planned information at each look to come, increasing.
        bounds: The bound of each, in standard errors; None at one that cannot decide.
        random: Source of chance.

    Raises:
        ValueError: No look to come, or information that does not increase.
    """
    times = np.array([standing.information, *information])
    if len(times) == 1 or len(bounds) != len(information) or not np.all(np.diff(times) > 0):
        raise ValueError(f"{len(bounds)} bounds of looks at information {list(information)}")
    steps = np.diff(times)
    drifts = _drifts(standing, random)
    moves = random.normal(drifts[:, None] * steps, np.sqrt(steps), (PATHS, len(steps)))
    score = standing.z * math.sqrt(standing.information)
    z = (score + moves.cumsum(axis=1)) / np.sqrt(times[1:])
    crossed = z > np.array([math.inf if bound is None else bound for bound in bounds])
    first = crossed & (crossed.cumsum(axis=1) == 1)
    return Ahead(by_look=tuple(float(share) for share in first.mean(axis=0)))


def _drifts(standing: Standing, random: np.random.Generator) -> Floats:
    """Expected z at information 1, as it is likely given the current look."""
    known, before = standing.information, 1 / EFFECTS**2
    mean = standing.z * math.sqrt(known) + before * standing.expected
    drawn: Floats = random.normal(mean / (known + before), (known + before) ** -0.5, PATHS)
    return drawn
