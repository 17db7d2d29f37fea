"""From the moments of every look so far to the measurements of the current one; pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from policies.online import OnlineKind, OnlineMetric, OnlinePlan
from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.records import Look, Measurement, Quantity, Validity
from stages.online.effects import effect, own_value, quotient
from stages.online.harm import Harm, sequences
from stages.online.look_data import LookData, MetricArms
from stages.online.looks import Spent, decides, is_final, spent
from stages.online.parts import before, below
from stages.online.skewed import reaches
from stages.stats.experiments import Contrast, MetricColumns
from stages.stats.moments import Moments
from stages.stats.ranges import Range
from stages.stats.sequential import conditional_power, repeated_interval
from stages.stats.stagewise import Stopped, stagewise
from stages.stats.two_shares import ArmShare, difference_ends, exact_share, ratio_range

LOOK_QUANTITIES = (Quantity.VALUE, Quantity.DIFFERENCE, Quantity.RATIO)
ANYTIME_QUANTITIES = (Quantity.DIFFERENCE, Quantity.RATIO)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One metric of a plan, being measured.

    Attributes:
        plan: The plan.
        name: The metric's name in it.
        looks: Every look so far, the current one last.
    """

    plan: OnlinePlan
    name: str
    looks: tuple[LookData, ...]

    @property
    def metric(self) -> OnlineMetric:
        """What the plan says of it."""
        return self.plan.metrics[self.name]

    @property
    def full_name(self) -> str:
        """Its name in criteria."""
        return f"online.{self.name}"

    @property
    def unit(self) -> str:
        """Unit of its value."""
        return self.plan.unit_of(self.name).value

    @property
    def columns(self) -> MetricColumns:
        """Its columns in the moments."""
        under = below(self.name) if self.metric.denominator is not None else None
        past = tuple(before(name) for name in self.metric.covariates)
        return MetricColumns(numerator=self.name, denominator=under, covariates=past)

    @property
    def shares(self) -> range:
        """By what alpha is divided for it: hypotheses of which one may win share alpha."""
        hypotheses = self.plan.hypotheses if self.name in self.plan.all_primaries else 1
        return range(1, hypotheses + 1)

    @property
    def harmful(self) -> Bounds:
        """The end that a harm sequence has: an upper one where higher is better."""
        return Bounds.UPPER if self.metric.higher_is_better else Bounds.LOWER


def measure_looks(plan: OnlinePlan, looks: tuple[LookData, ...]) -> tuple[Measurement, ...]:
    """Every quantity of every metric at the current look.

    Per metric: VALUE of the challenger, DIFFERENCE and RATIO valid at this LOOK (its own Lan-DeMets
    bound, one-sided alpha, so level 1 - 2 alpha), then DIFFERENCE and RATIO valid at ANYTIME, with
    the harmful end only (alpha: `harm_alpha` shared by the metrics). A primary that shares alpha
    with others has the three of the LOOK at alpha, at alpha / 2 and so on, for the closed test.

    Args:
        plan: The plan.
        looks: At least one look, the current one last.
    """
    found: list[Measurement] = []
    for name in plan.metrics:
        measured = Measured(plan=plan, name=name, looks=looks)
        for share in measured.shares:
            found += _at_look(measured, alpha=plan.alpha / share)
        found += _anytime(measured)
    return tuple(found)


def unmeasured(plan: OnlinePlan, reason: Unmeasured) -> tuple[Measurement, ...]:
    """Every quantity of every metric, absent for one reason."""
    return tuple(
        Measurement(metric=f"online.{n}", quantity=q, measured=reason, validity=validity)
        for n in plan.metrics
        for validity, quantities in (
            (Validity.LOOK, LOOK_QUANTITIES),
            (Validity.ANYTIME, ANYTIME_QUANTITIES),
        )
        for q in quantities
    )


def look_of(plan: OnlinePlan, looks: tuple[LookData, ...]) -> Look:
    """Where the A/B stands at its current look."""
    current = looks[-1]
    stands = spent(plan, looks, plan.primary, alpha=plan.alpha)
    return replace(
        before_first_look(plan),
        number=len(looks),
        information=stands.information,
        units=current.of(plan.primary).units or 0,
        run_days=current.day,
        minimum_days_reached=decides(plan, current.day),
        alpha_spent=stands.alpha,
        conditional_power=_power(Measured(plan=plan, name=plan.primary, looks=looks)),
        final=is_final(plan, current),
        stopped_here=_stopped_here(Measured(plan=plan, name=plan.primary, looks=looks), stands),
    )


