"""The columns of units' values that the metrics of a plan are made of."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from policies.online import OnlineKind, OnlinePlan

TRIGGER = "/trigger"
"""Name of the part that says when a unit was triggered."""


class Role(StrEnum):
    """What becomes of the events' values."""

    SUM = "sum"
    """They are summed per unit."""
    ANY = "any"
    """A unit's value is 1 when any of them is not zero, else 0."""
    EACH = "each"
    """Every event counts by itself (quantiles)."""
    BEFORE = "before"
    """They are summed per unit over a time before its first exposure."""
    TRIGGER = "trigger"
    """The first that is not zero brings the unit in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One column of the events, and what it is for.

    Attributes:
        name: Its name in the moments: `clicks`, `clicks/denominator`, `visits/before`.
        column: Its column in the event table.
        role: What becomes of its values.
        span: Attribution window, 0 until the look; of a covariate how far it looks back.
    """

    name: str
    column: str
    role: Role = Role.SUM
    span: timedelta = timedelta(0)

    @property
    def proportion(self) -> bool:
        """Whether a unit's value is 0 or 1."""
        return self.role is Role.ANY


def parts_of(plan: OnlinePlan) -> tuple[Part, ...]:
    """What is read of the events: parts of the metrics in their order, covariates, the trigger."""
    found = []
    for name, metric in plan.metrics.items():
        span = timedelta(days=plan.window_of(name))
        role = _ROLES.get(metric.kind, Role.SUM)
        found.append(Part(name=name, column=metric.column or name, role=role, span=span))
        if metric.denominator is not None:
            found.append(Part(name=below(name), column=metric.denominator, span=span))
    used = {name for metric in plan.metrics.values() for name in metric.covariates}
    for name, covariate in plan.covariates.items():
        if name in used:
            span = timedelta(days=covariate.days)
            found.append(
                Part(name=before(name), column=covariate.column, role=Role.BEFORE, span=span)
            )
    if plan.trigger is not None:
        found.append(Part(name=TRIGGER, column=plan.trigger, role=Role.TRIGGER))
    return tuple(found)


def below(metric: str) -> str:
    """Name of a ratio metric's denominator among the columns of units' values."""
    return f"{metric}/denominator"


def before(covariate: str) -> str:
    """Name of a covariate among the columns of units' values."""
    return f"{covariate}/before"


def columns_of(plan: OnlinePlan, metric: str) -> tuple[str, ...]:
    """Columns of a metric's moments: its value, a ratio's denominator, its covariates."""
    said = plan.metrics[metric]
    under = (below(metric),) if said.denominator is not None else ()
    return (metric, *under, *(before(name) for name in said.covariates))


_ROLES = {OnlineKind.PROPORTION: Role.ANY, OnlineKind.QUANTILE: Role.EACH}
