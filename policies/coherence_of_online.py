"""Whether an A/B can be measured and decided as its plan is written."""

from collections.abc import Iterator

from policies.online import OnlineKind, OnlinePlan
from policies.problems import Path, Problem
from policies.times import time_problem

MOST_ALPHA = 0.05
"""The largest one-sided error of SHIP: nothing is decided with less than 95 % confidence."""


def online_problems(plan: OnlinePlan) -> Iterator[Problem]:
    """What in the plan of an A/B cannot be measured or decided."""
    at: Path = ("plan", "online")
    last = plan.looks[-1]
    if plan.alpha > MOST_ALPHA:
        yield Problem(
            at=(*at, "alpha"),
            found=f"`{plan.alpha:g}`",
            expected=f"at most {MOST_ALPHA:g}, above which nothing ships",
            fix="write `alpha: 0.025`, the usual one-sided error",
        )
    if plan.minimum_days > last:
        yield Problem(
            at=(*at, "minimum_days"),
            found=f"`{plan.minimum_days:g}`, after the last look (day {last:g})",
            expected="a look that may ship",
            fix=f"add a look on day {plan.minimum_days:g} or later, or say `minimum_days`",
        )
    if plan.window_days >= last:
        yield Problem(
            at=(*at, "window_days"),
            found=f"`{plan.window_days:g}`, so that no unit is complete by day {last:g}",
            expected=f"less than {last:g}",
            fix="look later, or shorten the window",
        )
    yield from _burn_in_problems(plan)
    if plan.as_of is not None:
        yield from time_problem((*at, "as_of"), plan.as_of)
    yield from _arm_problems(plan)
    yield from _window_problems(plan)
    if plan.moments is not None:
        yield from _moments_problems(plan)


def _burn_in_problems(plan: OnlinePlan) -> Iterator[Problem]:
    """Each arm must reach its half of the burn-in before the plan ends."""
    at: Path = ("plan", "online", "burn_in_units")
    if plan.burn_in_units > plan.planned_units:
        yield Problem(
            at=at,
            found=f"`{plan.burn_in_units}`",
            expected=f"at most the planned units ({plan.planned_units})",
            fix="plan more units, or a shorter burn-in",
        )
    elif plan.burn_in_units > 2 * (smaller := _smaller_arm(plan)):
        yield Problem(
            at=at,
            found=f"`{plan.burn_in_units}`, of which each arm must have half",
            expected=f"at most {2 * smaller}: the smaller arm has {smaller} of the planned units",
            fix="plan more units, more equal shares, or a shorter burn-in",
        )


def _smaller_arm(plan: OnlinePlan) -> int:
    """Planned units of the smaller of the two arms that are compared."""
    champion = plan.analysed_share
    challenger = (1 - champion) / plan.challengers
    return round(plan.planned_units * min(champion, challenger) / (champion + challenger))


def _arm_problems(plan: OnlinePlan) -> Iterator[Problem]:
    """Several challengers meet the champion in one experiment, each in an arm of its own."""
    at: Path = ("plan", "online")
    if plan.challengers > 1 and "{candidate}" not in plan.variants.challenger:
        yield Problem(
            at=(*at, "variants", "challenger"),
            found=f"`{plan.variants.challenger}` for {plan.challengers} challengers",
            expected="a name with {candidate}, since each has an arm of its own",
            fix='write `variants: {challenger: "{candidate}"}`',
        )
    if plan.challengers > 1 and plan.flag is None:
        yield Problem(
            at=(*at, "flag"),
            found=f"none, with {plan.challengers} challengers",
            expected="the one experiment that they all take part in",
            fix="name it: `flag: ...`",
        )


def _window_problems(plan: OnlinePlan) -> Iterator[Problem]:
    last = plan.looks[-1]
    for name, metric in plan.metrics.items():
        if metric.window_days is not None and metric.window_days >= last:
            yield Problem(
                at=("plan", "online", "metrics", name, "window_days"),
                found=f"`{metric.window_days:g}`, so that no unit is complete by day {last:g}",
                expected=f"less than {last:g}",
                fix="look later, or shorten the window",
            )
    if plan.ramp and plan.ramp[-1].from_day >= last:
        yield Problem(
            at=("plan", "online", "ramp"),
            found=f"a phase from day {plan.ramp[-1].from_day:g}, after the last look",
            expected=f"phases that begin before day {last:g}",
            fix="look later, or begin the phase earlier",
        )


def _moments_problems(plan: OnlinePlan) -> Iterator[Problem]:
    """Arm moments carry a mean and a variance of each metric, and nothing else."""
    said = {
        "covariates": plan.covariates,
        "ramp": plan.ramp,
        "exclude": plan.exclude,
        "trigger": plan.trigger,
        "segments": plan.segments,
    }
    for field in (name for name, value in said.items() if value):
        yield Problem(
            at=("plan", "online", field),
            found="it, beside `moments`",
            expected="exposures and events: arm moments cannot tell units apart",
            fix=f"remove `{field}`, or give `source`",
        )
    for name, metric in plan.metrics.items():
        if metric.kind in (OnlineKind.RATIO, OnlineKind.QUANTILE):
            yield Problem(
                at=("plan", "online", "metrics", name, "kind"),
                found=f"`{metric.kind}`, beside `moments`",
                expected="`mean` or `proportion`: arm moments hold no more",
                fix="give `source`, or leave the metric out",
            )
