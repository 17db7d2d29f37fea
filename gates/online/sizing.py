"""How many units an A/B needs, how long it takes, and what it can find, from what is known."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

from policies.criteria import Better, Criterion, NonInferior, Severity
from policies.errors import WrongUsage
from policies.online import OnlineKind, OnlinePlan
from policies.policy import Policy
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.online.analysis import Measured
from stages.online.look_data import LookData
from stages.online.looks import spending_of
from stages.online.reading import Reading, Unreadable
from stages.online.sources import Source
from stages.stats.exposure import Exposure, Schedule, planned_looks
from stages.stats.moments import Moments
from stages.stats.online_design import (
    Course,
    Design,
    Goal,
    History,
    corrected_power,
    course_of_all,
    detectable_effect,
    detectable_margin,
    history_of,
    power_of,
    units_for,
)
from stages.stats.quantiles import QuantileArm

if TYPE_CHECKING:
    import numpy as np

_CURVE_PATHS = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known before the A/B.

    Attributes:
        exposure: How units of both arms come.
        metrics: One unit's value, by the metric's name in the plan.
    """

    exposure: Exposure
    metrics: Mapping[str, History | Unmeasured]


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalSize:
    """One goal of the A/B.

    Attributes:
        metric: The metric's name in the plan.
        role: `primary` or `guardrail`.
        demand: What it must show: the effect that is true, or the margin.
        relative: Whether the demand is a share of the champion's value.
        power: Probability to show it, as planned.
        units: Planned units that show it with the corrected power, if all of them come by the last
            look; None when none do.
        detectable: Smallest effect of a primary, or margin of a guardrail, that the A/B as planned
            shows with the corrected power; None when there is none.
    """

    metric: str
    role: str
    demand: float
    relative: bool
    power: float
    units: int | None
    detectable: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerAt:
    """What an A/B that ends on a day can do.

    Attributes:
        day: The day.
        units: Units whose window has closed by then.
        primary: Probability to show the primary.
        everything: The same of primary and guardrails together.
    """

    day: float
    units: float
    primary: float
    everything: float


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineSize:
    """What an A/B can do, and what it should be.

    Attributes:
        power: Wanted probability to ship when the effect is true.
        each: What the primary and each guardrail need for that (beta shared by them).
        planned_units: Units of both arms, as planned.
        needed_units: Units that show every goal with `each`; None when some goal cannot be shown.
        needed_days: Days until they are in, their windows closed; None when they do not come.
        comes_units: Units whose window has closed by the last look.
        goals: The primary, then the guardrails.
        course: How the A/B goes as planned.
        curve: Power by the day on which it ends.
    """

    power: float
    each: float
    planned_units: int
    needed_units: int | None
    needed_days: float | None
    comes_units: float
    goals: tuple[GoalSize, ...]
    course: Course
    curve: tuple[PowerAt, ...]


def size(
    policy: Policy,
    past: Past,
    *,
    power: float,
    effect: float | None,
    random: "np.random.Generator",
) -> OnlineSize:
    """What the A/B of a policy can do.

    Args:
        policy: With an online plan.
        past: What is known before.
        power: Wanted probability to ship when the effect is true.
        effect: The effect on the primary, in its unit; None: the plan's `minimum_effect`.
        random: Source of chance.

    Raises:
        WrongUsage: When nothing is known of a metric that must be shown, the effect is not said, or
            no unit comes in time.
    """
    plan = policy.plan.online
    assert plan is not None
    said = plan.minimum_effect if effect is None else effect
    if said is None:
        raise WrongUsage(
            "it is not said which effect is worth finding",
            why="the plan has no `minimum_effect`",
            fix=f"add it to the plan, or give --effect, in the unit of {plan.primary}",
        )
    goals = _goals(policy, plan, past, said)
    each = corrected_power(power, guardrails=len(goals) - 1)
    design = _design(plan, past.exposure, plan.planned_units)
    sized = tuple(
        _sized(name, goal, plan=plan, exposure=past.exposure, power=each)
        for name, goal in goals.items()
    )
    needed = _most([one.units for one in sized])
    return OnlineSize(
        power=power,
        each=each,
        planned_units=plan.planned_units,
        needed_units=needed,
        needed_days=None if needed is None else _days(plan, past.exposure, needed),
        comes_units=past.exposure.units_at(plan.looks[-1] - plan.window_days),
        goals=sized,
        course=course_of_all(
            plan.planned_units, tuple(goals.values()), design=design, random=random
        ),
        curve=_curve(plan, past.exposure, tuple(goals.values()), random),
    )


