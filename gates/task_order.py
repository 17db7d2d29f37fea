"""In which order offline tasks are measured: what can stop a candidate, and the cheap, first."""

import math
from pathlib import Path

from policies.benchmark_tasks import HarnessTask
from policies.criteria import Severity
from policies.errors import GateError
from policies.graded_task import GradedTask
from policies.plan import OfflineTask
from policies.policy import PolicyFile
from policies.task import AskedTask
from stages.engine.data import read_items
from stages.evidence.items import Item
from stages.offline.judging import judging_of

CHARACTERS_PER_TOKEN = 4
"""Of English text in today's tokenisers, roughly."""

HARNESS_TOKENS = 1_024
"""Tokens of a sample that a harness asks for, when nobody said."""


def offline_order(file: PolicyFile) -> tuple[str, ...]:
    """Names of the offline tasks: those that can block first, among them the cheapest first.

    Equally dear ones keep the policy's order. Items that cannot be read make a task the dearest:
    whoever measures it says what is wrong with them.
    """
    policy = file.policy
    tasks = policy.plan.offline or {}
    blocking = {c.metric for c in policy.criteria if c.severity is Severity.BLOCKING}
    can_block = {
        name: any(m.name in blocking for m in task.metrics(name)) for name, task in tasks.items()
    }
    cost = {name: tokens(task, file.folder) for name, task in tasks.items()}
    return tuple(sorted(tasks, key=lambda name: (not can_block[name], cost[name])))


def tokens(task: OfflineTask, folder: Path) -> float:
    """Tokens that asking a checkpoint takes, and judging its answers, at most; infinite if unknown.

    Results that lie there already cost nothing.
    """
    if isinstance(task, HarnessTask):
        return 0.0 if task.results else float(task.items_at_least * HARNESS_TOKENS)
    if isinstance(task, GradedTask):
        return 0.0
    assert isinstance(task, AskedTask)
    try:
        file = read_items(task.data, base=folder, cluster=task.cluster, sha256=task.sha256)
    except GateError:
        return math.inf
    judging = judging_of(task, ())
    judged = judging.questions if judging else 0
    each = task.sampling.max_tokens * (1 + judged)
    prompts = sum(map(_prompt_tokens, file.items)) * (1 + judged)
    return task.generations * (prompts + each * len(file.items))


def _prompt_tokens(item: Item) -> float:
    return sum(len(str(message)) for message in item.messages) / CHARACTERS_PER_TOKEN
