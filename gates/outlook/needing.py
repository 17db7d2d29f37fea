"""What it would likely take until a criterion that cannot tell says yes or no; pure."""

import math
from dataclasses import dataclass

import numpy as np

from gates.decide.limits import Limit
from gates.decide.spoken import count_words, in_clusters, rough_count
from policies.criteria import Demand, NonInferior
from policies.metric import Unit
from policies.online import OnlinePlan
from policies.side_by_side import SideBySidePlan
from stages.evidence.estimate import Estimate
from stages.evidence.records import Evidence, Look, Quantity, StageName
from stages.online.looks import spending_of
from stages.stats.levels import normal_quantile
from stages.stats.looks_ahead import Standing, ahead
from stages.stats.sequential import bonferroni_bounds, lan_demets_bounds
from stages.stats.units_needed import (
    UNKNOWN,
    VERSIONS_DIFFER,
    Counted,
    Expected,
    Measured,
    continuity_correction,
    units_needed,
)
from stages.stats.votes_needed import StillNeeded

PREDICTIVE = "predictive power (Spiegelhalter, Freedman and Blackburn 1986)"

SEQUENCE = "confidence sequence"
"""Stands in the method of an interval that may be looked at any time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Needed:
    """How much is likely needed, in all, with what is there already.

    Attributes:
        unit: What is counted: `items`, `clusters of items`, `prompts` or `days`.
        have: How much there is.
        soonest: With so much one in ten of the likely truths is told (of an A/B: shown to pass);
            None where that is not reached.
        half: Half of them.
        latest: Nine in ten.
        passes: Probability that it then passes.
        assumption: What is taken for granted.
        method: How it was predicted, with its source.
    """

    unit: str
    have: float
    soonest: float | None
    half: float | None
    latest: float | None
    passes: float
    assumption: str
    method: str

    @property
    def words(self) -> str:
        """The range in one sentence."""
        if self.unit == "days":
            return self._days()
        if self.soonest is None:
            return "no plan of a size that can be had likely settles it"
        noun = self.unit
        low = count_words(rough_count(self.soonest), noun)
        if self.latest is None:
            return f"it likely takes {low} in all at least, and may take more than can be had"
        high = count_words(rough_count(self.latest), noun)
        half = "" if self.half is None else f", half of the time {rough_count(self.half):,}"
        return (
            f"it likely takes {low} to {high} in all{half}; it then passes with probability "
            f"{self.passes:.0%}"
        )

    def _days(self) -> str:
        said = f"it passes by its last look with probability {self.passes:.0%}"
        reached = [("one in ten", self.soonest), ("half", self.half), ("nine in ten", self.latest)]
        known = [f"{share} by day {day:g}" for share, day in reached if day is not None]
        return f"{said}; of such A/Bs {', '.join(known)}" if known else said


@dataclass(frozen=True, slots=True, kw_only=True)
class Open:
    """A criterion that holds, with what its stage knows of it.

    Attributes:
        stage: The stage.
        demand: What is demanded, as the policy has it.
        limit: The same as a limit.
        estimate: What was measured.
        p_worse: P-value of a regression of the same comparison; None where there is none.
    """

    stage: StageName
    demand: Demand
    limit: Limit
    estimate: Estimate
    p_worse: float | None


def units_to_settle(found: Open) -> Needed | None:
    """Items or prompts of a larger plan, read once; None where its interval says nothing of it."""
    counted = _counted(found)
    expected = _expected(found)
    seen = counted or measured(found)
    if seen is None:
        return None
    needed = units_needed(seen, expected)
    likely = (
        "rates are as likely as Jeffreys' prior has it"
        if counted
        else "nothing was known of its value before"
        if expected is UNKNOWN
        else f"versions of a model truly differ by {100 * VERSIONS_DIFFER:g} points (one standard "
        "deviation)"
    )
    return Needed(
        unit=_unit(found),
        have=needed.n,
        soonest=needed.soonest,
        half=needed.half,
        latest=needed.latest,
        passes=needed.passes,
        assumption=f"more are like those seen, {likely}, and the larger plan is read once",
        method=PREDICTIVE,
    )


def prompts_to_settle(still: StillNeeded, plan: SideBySidePlan) -> Needed:
    """Prompts of a comparison that may be looked at any time, as its votes foretell."""
    have = plan.prompts_planned - still.left
    soonest, half, latest = (
        None if more is None else have + more for more in (still.soonest, still.half, still.latest)
    )
    return Needed(
        unit="prompts",
        have=have,
        soonest=soonest,
        half=half,
        latest=latest,
        passes=still.shown,
        assumption="votes go on as they began, beside 25 prompts won and 25 lost",
        method="simulated courses of its confidence sequence, Rubin's Bayesian bootstrap (1981)",
    )


def days_to_pass(found: Open, evidence: Evidence, plan: OnlinePlan) -> Needed | None:
    """Days of a running A/B until a criterion is shown; None after its last look."""
    look, estimate = evidence.look, found.estimate
    if look is None or look.final or not look.information > 0 or not estimate.standard_error:
        return None
    days, information, bounds = _course(found, look, plan)
    left = [place for place, day in enumerate(days) if day > look.run_days]
    if not left:
        return None
    error = estimate.standard_error
    planned_error = error * math.sqrt(look.information)
    equal = 1.0 if found.limit.quantity is Quantity.RATIO else 0.0
    compared = found.limit.quantity is not Quantity.VALUE
    room = float(found.limit.room(estimate.value))
    expected = float(found.limit.room(equal)) if compared else room
    to_come = ahead(
        Standing(z=room / error, information=look.information, expected=expected / planned_error),
        information=[information[place] for place in left],
        bounds=[bounds[place] for place in left],
        random=np.random.default_rng(0),
    )
    soonest, half, latest = (
        None if (place := to_come.within(share)) is None else days[left[place]]
        for share in (0.1, 0.5, 0.9)
    )
    return Needed(
        unit="days",
        have=look.run_days,
        soonest=soonest,
        half=half,
        latest=latest,
        passes=to_come.passes,
        assumption="units go on to come at the same rate, and likely effects are as large as the "
        "plan can find",
        method=f"{PREDICTIVE}, over the looks' own bounds",
    )


def _course(
    found: Open, look: Look, plan: OnlinePlan
) -> tuple[list[float], list[float], tuple[float | None, ...]]:
    """Days, information and bounds of all looks, the A/B ending once all units are in."""
    days: list[float] = []
    for day in plan.looks:
        days.append(day)
        if look.information * day / look.run_days >= 1 and day >= plan.minimum_days:
            break
    information = [look.information * day / look.run_days for day in days]
    grows = plan.window_of(plan.primary) == 0
    bounds = (bonferroni_bounds if grows else lan_demets_bounds)(
        information,
        alpha=(1 - found.estimate.level) / 2,
        spending=spending_of(plan),
        spends=[day >= plan.minimum_days for day in days],
        spend_all_at_last=True,
    )
    return days, information, bounds


def measured(found: Open) -> Measured | None:
    """A measurement as distances from its limit; None where its interval has no width."""
    estimate, limit = found.estimate, found.limit
    good, bad = limit.good_end(estimate), limit.bad_end(estimate)
    if good is None:
        return None
    reach_bad = abs(good - estimate.value)
    reach_good = reach_bad if bad is None else abs(bad - estimate.value)
    error = estimate.standard_error
    if error is None:
        error = _likely_error(estimate, reach_bad)
    if not min(error, reach_bad, reach_good) > 0:
        return None
    fails_below, correction = _regression(found, error)
    return Measured(
        room=float(limit.room(estimate.value)),
        error=error,
        reach_bad=reach_bad,
        reach_good=reach_good,
        n=estimate.n,
        fails_below=fails_below,
        correction=correction,
        anytime=SEQUENCE in estimate.method and estimate.n > 1,
    )


def _regression(found: Open, error: float) -> tuple[float, float]:
    """Room at equality, which a proven regression lies below, and what an exact test adds."""
    limit = found.limit
    if not isinstance(found.demand, NonInferior):
        return 0.0, 0.0
    equal = 1.0 if limit.quantity is Quantity.RATIO else 0.0
    margin = float(limit.room(equal))
    if found.p_worse is None or limit.quantity is not Quantity.DIFFERENCE:
        return margin, 0.0
    gap = margin - float(limit.room(found.estimate.value))
    return margin, continuity_correction(found.p_worse, gap=gap, error=error, n=found.estimate.n)


def _likely_error(estimate: Estimate, reach: float) -> float:
    """Where a method says no standard error: what its width would be of, or a share's most."""
    widest = reach / normal_quantile(1 - estimate.one_sided_level)
    if estimate.unit != Unit.SHARE.value or not 0 < estimate.value < 1:
        return widest
    return min(widest, math.sqrt(estimate.value * (1 - estimate.value) / estimate.n))


def _counted(found: Open) -> Counted | None:
    """Independent events with exact bounds, as events that are to be few."""
    estimate, limit = found.estimate, found.limit
    at, n = float(limit.at), estimate.n
    exact = estimate.method.startswith("Clopper-Pearson") and limit.quantity is Quantity.VALUE
    if not exact or not 0 < at < 1 or found.stage is not StageName.OFFLINE:
        return None
    events = round(estimate.value * n)
    if not limit.below:
        events, at = n - events, 1 - at
    return Counted(events=events, n=n, limit=at, tail=1 - estimate.one_sided_level)


def _expected(found: Open) -> Expected:
    shares = found.estimate.unit == Unit.SHARE.value
    if found.limit.quantity is not Quantity.DIFFERENCE or not shares:
        return UNKNOWN
    return Expected(room=float(found.limit.room(0.0)), deviation=VERSIONS_DIFFER)


def _unit(found: Open) -> str:
    if found.stage is StageName.SIDE_BY_SIDE:
        return "prompts"
    return "clusters of items" if in_clusters(found.estimate) else "items"