def past_of(plan: OnlinePlan, source: Source, experiment: str) -> Past:
    """What an earlier A/B in the plan's own source says of units and metrics.

    Its champion's units are the history; how its units came is how they will come.

    Args:
        plan: The plan; its looks say on which days the earlier A/B is read.
        source: Where its traffic is.
        experiment: `experiment_id` of the earlier A/B.

    Raises:
        WrongUsage: When the source has no row of it, or it did not last to the first look.
        InputError: When it cannot be read.
    """
    earlier = plan.model_copy(update={"flag": experiment, "ramp": ()})
    reading = Reading(plan=earlier, source=source, known_as=experiment, clock=lambda newest: newest)
    with reading.opened(None) as traffic:
        days = () if isinstance(traffic, Unreadable) else plan.looks
        looks = [
            traffic.look(day)
            for day in days
            if not isinstance(traffic, Unreadable) and day <= traffic.elapsed_days
        ]
    if not looks or not looks[-1].champion_units:
        raise WrongUsage(
            f"the A/B {experiment} says nothing about the days to come",
            why=f"the plan's source has no row of it, or none after day {plan.looks[0]:g}",
            fix="name an `experiment_id` that lasted longer, or give --units-per-day and --past",
        )
    return Past(
        exposure=_exposure(looks),
        metrics={name: _history(plan, name, tuple(looks)) for name in plan.metrics},
    )


def _exposure(looks: Sequence[LookData]) -> Exposure:
    """Units by day, evenly between looks and from the first exposure on."""
    known = [(0.0, 0.0), *((look.day, _units(look)) for look in looks)]
    days = range(1, int(looks[-1].day) + 1)
    return Exposure(by_day=tuple(_between(known, float(day)) for day in days))


def _units(look: LookData) -> float:
    return float(look.champion_units + look.challenger_units)


def _between(known: Sequence[tuple[float, float]], day: float) -> float:
    for (before, low), (after, high) in pairwise(known):
        if day <= after:
            return low + (high - low) * (day - before) / (after - before)
    return known[-1][1]


def _history(plan: OnlinePlan, name: str, looks: tuple[LookData, ...]) -> History | Unmeasured:
    arm, metric = looks[-1].of(name).champion, plan.metrics[name]
    match arm:
        case Unmeasured():
            return arm
        case QuantileArm():
            return History(mean=arm.value, deviation=arm.standard_error * arm.n**0.5)
        case Moments():
            columns = Measured(plan=plan, name=name, looks=looks).columns
            return history_of(arm, columns, is_rate=metric.kind is OnlineKind.PROPORTION)


def _goals(policy: Policy, plan: OnlinePlan, past: Past, effect: float) -> dict[str, Goal]:
    """What must be shown, the leading primary first, by metric."""
    found = {plan.primary: Goal(history=_known(past, plan.primary), effect=effect)}
    for criterion in policy.criteria_of(StageName.ONLINE):
        name = criterion.metric.removeprefix("online.")
        margin, relative = _margin(criterion)
        too = isinstance(criterion.demand, Better) and plan.primaries == "all"
        if margin is not None:
            found[name] = Goal(history=_known(past, name), margin=margin, relative=relative)
        elif too and name not in found:
            found[name] = Goal(history=_known(past, name), effect=effect)
    return {
        name: replace(goal, higher_is_better=plan.metrics[name].higher_is_better)
        for name, goal in found.items()
    }


