"""Quantiles of an A/B's arms, such as the 95th percentile of latency, by unit."""

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileArm:
    """A quantile of one arm's events, with an error that counts units, not events.

    Attributes:
        value: The quantile, in the metric's unit.
        standard_error: Its standard error, above 0.
        n: Units with at least one event.
    """

    value: float
    standard_error: float
    n: int

    def __post_init__(self) -> None:
        if not math.isfinite(self.value) or not 0 < self.standard_error < math.inf:
            raise ValueError(f"{self.value} +- {self.standard_error} is no quantile")
        if self.n < 1:
            raise ValueError(f"a quantile of {self.n} units")
