"""Whether a plan can be measured as it is written."""

from collections.abc import Iterator

from policies.benchmark_tasks import RUN_BY_THE_GATE, HarnessTask
from policies.coherence_of_comparisons import comparison_problems
from policies.coherence_of_online import online_problems
from policies.graded_task import GradedTask
from policies.plan import Plan
from policies.problems import Path, Problem, listed, meant
from policies.safety_tasks import ToxicityTask
from policies.task import AskedTask

DETOXIFY = ("detoxify/original", "detoxify/unbiased", "detoxify/multilingual")
"""Classifiers named by what they are; anything else is a path."""

_STAGES = ("offline", "side_by_side", "online")


def plan_problems(plan: Plan) -> Iterator[Problem]:
    """What in a plan cannot be measured; lines are not known here."""
    if plan.offline is not None:
        yield from _offline_problems(plan)
    if plan.side_by_side is not None:
        yield from _level_problems(("plan", "side_by_side"), plan.side_by_side.level, least=0.9)
        yield from comparison_problems(plan.side_by_side)
    if plan.online is not None:
        yield from online_problems(plan.online)


def _offline_problems(plan: Plan) -> Iterator[Problem]:
    tasks = plan.offline or {}
    if not tasks:
        yield Problem(
            at=("plan", "offline"),
            found="no task",
            expected="at least one",
            fix="name a task, or remove the stage",
        )
    for name, task in tasks.items():
        at: Path = ("plan", "offline", name)
        if name in _STAGES:
            yield Problem(
                at=at,
                found=f"a task called `{name}`",
                expected="a name that is not a stage's",
                fix="rename the task",
            )
        one_sided = any(metric.safety for metric in task.metrics(name))
        yield from _level_problems(at, task.level, least=0.95 if one_sided else 0.9)
        if isinstance(task, AskedTask):
            yield from _generation_problems(at, task)
        if isinstance(task, ToxicityTask):
            yield from _classifier_problems(at, task)
        if isinstance(task, HarnessTask):
            yield from _results_problems(at, task)
        if isinstance(task, GradedTask) and "{version}" not in task.graded:
            yield _not_its_own(at, "graded", task.graded)


def _results_problems(at: Path, task: HarnessTask) -> Iterator[Problem]:
    """Results lie somewhere, and each version's somewhere else."""
    if task.results is None and task.harness not in RUN_BY_THE_GATE:
        yield Problem(
            at=at,
            found="no `results`",
            expected=f"where {task.harness} wrote them: the gate runs lm_eval and inspect only",
            fix='add `results: ".../{version}"`',
        )
    if task.results is None and task.model is not None:
        yield Problem(
            at=(*at, "model"),
            found=f"`{task.model}`",
            expected="it beside `results` only: a run asks the version's own endpoint",
            fix="remove `model`",
        )
    if task.results is not None and "{version}" not in task.results:
        yield _not_its_own(at, "results", task.results)


def _not_its_own(at: Path, key: str, named: str) -> Problem:
    return Problem(
        at=(*at, key),
        found=f"`{named}`",
        expected="a path with {version}, since every version has results of its own",
        fix="keep each version's results in a folder named by its number",
    )


def _level_problems(at: Path, level: float, *, least: float) -> Iterator[Problem]:
    """Nothing is decided with less than 95 % one-sided confidence, which is 90 % two-sided."""
    if level < least:
        yield Problem(
            at=(*at, "level"),
            found=f"`{level:g}`",
            expected=f"at least {least:g}, below which no bound decides",
            fix=f"write `level: {least:g}` or more",
        )


def _generation_problems(at: Path, task: AskedTask) -> Iterator[Problem]:
    """Several answers to one item differ only when they are drawn, each with a seed of its own."""
    if task.generations > 1 and not (task.sampling.temperature and task.sampling.seed is not None):
        yield Problem(
            at=(*at, "generations"),
            found=f"`{task.generations}`, with answers that are not drawn or have no seed",
            expected="a temperature above 0, and a seed",
            fix="write `sampling: {temperature: 0.7, seed: 0}` beside it",
        )


def _classifier_problems(at: Path, task: ToxicityTask) -> Iterator[Problem]:
    if task.classifier in DETOXIFY:
        return
    if task.classifier.startswith("detoxify/"):
        yield Problem(
            at=(*at, "classifier"),
            found=f"`{task.classifier}`",
            expected=f"one of {listed(DETOXIFY)}, or a path",
            fix=meant(task.classifier, DETOXIFY),
        )
    elif task.classifier_sha256 is None:
        yield Problem(
            at=(*at, "classifier_sha256"),
            found=f"nothing, beside the classifier `{task.classifier}`",
            expected="the SHA-256 of the checkpoint file",
            fix=f"add `classifier_sha256:` with what `sha256sum {task.classifier}` says",
        )