def _margin(criterion: Criterion) -> tuple[float | None, bool]:
    """Margin of a guardrail that blocks, None for anything else; and whether it is a share."""
    demand = criterion.demand
    if not isinstance(demand, NonInferior) or criterion.severity is not Severity.BLOCKING:
        return None, False
    return (demand.margin or demand.relative_margin), demand.margin is None


def _known(past: Past, name: str) -> History:
    found = past.metrics.get(name, Unmeasured("nothing is said of it"))
    if isinstance(found, Unmeasured):
        raise WrongUsage(
            f"nothing is known of {name}",
            why=found.reason,
            fix=f"give --past {name}=MEAN:DEVIATION, or a --history that has it",
        )
    return found


def _design(plan: OnlinePlan, exposure: Exposure, units: float) -> Design:
    schedule = Schedule(
        days=plan.looks, minimum_days=plan.minimum_days, window_days=plan.window_days
    )
    looks = planned_looks(
        schedule,
        exposure,
        units,
        alpha=plan.alpha / plan.hypotheses,
        spending=spending_of(plan),
    )
    assert looks is not None, "a plan whose windows close too late is refused as a policy"
    share = plan.analysed_share
    rest = (1 - share) / plan.challengers
    return Design(looks=looks, champion_share=share / (share + rest))


def _whole(plan: OnlinePlan, exposure: Exposure) -> Design:
    """The looks as they are, the last of which has all planned units."""
    return _design(plan, exposure, exposure.units_at(plan.looks[-1] - plan.window_days))


def _most(units: Sequence[int | None]) -> int | None:
    """What shows every goal; None when one is never shown."""
    known = [each for each in units if each is not None]
    return max(known) if len(known) == len(units) else None


def _days(plan: OnlinePlan, exposure: Exposure, units: int) -> float | None:
    day = exposure.day_of(units)
    return None if day is None else max(day + plan.window_days, plan.minimum_days)


def _sized(
    name: str, goal: Goal, *, plan: OnlinePlan, exposure: Exposure, power: float
) -> GoalSize:
    units, wins = plan.planned_units, goal.margin == 0
    design = _design(plan, exposure, units)
    if wins:
        least = detectable_effect(
            units,
            goal.history,
            design=design,
            power=power,
            higher_is_better=goal.higher_is_better,
        )
    else:
        least = detectable_margin(units, goal, design=design, power=power)
    return GoalSize(
        metric=name,
        role="primary" if wins else "guardrail",
        demand=goal.effect if wins else goal.margin,
        relative=goal.relative,
        power=power_of(units, goal, design=design),
        units=units_for(goal, design=_whole(plan, exposure), power=power),
        detectable=least,
    )


def _curve(
    plan: OnlinePlan, exposure: Exposure, goals: Sequence[Goal], random: "np.random.Generator"
) -> tuple[PowerAt, ...]:
    """Power of A/Bs that end on each day on which they might."""
    first = max(plan.minimum_days, plan.window_days + 1)
    found = []
    for day in range(int(first), len(exposure.by_day) + 1):
        units = exposure.units_at(day - plan.window_days)
        if units <= 0:
            continue
        looks = tuple(look for look in plan.looks if look < day)
        ends = plan.model_copy(update={"looks": (*looks, float(day))})
        design = _design(ends, exposure, units)
        course = course_of_all(units, goals, design=design, random=random, paths=_CURVE_PATHS)
        primary = power_of(units, goals[0], design=design)
        found.append(
            PowerAt(
                day=day,
                units=units,
                primary=primary,
                everything=min(course.power, primary),  # the one is simulated, the other exact
            )
        )
    return tuple(found)
