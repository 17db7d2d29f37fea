"""Whether votes may count on answers that nobody can search for attempts to win."""

from policies.criteria import Severity
from policies.policy import Policy
from policies.side_by_side import Counted, VotesFormat

WITHOUT_ANSWERS = frozenset(
    {VotesFormat.ARENA_HARD, VotesFormat.MT_BENCH, VotesFormat.LLMFAO, VotesFormat.CROWD_KIT}
)
"""Formats whose votes do not hold the answers that were compared."""

ATTACKS = "side_by_side.attacks"


def unread_remark(policy: Policy) -> str | None:
    """What to tell the author of a policy whose votes come without answers; None otherwise.

    An answer that was written to win a comparison earns nothing where it is found, and it is looked
    for in answers that are known: held by the votes, or said to the plan's `data` already. A
    criterion on `attacks` passes nothing while some are not.
    """
    plan = policy.plan.side_by_side
    if plan is None or plan.count is not Counted.VOTES or plan.judges:
        return None
    if not plan.votes or plan.format not in WITHOUT_ANSWERS:
        return None
    criteria = policy.criteria_of("side_by_side")
    if any(c.metric == ATTACKS and c.severity is Severity.BLOCKING for c in criteria):
        return None
    known = "are not recorded or journaled for `data`" if plan.data else "are not known"
    return (
        f"votes in the format {plan.format} hold no answers; where these {known}, nobody looks for "
        f"answers written to win, which then count as they were voted: demand {ATTACKS} with a "
        "blocking criterion, or give votes that hold their answers"
    )
