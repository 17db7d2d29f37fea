"""How many more prompts a held comparison is likely to need; asks nobody."""

from contextlib import ExitStack

from gates.measuring import gathering_of, opened
from gates.membership import assemble
from gates.services import Services
from policies.benchmark_tasks import Stopping
from policies.policy import PolicyFile
from policies.side_by_side import WIN_RATE, Counted
from stages.evidence.estimate import Unmeasured
from stages.models.prices import UNPRICED
from stages.side_by_side.comparison import Comparing
from stages.side_by_side.measure import SideBySideStage
from stages.stats.votes_needed import StillNeeded, still_needed


def likely_needed(
    candidate: str, file: PolicyFile, services: Services
) -> StillNeeded | Unmeasured | None:
    """How many more prompts it likely takes until the win rate is shown or excluded.

    Args:
        candidate: URI of the candidate.
        file: The policy that holds it.
        services: The outside world.

    Returns:
        None where votes may not be looked at before they are all in, where judges decide alone, or
        where no win rate is demanded.

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
        stage.measure_next(subjects[0], subjects[1])
        told = stage.told(subjects[0], subjects[1])
    scores = told.prompts if told else ()
    return still_needed(
        [score.low for score in scores],
        [score.high for score in scores],
        limit=max(limits),
        planned=plan.prompts_planned,
        level=plan.level,
    )
