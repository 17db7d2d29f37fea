"""How an A/B went, look by look: what was measured, and what it was held against."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.decide.limits import Limit, limit_of
from policies.online import OnlineMetric, OnlinePlan
from policies.policy import Policy
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Measurement, Quantity, Validity
from stages.online.analysis import Measured, contrast_of, harm_of, look_of, measure_looks
from stages.online.harm import sequences
from stages.online.look_data import LookData
from stages.online.looks import decides, is_final, spending_of, spent
from stages.stats.experiments import Contrast
from stages.stats.exposure import PlannedLooks
from stages.stats.score_walk import CLOSEST


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One metric at one look.

    Attributes:
        day: Day of the look, since the first exposure.
        information: Share of the planned information.
        units: Units of both arms that are analysed.
        effect: Challenger minus champion, with no interval; or why there is none.
        z: The same in standard errors, positive where the challenger is better; None without one.
        bound: What z must exceed at this look; None when it cannot decide.
        harm: Below minus this many standard errors the always-valid sequence says that the
            challenger is worse; None during burn-in.
        difference: The repeated interval of the look.
        ratio: The same of the quotient.
        difference_harm: The always-valid sequence so far.
        ratio_harm: The same of the quotient.
    """

    day: float
    information: float
    units: int
    effect: Contrast | Unmeasured
    z: float | None
    bound: float | None
    harm: float | None
    difference: Estimate | Unmeasured
    ratio: Estimate | Unmeasured
    difference_harm: Estimate | Unmeasured
    ratio_harm: Estimate | Unmeasured

    def at_look(self, quantity: Quantity) -> Estimate | Unmeasured:
        """The repeated interval of a comparison."""
        return self.ratio if quantity is Quantity.RATIO else self.difference

    def always(self, quantity: Quantity) -> Estimate | Unmeasured:
        """The always-valid sequence of a comparison."""
        return self.ratio_harm if quantity is Quantity.RATIO else self.difference_harm


