"""Whether a plan says that a model may judge, and nothing else."""

from collections.abc import Iterator

from policies.pairs_task import PairsTask
from policies.plan import Plan
from policies.problems import Problem


def judge_problems(plan: Plan) -> Iterator[Problem]:
    """What has no place in a policy of kind `judge`: all but pairs, which are judged offline."""
    for stage in plan.stages():
        if stage != "offline":
            yield Problem(
                at=("plan", stage),
                found=f"the stage `{stage}` in a policy of kind `judge`",
                expected="`offline` alone: a judge is admitted by the pairs that it judges",
                fix="remove the stage, or write `kind: release`",
            )
    for name, task in (plan.offline or {}).items():
        if not isinstance(task, PairsTask):
            yield Problem(
                at=("plan", "offline", name),
                found=f"the task `{name}`, which is not judging, in a policy of kind `judge`",
                expected="tasks with `pairs`",
                fix="write `pairs: labelled`, `rewardbench` or `people`, or remove the task",
            )
