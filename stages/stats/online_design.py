"""What an A/B of so many units can show, before it starts: power, units and detectable effects.

Effects are told in the metric's unit with the good direction positive. Everything is normal: z at
the planned units has mean `drift` and variance 1, and grows as Brownian motion does between looks.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from scipy.optimize import brentq
from scipy.special import ndtri

from stages.evidence.estimate import Unmeasured
from stages.stats.adjusted import adjust
from stages.stats.experiments import MetricColumns, of_one_arm
from stages.stats.exposure import PlannedLooks
from stages.stats.moments import Moments
from stages.stats.sequential import crossing_probabilities

PATHS = 20_000
"""Simulated A/Bs."""

_WIDEST_DRIFT = 20.0
_START, _LARGEST, _NEAREST = 1e-9, 1e300, 1e-12
"""Where the search for a size begins and gives up, and how exact it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What is known of one unit's value before the A/B.

    Attributes:
        mean: Its mean, in the metric's unit (for a ratio metric the ratio).
        deviation: Its standard deviation, above 0 (for a ratio metric of its linearised value).
        explained: Share of its variance that covariates take out, rho^2, in [0, 1).
        is_rate: Whether it is 0 or 1, so that its variance follows from its mean.
    """

    mean: float
    deviation: float
    explained: float = 0.0
    is_rate: bool = False

    def __post_init__(self) -> None:
        if not math.isfinite(self.mean) or not 0 < self.deviation < math.inf:
            raise ValueError(f"{self.mean} +- {self.deviation} is no value that varies")
        if not 0 <= self.explained < 1:
            raise ValueError(f"covariates explain a share in [0, 1), not {self.explained}")

    def variance_at(self, mean: float) -> float:
        """Variance of one unit in an arm of this mean.

        Raises:
            ValueError: A rate outside (0, 1).
        """
        if not self.is_rate:
            return self.deviation * self.deviation
        if not 0 < mean < 1:
            raise ValueError(f"a rate lies between 0 and 1, not {mean}")
        return mean * (1 - mean)


def rate_history(rate: float, *, explained: float = 0.0) -> History:
    """What is known of a unit that counts with probability `rate`, in (0, 1)."""
    if not 0 < rate < 1:
        raise ValueError(f"a rate lies between 0 and 1, not {rate}")
    deviation = math.sqrt(rate * (1 - rate))
    return History(mean=rate, deviation=deviation, explained=explained, is_rate=True)


def history_of(
    past: Moments, columns: MetricColumns, *, is_rate: bool = False
) -> History | Unmeasured:
    """What moments of past units say, with the variance that the covariates would take out.

    Returns:
        The history, or `Unmeasured` as `experiments.contrast` says of an arm.
    """
    arm = of_one_arm(past, columns, arm="past")
    if isinstance(arm, Unmeasured):
        return arm
    twice = adjust(arm, arm)
    if isinstance(twice, Unmeasured):
        return twice
    left = twice.difference_variance * arm.n / 2 / arm.variance
    return History(
        mean=arm.value,
        deviation=math.sqrt(arm.variance),
        explained=max(0.0, 1 - left),
        is_rate=is_rate,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """What a metric must show, and what is true of it.

    Attributes:
        history: What is known of it; the champion's mean is the one of the past.
        effect: The true effect, in the metric's unit, positive where the challenger is better.
        margin: How much worse the challenger may be and pass: 0 to be better, above 0 for a
            guardrail, below 0 to be better by so much.
        relative: Whether the margin is a share of the champion's value, which then is above 0.
        higher_is_better: Direction of the metric.
    """

    history: History
    effect: float = 0.0
    margin: float = 0.0
    relative: bool = False
    higher_is_better: bool = True

    def __post_init__(self) -> None:
        if not math.isfinite(self.effect) or not math.isfinite(self.margin):
            raise ValueError(f"effect ({self.effect}) and margin ({self.margin}) are finite")
        if self.relative and self.history.mean <= 0:
            raise ValueError(
                f"a relative margin needs a champion above 0, not {self.history.mean:g}"
            )

    @property
    def sign(self) -> int:
        """1 where higher is better, else -1."""
        return 1 if self.higher_is_better else -1

    @property
    def gap(self) -> float:
        """How far the truth lies on the good side of the margin."""
        return self.effect + self.margin * (self.history.mean if self.relative else 1.0)

    def variance(self, champion_share: float) -> float:
        """Variance of the contrast's estimate, times the units of both arms.

        The contrast of a relative margin is y_T - (1 - margin) y_C, less the covariates'
        difference.
        """
        own, rho = self.history, self.history.explained
        c = 1 - self.sign * self.margin if self.relative else 1.0
        champion = own.variance_at(own.mean) * (c * c - 2 * c * rho + rho)
        challenger = own.variance_at(own.mean + self.sign * self.effect) * (1 - rho)
        return champion / champion_share + challenger / (1 - champion_share)


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """How an A/B is looked at and split.

    Attributes:
        looks: Its looks.
        champion_share: Share of the units of both compared arms that the champion has, in (0, 1).
    """

    looks: PlannedLooks
    champion_share: float = 0.5

    def __post_init__(self) -> None:
        if not 0 < self.champion_share < 1:
            raise ValueError(f"an arm's share lies between 0 and 1, not {self.champion_share}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """How an A/B goes.

    Attributes:
        power: Probability that it ships.
        by_look: Probability that it ships at each look.
        mean_information: Mean share of the planned units when it ends.
        mean_days: Mean number of days until it ends.
    """

    power: float
    by_look: tuple[float, ...]
    mean_information: float
    mean_days: float


def corrected_power(power: float, *, guardrails: int) -> float:
    """Power that the primary and each guardrail need for all to pass with probability `power`.

    References:
        Schultzberg, Ankargren & Franberg (2024): beta / (guardrails + 1).
    """
    if not 0 < power < 1 or guardrails < 0:
        raise ValueError(f"power {power} with {guardrails} guardrails")
    return 1 - (1 - power) / (guardrails + 1)


@lru_cache(maxsize=1024)
def drift_for(looks: PlannedLooks, *, power: float) -> float:
    """Expected z at the planned units with which a bound is crossed with probability `power`.

    Raises:
        ValueError: A power outside (alpha, 1), or looks none of which can decide.
    """
    if not looks.alpha < power < 1:
        raise ValueError(f"power lies between alpha ({looks.alpha}) and 1, not {power}")
    top = _WIDEST_DRIFT / math.sqrt(looks.information[-1])
    if _crossed(looks, top) < power:
        raise ValueError(f"none of the looks on days {looks.days} can decide")
    return float(brentq(lambda drift: _crossed(looks, drift) - power, 0.0, top, xtol=1e-9))


def inflation(looks: PlannedLooks, *, power: float) -> float:
    """Planned units of these looks, as a multiple of those of a fixed design."""
    fixed = float(ndtri(power) - ndtri(looks.alpha))
    return (drift_for(looks, power=power) / fixed) ** 2


def power_of(units: float, goal: Goal, *, design: Design) -> float:
    """Probability to show the goal with so many planned units of both arms.

    Raises:
        ValueError: No unit, or a rate that the effect moves out of (0, 1).
    """
    return _crossed(design.looks, _drift(units, goal, design))


def units_for(goal: Goal, *, design: Design, power: float) -> int | None:
    """Planned units of both arms with which the goal is shown with probability `power`.

    Returns:
        The number, or None when what is true does not reach the goal.

    Raises:
        ValueError: As for `power_of` and `drift_for`.
    """
    if goal.gap <= 0:
        return None
    steps = drift_for(design.looks, power=power) / goal.gap
    return math.ceil(steps * steps * goal.variance(design.champion_share))


def detectable_effect(
    units: float, history: History, *, design: Design, power: float, higher_is_better: bool = True
) -> float | None:
    """The smallest effect that is shown to be above 0 with probability `power` (MDE).

    Returns:
        The effect, in the metric's unit, or None when a rate cannot change so much.
    """
    room = 1 - history.mean if higher_is_better else history.mean
    return _smallest(
        lambda size: Goal(history=history, effect=size, higher_is_better=higher_is_better),
        _Search(units=units, design=design, power=power),
        below=room if history.is_rate else math.inf,
    )


def detectable_margin(units: float, goal: Goal, *, design: Design, power: float) -> float | None:
    """The smallest margin that is passed with probability `power`; `goal.margin` is not read.

    Returns:
        The margin, in the metric's unit or as a share where it is relative, or None when there is
        none (the champion's value is too uncertain).
    """
    bounded = goal.relative and goal.higher_is_better
    return _smallest(
        lambda size: replace(goal, margin=size),
        _Search(units=units, design=design, power=power),
        below=1.0 if bounded else math.inf,
    )


def course_of(units: float, goal: Goal, *, design: Design) -> Course:
    """How an A/B with one goal goes: it ends when the goal is shown, or with its last look."""
    looks, drift = design.looks, _drift(units, goal, design)
    return _course(crossing_probabilities(looks.information, looks.bounds, drift=drift), looks)


def course_of_all(
    units: float,
    goals: Sequence[Goal],
    *,
    design: Design,
    random: np.random.Generator,
    paths: int = PATHS,
) -> Course:
    """How an A/B goes that ships at the first look at which every goal is shown, by simulation.

    Metrics are taken as independent. Where they move together, power is higher.

    Args:
        units: Planned units of both arms.
        goals: The primary and the guardrails, each with bounds of its own at the same error.
        design: How it is looked at.
        random: Source of chance.
        paths: Simulated A/Bs; the power's error is at most 0.5 / sqrt(paths).
    """
    looks = design.looks
    information = np.array(looks.information)
    bounds = np.array([math.inf if b is None else b for b in looks.bounds])
    gains = np.diff(information, prepend=0.0)
    shown = np.ones((paths, len(information)), dtype=bool)
    for goal in goals:
        drift = _drift(units, goal, design)
        steps = random.normal(drift * gains, np.sqrt(gains), (paths, len(gains)))
        shown &= steps.cumsum(axis=1) / np.sqrt(information) > bounds
    first = shown & (shown.cumsum(axis=1) == 1)
    return _course([float(share) for share in first.mean(axis=0)], looks)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Search:
    """What the smallest detectable size is looked for with."""

    units: float
    design: Design
    power: float


def _crossed(looks: PlannedLooks, drift: float) -> float:
    return min(1.0, sum(crossing_probabilities(looks.information, looks.bounds, drift=drift)))


def _drift(units: float, goal: Goal, design: Design) -> float:
    if not 0 < units < math.inf:
        raise ValueError(f"an A/B has units, not {units}")
    return goal.gap * math.sqrt(units / goal.variance(design.champion_share))


def _smallest(make: Callable[[float], Goal], search: _Search, *, below: float) -> float | None:
    """The smallest size with enough drift; the drift grows with the size."""
    wanted = drift_for(search.design.looks, power=search.power)

    def excess(size: float) -> float:
        return _drift(search.units, make(size), search.design) - wanted

    low, high = 0.0, min(_START, below / 2)
    while excess(high) < 0:
        low, high = high, (high + below) / 2 if below < math.inf else 2 * high
        if high > _LARGEST or below - high < _NEAREST * below:
            return None
    return float(brentq(excess, low, high, xtol=_NEAREST * high, rtol=_NEAREST))


def _course(by_look: Sequence[float], looks: PlannedLooks) -> Course:
    power = min(1.0, sum(by_look))
    ends = [*by_look[:-1], by_look[-1] + 1 - power]
    return Course(
        power=power,
        by_look=tuple(by_look),
        mean_information=math.fsum(p * t for p, t in zip(ends, looks.information, strict=True)),
        mean_days=math.fsum(p * day for p, day in zip(ends, looks.days, strict=True)),
    )
