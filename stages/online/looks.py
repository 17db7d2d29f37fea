"""The plan's looks: which are due, which one is last, and how much information each brings."""

from collections.abc import Sequence
from dataclasses import dataclass

from policies.online import OnlinePlan
from stages.online.look_data import LookData, MetricArms
from stages.stats.sequential import alpha_spent, bonferroni_bounds, lan_demets_bounds

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
    """

    information: float
    bound: float | None
    reason: str
    alpha: float
    final_bound: float | None


def due(plan: OnlinePlan, elapsed_days: float) -> tuple[float, ...]:
    """Days of the planned looks that have come, in order."""
    return tuple(day for day in plan.looks if day <= elapsed_days + _SLACK)


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


def until_final(plan: OnlinePlan, looks: Sequence[LookData]) -> tuple[LookData, ...]:
    """The looks up to the one that ends the A/B."""
    for number, look in enumerate(looks, start=1):
        if is_final(plan, look):
            return tuple(looks[:number])
    return tuple(looks)


def spent(plan: OnlinePlan, looks: Sequence[LookData], metric: str) -> Spent:
    """The bound of the current look, which depends on the information of every earlier one.

    Information is units whose window has closed, divided by the planned units. Units are counted
    without seeing a value, so the clock of the spending cannot be bent by the effect; the planned
    variance, which 1 / se^2 would need, is not known before; and at a fixed split and variance
    1 / se^2 is proportional to the number of units, so increments are independent as Lan-DeMets
    bounds assume. Without an attribution window a unit's value may grow after a look, increments
    are not independent, and the looks' own shares of alpha bound them (Bonferroni). A look whose
    information fell or stood still is left out: it spends nothing.

    Args:
        plan: The plan.
        looks: The looks so far, at least one, the current one last.
        metric: Name in the plan.
    """
    current, final = looks[-1], is_final(plan, looks[-1])
    counted: list[tuple[float, bool]] = []
    for look in looks:
        information = _information(plan, look.of(metric))
        grew = information > (counted[-1][0] if counted else 0)
        if grew:
            counted.append((information, decides(plan, look.day)))
    grew_now = _information(plan, current.of(metric)) > max(
        (_information(plan, look.of(metric)) for look in looks[:-1]), default=0
    )
    bounds = _bounds(plan, counted, all_at_last=final and grew_now)
    bound = bounds[-1] if bounds and grew_now else None
    ahead = None
    if grew_now and not final and counted[-1][0] < 1:
        ahead = _bounds(plan, [*counted, (1.0, True)], all_at_last=True)[-1]
    return Spent(
        information=_information(plan, current.of(metric)),
        bound=bound,
        reason="" if bound is not None else _reason(plan, current, grew=grew_now),
        alpha=_alpha(plan, counted, everything=final and bound is not None),
        final_bound=ahead,
    )


def _bounds(
    plan: OnlinePlan, counted: Sequence[tuple[float, bool]], *, all_at_last: bool
) -> tuple[float | None, ...]:
    if not counted:
        return ()
    bounds = lan_demets_bounds if plan.window_days > 0 else bonferroni_bounds
    return bounds(
        [information for information, _ in counted],
        alpha=plan.alpha,
        spends=[may for _, may in counted],
        spend_all_at_last=all_at_last,
    )


def _reason(plan: OnlinePlan, look: LookData, *, grew: bool) -> str:
    if not decides(plan, look.day):
        return (
            f"the look of day {look.day:g} is before the minimum run time of {plan.minimum_days:g} "
            "days: it spends no alpha"
        )
    if not grew:
        return f"no information came since the look before day {look.day:g}: no alpha is spent"
    return f"the look of day {look.day:g} has no alpha left to spend"


def _alpha(plan: OnlinePlan, counted: Sequence[tuple[float, bool]], *, everything: bool) -> float:
    if everything:
        return plan.alpha
    spending = [information for information, may in counted if may]
    return alpha_spent(spending[-1], alpha=plan.alpha) if spending else 0.0


def _information(plan: OnlinePlan, arms: MetricArms) -> float:
    return (arms.units or 0) / plan.planned_units