def before_first_look(plan: OnlinePlan) -> Look:
    """An A/B of which no planned look has come."""
    several = len(plan.all_primaries) > 1
    return Look(
        number=0,
        planned=len(plan.looks),
        information=0.0,
        units=0,
        run_days=0.0,
        minimum_days_reached=False,
        alpha_spent=0.0,
        conditional_power=None,
        final=False,
        primary=f"online.{plan.primary}",
        primaries=tuple(f"online.{name}" for name in plan.all_primaries) if several else (),
        any_primary=several and plan.primaries == "any",
        hypotheses=plan.hypotheses,
    )


def contrast_of(measured: Measured, look: LookData) -> Contrast | Unmeasured:
    """Challenger minus champion at one look."""
    return effect(look.of(measured.name), measured.columns)


def _at_look(measured: Measured, *, alpha: float) -> Iterator[Measurement]:
    plan, current = measured.plan, measured.looks[-1]
    stands = spent(plan, measured.looks, measured.name, alpha=alpha)
    if stands.bound is None:
        none = Unmeasured(stands.reason, Cause.WAITING)
        found: tuple[Estimate | Unmeasured, ...] = (none, none, none)
    else:
        found = _intervals(
            measured, current.of(measured.name), bound=stands.bound, level=1 - 2 * alpha
        )
    for quantity, value in zip(LOOK_QUANTITIES, found, strict=True):
        yield Measurement(
            metric=measured.full_name, quantity=quantity, measured=value, validity=Validity.LOOK
        )


def _intervals(
    measured: Measured, arms: MetricArms, *, bound: float, level: float
) -> tuple[Estimate | Unmeasured, ...]:
    """VALUE, DIFFERENCE and RATIO at a look that may decide."""
    unit, columns = measured.unit, measured.columns
    value = own_value(arms, columns, level=level, critical=bound, unit=unit)
    difference = repeated_interval(effect(arms, columns), bound=bound, level=level, unit=unit)
    relative = quotient(arms, columns, level=level, critical=bound)
    if measured.metric.kind is OnlineKind.PROPORTION:
        return _of_shares(value, difference, relative, arms=arms, bound=bound)
    far = reaches(arms, columns, critical=bound, shares=False)
    if isinstance(difference, Unmeasured) or (far.low, far.high) == (bound, bound):
        return value, difference, relative
    ends = [
        (
            repeated_interval(effect(arms, columns), bound=reach, level=level, unit=unit),
            quotient(arms, columns, level=level, critical=reach),
        )
        for reach in (far.low, far.high)
    ]
    return value, _skewed(*(found for found, _ in ends)), _skewed(*(found for _, found in ends))


def _skewed(low: Estimate | Unmeasured, high: Estimate | Unmeasured) -> Estimate | Unmeasured:
    """The lower end of one interval and the upper end of another."""
    if isinstance(low, Unmeasured):
        return low
    if isinstance(high, Unmeasured):
        return high
    return replace(low, high=high.high, method=f"{low.method}, corrected for skewness (Hall)")


def _of_shares(
    value: Estimate | Unmeasured,
    difference: Estimate | Unmeasured,
    relative: Estimate | Unmeasured,
    *,
    arms: MetricArms,
    bound: float,
) -> tuple[Estimate | Unmeasured, ...]:
    """The three with ends that hold for few events and unequal arms.

    The value's are exact, those of the difference are corrected for skewness, and the quotient's
    reach at least as far as Wilson's of each arm. Comparisons that covariates adjusted are no
    difference of shares: they stay as they are.
    """
    if not isinstance(arms.champion, Moments) or not isinstance(arms.challenger, Moments):
        return value, difference, relative
    if not all(0 <= arm.mean[0] <= 1 for arm in (arms.champion, arms.challenger) if arm.mean):
        none = Unmeasured("the mean of a proportion lies outside 0 to 1")
        return none, none, none
    if isinstance(difference, Unmeasured) or isinstance(value, Unmeasured):
        return value, difference, relative
    control, treatment = (
        ArmShare(value=arm.mean[0], n=arm.n) for arm in (arms.champion, arms.challenger)
    )
    exact = exact_share(treatment, critical=bound)
    said = f"Clopper-Pearson, critical value {bound:.4f}"
    value = replace(value, low=exact.low, high=exact.high, method=said)
    if len(arms.champion.names) > 1:
        return value, difference, relative
    ends = difference_ends(control, treatment, critical=bound)
    said = f"difference of shares, Newcombe and Hall, critical value {bound:.4f}"
    difference = replace(difference, low=ends.low, high=ends.high, method=said)
    if isinstance(relative, Estimate):
        mover = ratio_range(control, treatment, critical=bound)
        relative = _widened(relative, mover, "Donner-Zou")
    return value, difference, relative