@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """A planned look that has not come, if units go on coming as they did.

    Attributes:
        day: Its day.
        information: Expected share of the planned information.
        bound: What z must then exceed; None when it will not decide.
    """

    day: float
    information: float
    bound: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricCourse:
    """One metric over all looks so far.

    Attributes:
        name: Its name in the plan.
        metric: What the plan says of it.
        primary: Whether it is a primary.
        unit: Unit of its value.
        limit: What the first criterion on its comparison demands; None without one.
        points: Every look so far.
        ahead: The looks to come; empty after the last.
    """

    name: str
    metric: OnlineMetric
    primary: bool
    unit: str
    limit: Limit | None
    points: tuple[Point, ...]
    ahead: tuple[Ahead, ...]

    @property
    def must_win(self) -> bool:
        """Whether it is demanded to be better, which is what the bounds of the looks test."""
        return self.limit is not None and not self.limit.at and self.limit.strict


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where the A/B stood at one look.

    Attributes:
        number: The look, from 1.
        day: Its day.
        units: Units of both arms that are analysed.
        information: Share of the planned information.
        alpha_spent: One-sided alpha of the primary spent so far.
        conditional_power: Probability to cross at the end under the trend; None where not told.
    """

    number: int
    day: float
    units: int
    information: float
    alpha_spent: float
    conditional_power: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AbCourse:
    """An A/B over all looks so far.

    Attributes:
        plan: Its plan, with the alpha that it drew.
        looks: What its looks saw, in order; at least one.
        metrics: Every metric, in the plan's order.
        standings: Where it stood at every look.
    """

    plan: OnlinePlan
    looks: tuple[LookData, ...]
    metrics: tuple[MetricCourse, ...]
    standings: tuple[Standing, ...]


def course_of(policy: Policy, plan: OnlinePlan, looks: Sequence[LookData]) -> AbCourse:
    """Every metric at every look, computed as it was decided.

    Args:
        policy: Its criteria on the metrics.
        plan: The online plan, with the alpha that was drawn.
        looks: What the looks saw, in order; at least one.
    """
    measured = [measure_looks(plan, tuple(looks[:n])) for n in range(1, len(looks) + 1)]
    return AbCourse(
        plan=plan,
        looks=tuple(looks),
        metrics=tuple(_metric(policy, plan, name, tuple(looks), measured) for name in plan.metrics),
        standings=tuple(_standing(plan, tuple(looks[:n])) for n in range(1, len(looks) + 1)),
    )


def _standing(plan: OnlinePlan, looks: tuple[LookData, ...]) -> Standing:
    look = look_of(plan, looks)
    return Standing(
        number=look.number,
        day=look.run_days,
        units=look.units,
        information=look.information,
        alpha_spent=look.alpha_spent,
        conditional_power=look.conditional_power,
    )


def _metric(
    policy: Policy,
    plan: OnlinePlan,
    name: str,
    looks: tuple[LookData, ...],
    measured: Sequence[Sequence[Measurement]],
) -> MetricCourse:
    one = Measured(plan=plan, name=name, looks=looks)
    return MetricCourse(
        name=name,
        metric=one.metric,
        primary=name in plan.all_primaries,
        unit=one.unit,
        limit=_limit(policy, one.full_name),
        points=tuple(
            _point(Measured(plan=plan, name=name, looks=looks[:n]), found)
            for n, found in enumerate(measured, start=1)
        ),
        ahead=_ahead(plan, looks, name),
    )


def _limit(policy: Policy, metric: str) -> Limit | None:
    metrics = policy.plan.metrics()
    limits = (limit_of(c, metrics[metric]) for c in policy.criteria if c.metric == metric)
    return next((limit for limit in limits if limit.quantity is not Quantity.VALUE), None)


def _point(one: Measured, measured: Sequence[Measurement]) -> Point:
    plan, look = one.plan, one.looks[-1]
    stands = spent(plan, one.looks, one.name, alpha=alpha_of(plan, one.name))
    effect = contrast_of(one, look)
    sign = 1 if one.metric.higher_is_better else -1
    return Point(
        day=look.day,
        information=stands.information,
        units=look.of(one.name).units or 0,
        effect=effect,
        z=sign * effect.z if isinstance(effect, Contrast) else None,
        bound=stands.bound,
        harm=_harm_bound(one, effect) if isinstance(effect, Contrast) else None,
        difference=_of(measured, one, Quantity.DIFFERENCE, Validity.LOOK),
        ratio=_of(measured, one, Quantity.RATIO, Validity.LOOK),
        difference_harm=_of(measured, one, Quantity.DIFFERENCE, Validity.ANYTIME),
        ratio_harm=_of(measured, one, Quantity.RATIO, Validity.ANYTIME),
    )


def alpha_of(plan: OnlinePlan, metric: str) -> float:
    """One-sided alpha that a metric has for itself while every other hypothesis stands."""
    return plan.alpha / (plan.hypotheses if metric in plan.all_primaries else 1)


def _harm_bound(one: Measured, effect: Contrast) -> float | None:
    """Standard errors on the bad side at which the sequence of this look alone tells harm."""
    found, _ = sequences(one.looks[-1].of(one.name), harm_of(one))
    if isinstance(found, Unmeasured):
        return None
    end = found.low if found.high is None else found.high
    return None if end is None else abs(end - effect.effect) / effect.standard_error


def _of(
    measured: Sequence[Measurement], one: Measured, quantity: Quantity, validity: Validity
) -> Estimate | Unmeasured:
    """The last of its kind: of a primary that shares alpha, the one at its part of it."""
    found = [
        m.measured
        for m in measured
        if m.metric == one.full_name and m.quantity is quantity and m.validity is validity
    ]
    return found[-1]


def _ahead(plan: OnlinePlan, looks: tuple[LookData, ...], metric: str) -> tuple[Ahead, ...]:
    """The looks to come with their bounds, where units come as evenly as so far."""
    current = looks[-1]
    window = plan.window_of(metric)
    closed = current.day - window
    known = [(look.day, (look.of(metric).units or 0) / plan.planned_units) for look in looks]
    if is_final(plan, current) or closed <= 0 or known[-1][1] <= 0:
        return ()
    rate = known[-1][1] / closed
    later = [(day, rate * (day - window)) for day in plan.looks if day > current.day]
    grown = _growing([*known, *_until_all(plan, later)])
    if len(grown) < 1 or grown[-1][0] <= current.day:
        return ()
    bounds = PlannedLooks(
        information=tuple(share for _, share in grown),
        days=tuple(day for day, _ in grown),
        alpha=alpha_of(plan, metric),
        spending=spending_of(plan),
        spends=tuple(decides(plan, day) for day, _ in grown),
        values_final=plan.window_days > 0,
    ).bounds
    return tuple(
        Ahead(day=day, information=share, bound=bound)
        for (day, share), bound in zip(grown, bounds, strict=True)
        if day > current.day
    )


def _until_all(
    plan: OnlinePlan, later: Sequence[tuple[float, float]]
) -> Sequence[tuple[float, float]]:
    """The looks up to the first with all planned units: it ends the A/B."""
    for number, (day, share) in enumerate(later, start=1):
        if share >= 1 and decides(plan, day):
            return later[:number]
    return later


def _growing(looks: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Those that bring information; the others spend nothing."""
    found = [(0.0, 0.0)]
    for day, share in looks:
        if share - found[-1][1] >= CLOSEST * share > 0:
            found.append((day, share))
    return found[1:]
