"""Whether a plan of stage 2 can show the win rate that its criteria demand.

Every figure is for a candidate exactly as good as the baseline.
"""

from math import ceil

import numpy as np

from gates.power import POWER, Adequacy, or_none, unknown
from policies.benchmark_tasks import Stopping
from policies.criteria import AtLeast, Criterion
from policies.metric import Metric
from policies.policy import Policy
from policies.side_by_side import JUDGE_HEALTH, Counted, SideBySidePlan
from stages.stats.betting import shown_after
from stages.stats.design import Deviation, n_for_margin, probability_gap_shown

PREFERENCE_DEVIATION = 0.45
"""Assumed standard deviation of one prompt's preference; 0.5 is the most there can be."""

WON_BY_HALF = ("win_rate", "graded", "judge_win_rate", "judge_graded")
"""What is a half for a candidate that is as good as the baseline."""

ANYTIME_HORIZON, ANYTIME_FACTORS = 20_000, (1.25, 1.5, 1.75, 2.0)
"""Prompts up to which a confidence sequence is tried out, and the plans tried: so many times those
that an interval for a fixed number needs."""


def comparison_power(policy: Policy, criterion: Criterion, metric: Metric) -> Adequacy:
    """What the planned prompts can do for a criterion of stage 2."""
    plan = policy.plan.side_by_side
    assert plan is not None
    n = plan.prompts_planned
    demand = criterion.demand
    name = metric.name.partition(".")[2]
    if name not in WON_BY_HALF or not isinstance(demand, AtLeast):
        return unknown(criterion.metric, n, _depends_on(name))
    probability, needed = _win_rate_shown(plan, demand.limit)
    sentence = f"an equal candidate wins half of {n:,} prompts"
    if probability < POWER:
        sentence += (
            f"; that shows a win rate of at least {demand.limit:.1%} with probability "
            f"{probability:.0%} only: {or_none(needed)} prompts would do"
        )
    return Adequacy(
        metric=criterion.metric,
        n=n,
        probability=probability,
        enough=probability >= POWER,
        sentence=sentence,
        assumption=_assumed(plan, name),
    )


def _depends_on(metric: str) -> str:
    """What a share of a comparison rests on that no plan says."""
    if metric == "both_bad":
        return "it depends on how often both answers are bad"
    if metric == "raked_win_rate":
        return "it depends on who votes, whom the weights make count for more or for less"
    if metric.endswith(tuple(f"_{health}" for health, _ in JUDGE_HEALTH)):
        return "it depends on the judge"
    return "it depends on the answers"


def _assumed(plan: SideBySidePlan, metric: str) -> str:
    """What the probability of a win rate takes for granted."""
    said = f"preferences vary by {PREFERENCE_DEVIATION:g} between prompts"
    if metric.endswith("graded"):
        said += " (grades vary less, so that the probability is this or more)"
    if metric.startswith("judge_") or plan.count is Counted.JUDGES:
        return f"{said}, every verdict can be read, and judges prefer what people do"
    said += (
        ", and people are many and judge alike (with 12 it takes a quarter more, with 5 twice as "
        "many)"
    )
    return f"{said}; judges can make it more" if plan.count is Counted.FUSED else said


def _win_rate_shown(plan: SideBySidePlan, limit: float) -> tuple[float, int | None]:
    """Probability that an equal candidate shows it, and the prompts with which it mostly would."""
    n, gap = plan.prompts_planned, 0.5 - limit
    spread = Deviation(deviation=PREFERENCE_DEVIATION)
    needed = n_for_margin(gap, spread=spread, level=plan.level, power=POWER) if gap > 0 else None
    if plan.stopping is Stopping.FIXED or not 0 < limit < 1:
        shown = probability_gap_shown(n, gap, deviation=PREFERENCE_DEVIATION, level=plan.level)
        return shown, needed
    sizes = (ceil(factor * (needed or 0)) for factor in ANYTIME_FACTORS)
    mostly = (
        size
        for size in sizes
        if 0 < size <= ANYTIME_HORIZON and _shown_early(plan, limit, prompts=size) >= POWER
    )
    shown = _shown_early(plan, limit, prompts=min(n, ANYTIME_HORIZON))
    return shown, next(mostly, None) if shown < POWER else n


def _shown_early(plan: SideBySidePlan, limit: float, *, prompts: int) -> float:
    """Probability that an equal candidate shows it within a plan of so many prompts."""
    after = shown_after(
        limit,
        horizon=prompts,
        deviation=PREFERENCE_DEVIATION,
        level=plan.level,
        random=np.random.default_rng(0),
        planned=prompts,
    )
    return float(np.isfinite(after).mean())
