"""Whether people who vote at random could pass a worse candidate, and nobody would see."""

from policies.criteria import AtLeast, Criterion, Severity
from policies.policy import Policy
from policies.side_by_side import Counted

EVEN = 0.5
"""What those who click at random say of any candidate: it wins half."""

_BY_PEOPLE = ("win_rate", "graded", "raked_win_rate")
"""Shares of the comparison that rest on people's votes where these count."""


def clicking_remark(policy: Policy) -> str | None:
    """What to tell the author of a policy whose limit random votes meet; None when none does.

    Votes at random pull a win rate towards one half. A limit below it is then shown by a candidate
    that is worse, and pairs whose better answer is known are what tells such people.
    """
    plan = policy.plan.side_by_side
    if plan is None or plan.data is None or plan.gold is not None:
        return None
    if plan.count is Counted.JUDGES:
        return None
    met = [c for c in policy.criteria_of("side_by_side") if _is_met_by_chance(c)]
    if not met:
        return None
    limits = ", ".join(f"{c.metric} at least {_limit(c):g}" for c in met)
    return (
        f"who votes at random pulls a win rate towards {EVEN:g}, and so towards a pass ({limits}); "
        "nothing tells such people apart: name pairs whose better answer is known as "
        "`side_by_side.gold`"
    )


def _is_met_by_chance(criterion: Criterion) -> bool:
    own = criterion.metric.partition(".")[2]
    blocks = criterion.severity is Severity.BLOCKING
    return blocks and own in _BY_PEOPLE and _limit(criterion) < EVEN


def _limit(criterion: Criterion) -> float:
    """The share demanded; one half where it is none."""
    return criterion.demand.limit if isinstance(criterion.demand, AtLeast) else EVEN
