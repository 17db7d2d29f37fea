"""What a plan measures, in words."""

from collections.abc import Iterator
from typing import assert_never

from policies.plan import (
    BenchmarkTask,
    MemorizationTask,
    OfflineTask,
    OnlinePlan,
    Plan,
    SideBySidePlan,
    Stopping,
    ToxicityTask,
)


def plan_words(plan: Plan, stage: str) -> Iterator[str]:
    """What a stage measures, a line per task; nothing for a stage that is not demanded."""
    if stage == "offline":
        for name, task in (plan.offline or {}).items():
            yield f"{name}: {_task(task)}"
    if stage == "side_by_side" and plan.side_by_side is not None:
        yield _side_by_side(plan.side_by_side)
    if stage == "online" and plan.online is not None:
        yield _online(plan.online)


def _task(task: OfflineTask) -> str:
    match task:
        case BenchmarkTask():
            said = f"answers to {task.data}, scored by {task.scorer.replace('_', ' ')}"
        case ToxicityTask():
            said = f"answers to {task.data}, read by the classifier {task.classifier}"
        case MemorizationTask():
            said = (
                f"answers to {task.data}, searched for spans of "
                f"{task.verbatim_characters_at_least} characters of {', '.join(task.corpus)}"
            )
        case _:
            assert_never(task)
    return said if task.cluster is None else f"{said}, dependent within each {task.cluster}"


def _side_by_side(plan: SideBySidePlan) -> str:
    when = "at any time" if plan.stopping is Stopping.ANYTIME else "once all are in"
    return f"{plan.votes_at_most:,} votes on {plan.prompts_planned:,} prompts, deciding {when}"


def _online(plan: OnlinePlan) -> str:
    looks = ", ".join(f"{day:g}" for day in plan.looks)
    kind = "recorded traffic of " if plan.retrospective else ""
    return (
        f"{kind}an A/B of {plan.planned_units:,} units, {plan.primary} being its primary metric, "
        f"looked at on days {looks}"
    )
