"""What a policy demands of what was measured, each demand with its reason."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, model_validator

from policies.base import Count, Strict, Text


class Severity(StrEnum):
    """Whether a criterion can stop a candidate, or only speaks."""

    BLOCKING = "blocking"
    ADVISORY = "advisory"


class AtLeast(Strict):
    """The whole interval lies at or above the limit."""

    limit: float


class AtMost(Strict):
    """The whole interval lies at or below the limit."""

    limit: float


class NonInferior(Strict):
    """Worse than the baseline by less than the margin.

    `margin` is in the metric's unit; `relative_margin` is a share of the baseline's value.
    """

    margin: Annotated[float, Field(gt=0)] | None = None
    relative_margin: Annotated[float, Field(gt=0, lt=1)] | None = None

    @model_validator(mode="after")
    def _one_margin(self) -> "NonInferior":
        if (self.margin is None) == (self.relative_margin is None):
            raise ValueError("give one of `margin` (in the metric's unit) or `relative_margin`")
        return self


class Better(Strict):
    """Better than the baseline: the whole interval of the difference on the good side of zero."""


Demand = AtLeast | AtMost | NonInferior | Better

DEMANDS = ("at_least", "at_most", "non_inferior", "better")
"""Keys of a criterion that demand something; it has exactly one of them."""


class Criterion(Strict):
    """One demand on one metric."""

    metric: Text
    at_least: float | None = None
    at_most: float | None = None
    non_inferior: NonInferior | None = None
    better: Better | None = None
    severity: Severity
    because: Text

    @model_validator(mode="after")
    def _one_demand(self) -> "Criterion":
        named = [name for name in DEMANDS if getattr(self, name) is not None]
        if len(named) != 1:
            raise ValueError(
                "give exactly one of `at_least`, `at_most`, `non_inferior`, `better`; "
                f"found {', '.join(named) or 'none'}"
            )
        return self

    @property
    def demand(self) -> Demand:
        """The demand, as one closed type."""
        if self.at_least is not None:
            return AtLeast(limit=self.at_least)
        if self.at_most is not None:
            return AtMost(limit=self.at_most)
        demand = self.non_inferior or self.better
        assert demand is not None
        return demand


class Quota(Strict):
    """At most this many candidates go on from a stage, the best by one metric."""

    most: Count
    by: Text
    deadline: Text | None = None
    """ISO 8601 time at which the quota is applied to those who are ready."""