def _widened(found: Estimate, to: Range, name: str) -> Estimate:
    assert found.low is not None
    assert found.high is not None
    return replace(
        found,
        low=min(found.low, to.low),
        high=max(found.high, to.high),
        method=f"{found.method}, widened to {name}",
    )


def _anytime(measured: Measured) -> list[Measurement]:
    """The sequences that may stop the A/B; each look's end counts for ever after."""
    harm = harm_of(measured)
    of_looks = [sequences(look.of(measured.name), harm) for look in measured.looks]
    found = []
    for number, quantity in enumerate(ANYTIME_QUANTITIES):
        value = _running([sequences[number] for sequences in of_looks])
        found.append(
            Measurement(
                metric=measured.full_name,
                quantity=quantity,
                measured=value,
                validity=Validity.ANYTIME,
            )
        )
    return found


def harm_of(measured: Measured) -> Harm:
    """What the harm sequences of a metric are made by."""
    plan = measured.plan
    return Harm(
        columns=measured.columns,
        alpha=plan.harm_alpha / len(plan.metrics),
        planned_units=plan.planned_units,
        burn_in_units=plan.burn_in_units,
        unit=measured.unit,
        bounds=measured.harmful,
        shares=measured.metric.kind is OnlineKind.PROPORTION,
    )


def _running(found: Sequence[Estimate | Unmeasured]) -> Estimate | Unmeasured:
    """The current look's estimate with the tightest end of all looks (running intersection)."""
    current = found[-1]
    if isinstance(current, Unmeasured):
        return current
    highs = [e.high for e in found if isinstance(e, Estimate) and e.high is not None]
    lows = [e.low for e in found if isinstance(e, Estimate) and e.low is not None]
    return replace(current, high=min(highs, default=None), low=max(lows, default=None))


def _power(measured: Measured) -> float | None:
    plan, looks = measured.plan, measured.looks
    stands = spent(plan, looks, measured.name, alpha=plan.alpha / plan.hypotheses)
    found = contrast_of(measured, looks[-1])
    if stands.final_bound is None or isinstance(found, Unmeasured):
        return None
    z = found.z if measured.metric.higher_is_better else -found.z
    return conditional_power(z, stands.information, final_bound=stands.final_bound)


def _stopped_here(measured: Measured, stands: Spent) -> Estimate | None:
    """The effect if the A/B ends here; where looks are not independent, or share alpha, none.

    Nor after a look at which the primary crossed its bound and a guardrail kept the A/B going: the
    order of outcomes knows none that crossed before it ended.
    """
    plan = measured.plan
    if stands.bound is None or plan.hypotheses > 1 or plan.window_of(measured.name) == 0:
        return None
    if any(_crosses(measured, number) for number in range(1, len(measured.looks))):
        return None
    shares, bounds = zip(*stands.counted, strict=True)
    found = stagewise(
        contrast_of(measured, measured.looks[-1]),
        Stopped(information=shares, bounds=bounds[:-1]),
        level=1 - 2 * plan.alpha,
        unit=measured.unit,
        higher_is_better=measured.metric.higher_is_better,
    )
    return None if isinstance(found, Unmeasured) else found.estimate


def _crosses(measured: Measured, number: int) -> bool:
    """Whether the metric was above its bound at a look, numbered from 1."""
    plan, looks = measured.plan, measured.looks[:number]
    bound = spent(plan, looks, measured.name, alpha=plan.alpha).bound
    found = contrast_of(measured, looks[-1])
    if bound is None or isinstance(found, Unmeasured):
        return False
    sign = 1 if measured.metric.higher_is_better else -1
    return sign * found.effect > bound * found.standard_error
