"""An A/B as units are put into its arms: the reference that every written rule agrees with; pure.

An arm owns a part of [0, 1) that begins where the shares of the arms before it end; `coverage` says
how much of each part is filled, from its beginning. Growing coverage only adds units, in the
planned shares, and none changes its arm: that is how an A/B grows from 2 % to 100 % of the traffic
without any memory. A ramp that changes the shares themselves cannot be had without memory: a unit
that was shown the champion at 99 % would meet the challenger at 50 %. There a unit keeps the arm of
the step in which it was first exposed, and somebody must remember when that was.
"""

import math
from dataclasses import dataclass
from itertools import accumulate, pairwise

from stages.online.assignment.hashing import growthbook_bucket

_FEWEST_ARMS = 2
"""An A/B has a champion, and at least one challenger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arm:
    """One arm.

    Attributes:
        name: Its `variation_id`.
        serves: The checkpoint that its units meet.
    """

    name: str
    serves: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Shares that hold from a day on.

    Attributes:
        from_day: Days since the first exposure.
        shares: Share of each arm, in the order of the arms; they sum to 1.
    """

    from_day: float
    shares: tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Experiment:
    """Everything that a unit's arm depends on.

    Attributes:
        key: `experiment_id`, flag key and seed: another key shuffles all units anew.
        unit: What identifies a unit, such as `unit_id`.
        arms: The champion, then the challengers.
        steps: Shares over time, from day 0; one unless a ramp changes them.
        coverage: Share of all units that takes part, above 0 and at most 1.

    Raises:
        ValueError: Arms, steps or coverage are no A/B.
    """

    key: str
    unit: str
    arms: tuple[Arm, ...]
    steps: tuple[Step, ...]
    coverage: float = 1.0

    def __post_init__(self) -> None:
        names = [arm.name for arm in self.arms]
        if len(names) < _FEWEST_ARMS or len(set(names)) < len(names):
            raise ValueError(f"{names} are no arms of an A/B")
        if not 0 < self.coverage <= 1:
            raise ValueError(f"a coverage lies above 0 and is at most 1, not {self.coverage}")
        starts = [step.from_day for step in self.steps]
        if not starts or starts[0] != 0 or any(a >= b for a, b in pairwise(starts)):
            raise ValueError(f"steps begin at day 0 and increase, not {starts}")
        for step in self.steps:
            _refuse_no_shares(step.shares, len(names))

    @property
    def needs_memory(self) -> bool:
        """Whether a unit's arm depends on when it was first exposed."""
        return len({step.shares for step in self.steps}) > 1

    def step_on(self, day: float) -> Step:
        """The step in force on a day.

        Raises:
            ValueError: The day is before the A/B.
        """
        if not day >= 0:
            raise ValueError(f"day {day} is before the A/B")
        return [step for step in self.steps if step.from_day <= day][-1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where a unit lies.

    Attributes:
        unit: The unit.
        bucket: Its place in [0, 1).
        arm: Its arm; None when it takes no part.
        low: Where the part of [0, 1) begins in which it lies.
        high: Where that part ends.
    """

    unit: str
    bucket: float
    arm: Arm | None
    low: float
    high: float


def ranges(shares: tuple[float, ...], coverage: float) -> tuple[tuple[float, float], ...]:
    """The part of [0, 1) that each arm fills, as (from, below).

    Args:
        shares: One per arm; they sum to 1.
        coverage: How much of its part an arm fills, in (0, 1].
    """
    starts = (0.0, *accumulate(shares[:-1]))
    return tuple(
        (start, start + coverage * share) for start, share in zip(starts, shares, strict=True)
    )


def place(experiment: Experiment, unit: str, *, first_day: float = 0.0) -> Place:
    """The arm of a unit, by GrowthBook's hash version 2.

    Args:
        experiment: The A/B.
        unit: The unit, ASCII text.
        first_day: Days between the first exposure of the A/B and this unit's own.

    Raises:
        ValueError: The unit is empty or not ASCII, or the day is before the A/B.
    """
    if not unit:
        raise ValueError("a unit has a name")
    bucket = growthbook_bucket(unit, experiment.key)
    step = experiment.step_on(first_day)
    parts = ranges(step.shares, experiment.coverage)
    for arm, (low, high) in zip(experiment.arms, parts, strict=True):
        if low <= bucket < high:
            return Place(unit=unit, bucket=bucket, arm=arm, low=low, high=high)
    low = max(high for _, high in parts if high <= bucket)
    high = min((start for start, _ in parts if start > bucket), default=1.0)
    return Place(unit=unit, bucket=bucket, arm=None, low=low, high=high)


def _refuse_no_shares(shares: tuple[float, ...], arms: int) -> None:
    if len(shares) != arms or not all(0 < share < 1 for share in shares):
        raise ValueError(f"{shares} are no shares of {arms} arms")
    if not math.isclose(math.fsum(shares), 1.0, abs_tol=1e-9):
        raise ValueError(f"shares sum to 1, not {math.fsum(shares)}")
