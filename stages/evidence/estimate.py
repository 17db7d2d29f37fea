"""A measured quantity with its interval, or the reason why there is none."""

import math
from dataclasses import dataclass
from enum import StrEnum


class Bounds(StrEnum):
    """Which ends of an interval say something."""

    TWO_SIDED = "two-sided"
    UPPER = "upper"
    LOWER = "lower"


class Cause(StrEnum):
    """Why something cannot be told yet."""

    WAITING = "waiting"
    UNDERPOWERED = "underpowered"
    BROKEN = "broken"
    OVER_BUDGET = "over_budget"


LEFT_OUT = "; left out: "
"""Stands in a method before what the estimate rests not on, and why not."""

NOTHING_WON = "; nothing is won on "
"""Stands in a method before the units on which the candidate earns nothing, and why."""

EITHER_WAY = " count 0 below and 1 above"
"""Stands in a method after what is unresolved: more units make its part of the interval no less."""

ASKED_ANEW = ", which the next run asks for again,"
"""Stands in a method after what is unresolved now and may be resolved by the same plan."""

FOR_GOOD = ", which is asked for no more,"
"""Stands in a method after what is unresolved and no run of the same plan resolves."""

UNREAD = "; cannot be read: "
"""Stands in a method before how many verdicts cannot be read, and a reason."""

SETTLED = "; settled by the rule: "
"""Stands in a method before the units that nobody judged."""

UNSEARCHED = "; nobody looked for answers written to win: "
"""Stands in a method before the units whose answers nobody knows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A value with its interval.

    Attributes:
        value: The point estimate, in `unit`.
        standard_error: Its standard error, or None where the method has none (exact intervals).
        low: Lower end; None when `bounds` is UPPER.
        high: Upper end; None when `bounds` is LOWER.
        bounds: Two-sided intervals are equal-tailed: each end is a one-sided bound at
            (1 + level) / 2.
        level: Confidence level in (0, 1).
        n: Number of independent units (not of rows).
        unit: Unit of value, `share` being 0 to 1.
        method: Name of the method, as statisticians call it.
    """

    value: float
    standard_error: float | None
    low: float | None
    high: float | None
    bounds: Bounds = Bounds.TWO_SIDED
    level: float
    n: int
    unit: str
    method: str

    def __post_init__(self) -> None:
        numbers = (self.value, self.standard_error, self.low, self.high, self.level)
        if any(x is not None and not math.isfinite(x) for x in numbers):
            raise ValueError(f"an estimate holds finite numbers only, not {numbers}")
        if (self.low is None) != (self.bounds is Bounds.UPPER) or (self.high is None) != (
            self.bounds is Bounds.LOWER
        ):
            raise ValueError(f"a {self.bounds} interval cannot be [{self.low}, {self.high}]")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise ValueError(f"low {self.low} is above high {self.high}")
        if not 0 < self.level < 1:
            raise ValueError(f"level must lie between 0 and 1, not {self.level}")
        if self.n < 1:
            raise ValueError(f"an estimate rests on at least one unit, not {self.n}")
        if self.standard_error is not None and self.standard_error < 0:
            raise ValueError(f"standard error {self.standard_error} is negative")

    @property
    def one_sided_level(self) -> float:
        """Confidence of each end taken alone."""
        return (1 + self.level) / 2 if self.bounds is Bounds.TWO_SIDED else self.level


@dataclass(frozen=True, slots=True)
class Unmeasured:
    """There is no value, and why; no rule turns this into a pass.

    Attributes:
        reason: What is missing, for people.
        cause: Whether it is waited for, too little, broken or too dear.
    """

    reason: str
    cause: Cause = Cause.BROKEN

    def __post_init__(self) -> None:
        if not self.reason:
            raise ValueError("Unmeasured needs a reason")
