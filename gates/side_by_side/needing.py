"""How many more prompts a held comparison is likely to need; asks nobody."""

from collections.abc import Sequence
from contextlib import ExitStack

from gates.measuring import gathering_of
from gates.membership import assemble
from gates.services import Services
from gates.subjects import opened
from policies.benchmark_tasks import Stopping
from policies.policy import PolicyFile
from policies.side_by_side import WIN_RATE, Counted, SideBySidePlan
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence
from stages.models.prices import UNPRICED
from stages.side_by_side.comparison import Comparing
from stages.side_by_side.measure import SideBySideStage
from stages.stats.betting import betting_interval
from stages.stats.votes_needed import StillNeeded, still_needed

DIFFERING = Unmeasured(
    "annotators differ, and few of them voted: the interval is wider than the prompts alone make "
    "it, and what narrows it is more annotators"
)
ROUNDING = 1e-9
"""Two sums of the same scores differ by less."""


def likely_needed(
    candidate: str, file: PolicyFile, services: Services
) -> StillNeeded | Unmeasured | None:
    """How many more prompts it likely takes until the win rate is shown or excluded.

    Args:
        candidate: URI of the candidate.
        file: The policy that holds it.
        services: The outside world.

    Returns:
        None where votes may not be looked at before they are all in, where judges decide alone,
        where no win rate is demanded, or when no prompt is left; `Unmeasured` where annotators who
        differ keep the interval wide, which more prompts do not foreseeably mend.

    Raises:
        GateError: When votes cannot be read, or there is no such candidate or baseline.
    """
    policy = file.policy
    plan, limits = policy.plan.side_by_side, policy.least(WIN_RATE)
    if plan is None or not limits:
        return None
    if plan.stopping is Stopping.FIXED or plan.count is Counted.JUDGES:
        return None
    round_ = assemble(file, [candidate], services)
    assert round_.baseline is not None  # a plan of side-by-side needs one
    comparing = Comparing(plan=plan, gathering=gathering_of(plan, file, services))
    stage = SideBySideStage(plan, comparing, price=UNPRICED)
    with ExitStack() as clients:
        members = (round_.members[0], round_.baseline)
        subjects = [opened(version, services, clients) for version in members]
        evidence = stage.measure_next(subjects[0], subjects[1])
        told = stage.told(subjects[0], subjects[1])
    scores = told.prompts if told else ()
    if len(scores) == plan.prompts_planned:
        return None
    lows, highs = [score.low for score in scores], [score.high for score in scores]
    if _is_widened(evidence, lows, highs, plan):
        return DIFFERING
    return still_needed(
        lows, highs, limit=max(limits), planned=plan.prompts_planned, level=plan.level
    )


def _is_widened(
    evidence: Evidence, lows: Sequence[float], highs: Sequence[float], plan: SideBySidePlan
) -> bool:
    """Whether what counts reaches further than the sequence of the prompts' scores does."""
    counted = next(m.measured for m in evidence.measurements if m.metric == WIN_RATE)
    below, above = (
        betting_interval(ends, level=plan.level, planned=plan.prompts_planned)
        for ends in (lows, highs)
    )
    match counted, below, above:
        case Estimate(low=float(low), high=float(high)), Estimate(low=float(lowest)), Estimate(
            high=float(highest)
        ):
            return low < lowest - ROUNDING or high > highest + ROUNDING
        case _:
            return False
