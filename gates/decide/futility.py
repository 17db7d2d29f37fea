"""When votes that may stop at any time can no longer pass: more of them would be asked in vain."""

from collections.abc import Collection
from dataclasses import replace

from gates.decide import sentences
from gates.decide.limits import Limit, limit_of
from gates.decide.rules import Weighed
from gates.decide.sentences import Case
from gates.decide.verdict import Verdict
from policies.benchmark_tasks import Stopping
from policies.criteria import Criterion
from policies.metric import Metric
from policies.side_by_side import Counted, SideBySidePlan
from stages.evidence.estimate import ASKED_ANEW, Cause, Estimate
from stages.evidence.records import Quantity

MEANS: Collection[str] = ("win_rate", "graded", "both_bad")
"""What is a plain mean over prompts, each counting as much as any other."""


def without_hope(
    weighed: Weighed, criterion: Criterion, metric: Metric, plan: SideBySidePlan
) -> Weighed:
    """A finding that holds, settled for good when even the best votes left could not make it pass.

    A confidence sequence holds the mean of what it rests on, so it cannot lie inside a limit that
    the mean misses. Where the mean would miss it even if every prompt left of the plan were won
    (or, for `at_most`, lost), no vote to come makes a PASS, whatever the votes were and however the
    sequence bets. The verdict stays HOLD: that the candidate is worse is not shown. The votes that
    were counted are taken to stand; where judgements are asked for anew, they may not.

    Args:
        weighed: What the criterion says of the evidence.
        criterion: The demand.
        metric: A metric of side-by-side.
        plan: Its plan: how many prompts there may be, and whose verdicts count.

    Returns:
        The same where there is hope, or nothing to hope for; else final, and its sentence says so.
    """
    estimate = weighed.finding.measured
    if weighed.final or weighed.finding.verdict is not Verdict.HOLD:
        return weighed
    if not isinstance(estimate, Estimate) or not _is_mean(metric, plan):
        return weighed
    if ASKED_ANEW in estimate.method:
        return weighed
    limit, left = limit_of(criterion, metric), plan.prompts_planned - estimate.n
    best = _best(limit, estimate, left)
    if limit.quantity is not Quantity.VALUE or left <= 0 or limit.room(best) >= 0:
        return weighed
    case = Case(criterion=criterion, metric=metric, limit=limit, estimate=estimate)
    sentence = f"{weighed.finding.sentence}. {sentences.futile(case, left=left, best=best)}"
    return replace(
        weighed,
        finding=replace(weighed.finding, sentence=sentence),
        cause=Cause.UNDERPOWERED,
        final=True,
    )


def _is_mean(metric: Metric, plan: SideBySidePlan) -> bool:
    """Whether it is a plain mean of prompts that may be looked at after each."""
    return (
        plan.stopping is Stopping.ANYTIME
        and plan.count is not Counted.FUSED
        and metric.name.partition(".")[2] in MEANS
    )


def _best(limit: Limit, estimate: Estimate, left: int) -> float:
    """The mean when the plan ends, if every prompt left were as good as can be."""
    good = 0.0 if limit.below else 1.0
    return (estimate.n * estimate.value + left * good) / (estimate.n + left)
