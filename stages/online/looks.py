"""The plan's looks: which are due, which one is last, and how much information each brings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from policies.online import OnlinePlan
from stages.online.look_data import LookData, MetricArms
from stages.stats.sequential import (
    Spending,
    SpendingKind,
    alpha_spent,
    bonferroni_that_spend,
    bounds_that_spend,
)

_HOURS = 24
_SLACK = 1e-6
"""Days: a look of day 7 is due at 6.9999999, as files of floats write it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """Where one metric stands in its alpha spending at the current look.

    Attributes:
        information: Share of the planned information, 0 when nothing is known.
        bound: Standard errors that z must exceed now; None when this look cannot decide.
        reason: Why it cannot; empty when it can.
        alpha: One-sided alpha spent so far.
        final_bound: Bound of the last look if everything goes as planned; None at the last look or
            when this look brought no information.
        counted: (information, bound) of every look that brought information, the current one last
            if it did.
    """

    information: float
    bound: float | None
    reason: str
    alpha: float
    final_bound: float | None
    counted: tuple[tuple[float, float | None], ...]


def due(plan: OnlinePlan, elapsed_days: float) -> tuple[float, ...]:
    """Days of the planned looks that have come, late events too, in order."""
    lag = plan.lag_hours / _HOURS
    return tuple(day for day in plan.looks if day + lag <= elapsed_days + _SLACK)


def following(plan: OnlinePlan, day: float) -> float | None:
    """Day of the next planned look after a day; None after the last."""
    return next((look for look in plan.looks if look > day + _SLACK), None)


def decides(plan: OnlinePlan, day: float) -> bool:
    """Whether the minimum run time has passed."""
    return day + _SLACK >= plan.minimum_days


def is_final(plan: OnlinePlan, look: LookData) -> bool:
    """Whether the A/B ends here: the last planned look, or the planned information has come.

    Once as many units as planned are in (after the minimum run time), all alpha is spent; a later
    look could not decide anything.
    """
    if look.day + _SLACK >= plan.looks[-1]:
        return True
    return decides(plan, look.day) and _information(plan, look.of(plan.primary)) >= 1


def until_final(plan: OnlinePlan, looks: Iterable[LookData]) -> tuple[LookData, ...]:
    """The looks up to the one that ends the A/B; none after it is taken."""
    found = []
    for look in looks:
        found.append(look)
        if is_final(plan, look):
            break
    return tuple(found)


def spent(plan: OnlinePlan, looks: Sequence[LookData], metric: str, *, alpha: float) -> Spent:
    """The bound of the current look, which depends on the information of every earlier one.

    Information is units whose window has closed, divided by the planned units. Units are counted
    without seeing a value, so the clock of the spending cannot be bent by the effect; the planned
    variance, which 1 / se^2 would need, is not known before; and at a fixed split and variance
    1 / se^2 is proportional to the number of units, so increments are independent as Lan-DeMets
    bounds assume. Without an attribution window a unit's value may grow after a look, increments
    are not independent, and the looks' own shares of alpha bound them (Bonferroni). A look whose
    information fell or stood still is left out: it spends nothing.

    Every metric spends by the primary's clock, whatever its own window: a guardrail of a shorter
    one has all planned units long before the primary has, and would have nothing left to pass by
    when the primary crosses.

    Args:
        plan: The plan.
        looks: The looks so far, at least one, the current one last.
        metric: Name in the plan.
        alpha: One-sided error to spend over the looks: the plan's, or a part of it.
    """
    current, final = looks[-1], is_final(plan, looks[-1])
    budget = _budget(plan, metric, alpha)
    counted: list[_Counted] = []
    clock = 0.0
    for look in looks:
        information = _information(plan, look.of(metric))
        clock = max(clock, _information(plan, look.of(plan.primary)))
        if information > (counted[-1].information if counted else 0):
            may = decides(plan, look.day)
            counted.append(_Counted(information=information, clock=clock, may=may))
    grew_now = _information(plan, current.of(metric)) > max(
        (_information(plan, look.of(metric)) for look in looks[:-1]), default=0
    )
    bounds = budget.bounds(counted, all_at_last=final and grew_now)
    bound = bounds[-1] if grew_now else None
    ahead = None
    if grew_now and not final and counted[-1].information < 1:
        last = _Counted(information=1.0, clock=1.0, may=True)
        ahead = budget.bounds([*counted, last], all_at_last=True)[-1]
    return Spent(
        information=_information(plan, current.of(metric)),
        bound=bound,
        reason="" if bound is not None else _reason(plan, current, grew=grew_now),
        alpha=alpha if final and bound is not None else budget.spent(counted),
        final_bound=ahead,
        counted=tuple((one.information, to) for one, to in zip(counted, bounds, strict=True)),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """A look that brought information on a metric.

    Attributes:
        information: Share of the planned units, of the metric's own.
        clock: The primary's, by which alpha is spent; never falls.
        may: Whether it may spend.
    """

    information: float
    clock: float
    may: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Budget:
    """What one metric may spend over its looks.

    Attributes:
        alpha: One-sided error.
        spending: How it is spread.
        grows: Whether a unit's value may still grow after a look.
    """

    alpha: float
    spending: Spending
    grows: bool

    def bounds(self, counted: Sequence[_Counted], *, all_at_last: bool) -> tuple[float | None, ...]:
        spent = [self._up_to(look) for look in counted]
        if all_at_last:
            spent[-1] = self.alpha
        may = [look.may for look in counted]
        if self.grows:
            return bonferroni_that_spend(spent, spends=may)
        shares = [look.information for look in counted]
        return bounds_that_spend(spent, information=shares, spends=may)

    def spent(self, counted: Sequence[_Counted]) -> float:
        spending = [look for look in counted if look.may]
        return self._up_to(spending[-1]) if spending else 0.0

    def _up_to(self, look: _Counted) -> float:
        return alpha_spent(look.clock, alpha=self.alpha, spending=self.spending)


def spending_of(plan: OnlinePlan) -> Spending:
    """The plan's spending function."""
    exponent = 1.0 if plan.spending_exponent is None else plan.spending_exponent
    return Spending(kind=SpendingKind(plan.spending.value), exponent=exponent)


def _budget(plan: OnlinePlan, metric: str, alpha: float) -> _Budget:
    return _Budget(alpha=alpha, spending=spending_of(plan), grows=plan.window_of(metric) == 0)


def _reason(plan: OnlinePlan, look: LookData, *, grew: bool) -> str:
    if not decides(plan, look.day):
        return (
            f"the look of day {look.day:g} is before the minimum run time of {plan.minimum_days:g} "
            "days: it spends no alpha"
        )
    if not grew:
        return f"no information came since the look before day {look.day:g}: no alpha is spent"
    return f"the look of day {look.day:g} has no alpha left to spend"


def _information(plan: OnlinePlan, arms: MetricArms) -> float:
    return (arms.units or 0) / plan.planned_units
