"""What an A/B found when it stopped, with nothing gained by having been looked at.

The effect at the look that crossed its bound is too large on average, and effect +- 1.96 errors
misses the truth too often. Outcomes are ordered by when they stopped: an earlier crossing says more
than a later one, and at one look a larger z says more. Under a true effect the probability of the
outcome or a more extreme one is then a p-value, whose inversion is the interval, and whose median
is the estimate.
"""

import math
from dataclasses import dataclass
from itertools import pairwise

from scipy.optimize import brentq

from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.experiments import Contrast
from stages.stats.levels import SMALLEST
from stages.stats.reporting import Found, Reporting, reported
from stages.stats.score_walk import CLOSEST, ScoreWalk

_FARTHEST = 1e4
"""Errors beyond which no effect is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """The looks of an A/B up to the one that ended it.

    Attributes:
        information: Share of the planned information at each look, above 0 and increasing.
        bounds: What z had to exceed to stop at each look but the last, None where it could not.
    """

    information: tuple[float, ...]
    bounds: tuple[float | None, ...]

    def __post_init__(self) -> None:
        if not self.information or len(self.bounds) != len(self.information) - 1:
            raise ValueError(f"{len(self.bounds)} bounds before {len(self.information)} looks")
        if any(not a < b < math.inf for a, b in pairwise((0.0, *self.information))):
            raise ValueError(f"information must increase, not {self.information}")


@dataclass(frozen=True, slots=True, kw_only=True)
class StagewiseResult:
    """What is known when an A/B has stopped.

    Attributes:
        estimate: The median-unbiased effect with its equal-tailed interval.
        p_value: One-sided, of "the challenger is not better": small proves an improvement.
    """

    estimate: Estimate
    p_value: float


def stagewise(
    found: Contrast | Unmeasured,
    stopped: Stopped,
    *,
    level: float,
    unit: str,
    higher_is_better: bool = True,
) -> StagewiseResult | Unmeasured:
    """The effect when an A/B stopped: at a crossed bound, or at its last planned look.

    The bounds are one-sided, towards better. A stop for harm, or by hand, is no outcome of this
    order: read as if that look had been planned as the last one, it is only about right.

    Args:
        found: The effect at the look that ended it.
        stopped: Its looks.
        level: Two-sided level in (0, 1).
        unit: Unit of the metric.
        higher_is_better: Which side the bounds are on.

    Returns:
        The result, or `Unmeasured` when there is no effect, when a look that could have stopped it
        is within 0.1 % of its information, or when the interval's end is out of reach.

    References:
        Armitage (1957), Siegmund (1978), Fairbanks & Madsen (1982), Tsiatis, Rosner & Mehta (1984);
        Jennison & Turnbull (2000), sections 8.4 and 8.5.
    """
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    if isinstance(found, Unmeasured):
        return found
    if _too_close(stopped):
        return Unmeasured("the looks are too close together for the order of their outcomes")
    sign = 1.0 if higher_is_better else -1.0
    z, tail = sign * found.z, (1 - level) / 2
    drifts = [_drift_at(p, stopped, z) for p in (tail, 0.5, 1 - tail)]
    scale = sign * math.sqrt(stopped.information[-1]) * found.standard_error
    low, middle, high = (math.nan if drift is None else drift * scale for drift in drifts)
    estimate = reported(
        Found(
            value=middle,
            standard_error=found.standard_error,
            n=found.n,
            method=f"{found.method}, median unbiased",
            low=min(low, high),
            high=max(low, high),
        ),
        Reporting(critical=1.0, level=level, unit=unit, name="stage-wise order"),
    )
    if isinstance(estimate, Unmeasured):
        return Unmeasured("the stage-wise interval has no finite end")
    return StagewiseResult(estimate=estimate, p_value=stagewise_p(stopped, z))


def stagewise_p(stopped: Stopped, z: float, *, drift: float = 0.0) -> float:
    """Probability to cross at an earlier look, or to exceed z at the last one.

    Args:
        stopped: The looks.
        z: Effect in standard errors at the last of them, positive where better.
        drift: Expected z at information 1; 0 is no effect.

    Returns:
        A number above 0, at most 1.

    Raises:
        ValueError: Looks that can stop it less than 0.1 % of information apart.
    """
    walk, crossed = ScoreWalk(drift=drift), 0.0
    for share, bound in zip(stopped.information, stopped.bounds, strict=False):
        if bound is not None:
            step = walk.to(share)
            crossed += step.crossing(bound)
            walk = step.stopped_at(bound)
    crossed += walk.to(stopped.information[-1]).crossing(z)
    return min(1.0, max(SMALLEST, crossed))


def _too_close(stopped: Stopped) -> bool:
    """Whether the integration cannot tell the looks apart."""
    seen = [t for t, b in zip(stopped.information, stopped.bounds, strict=False) if b is not None]
    return any(b - a < CLOSEST * b for a, b in pairwise((0.0, *seen, stopped.information[-1])))


def _drift_at(p: float, stopped: Stopped, z: float) -> float | None:
    """The drift under which the outcome's p-value is `p`; None when it is out of reach."""

    def excess(drift: float) -> float:
        return stagewise_p(stopped, z, drift=drift) - p

    root = math.sqrt(stopped.information[-1])
    centre, reach = z / root, 4 / root
    while excess(centre - reach) > 0 or excess(centre + reach) < 0:
        reach *= 2
        if reach > _FARTHEST / root:
            return None
    return float(brentq(excess, centre - reach, centre + reach, xtol=1e-10 / root, rtol=1e-12))
