"""What a plan measures, in words."""

from collections.abc import Iterator
from typing import assert_never

from policies.assessment import Assessment
from policies.benchmark_tasks import (
    BenchmarkTask,
    CodeTask,
    GroundingTask,
    HarnessTask,
    RewardTask,
    RubricTask,
    Stopping,
)
from policies.graded_task import GradedTask
from policies.online import OnlinePlan
from policies.pairs_task import PairLabels, PairsTask
from policies.plan import Asked, OfflineTask, Plan
from policies.safety_tasks import (
    ExtractionTask,
    HarmTask,
    MemorizationTask,
    RefusalTask,
    ToxicityTask,
)
from policies.side_by_side import Counted, OwnFamily, SideBySidePlan
from policies.task import DetectorTask


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
    """One sentence, and a clause for everything beside the usual."""
    if isinstance(task, HarnessTask):
        return "; ".join((_harness(task), *_of_harness(task)))
    if isinstance(task, GradedTask):
        return _grade(task)
    drawn = "answers" if task.generations == 1 else f"{task.generations} answers each"
    said = f"{drawn} to {task.data}, {_scored(task)}"
    if task.cluster is not None:
        said += f", dependent within each {task.cluster}"
    return "; ".join((said, *_beside(task)))


def _grade(task: GradedTask) -> str:
    said = f"how well it teaches, read from its grade in {task.graded}"
    if task.recipe is not None:
        said += f", made by the recipe {task.recipe}"
    digest = task.recipe_sha256
    return said if digest is None else f"{said} with sha256 {digest[:12]}"


def _harness(task: HarnessTask) -> str:
    named = f"{task.task} of {task.harness.replace('_', '-')}"
    if task.results is not None:
        return f"{named}, which others have run; its results are read from {task.results}"
    run = f"{named}, which the gate runs against the checkpoint's endpoint"
    return run if task.calls_at_most is None else f"{run}, {task.calls_at_most:,} requests at most"


def _of_harness(task: HarnessTask) -> Iterator[str]:
    if task.metric is not None:
        yield f"its score is {task.metric}"
    if task.items_at_least > 1:
        yield f"fewer than {task.items_at_least:,} samples are refused"


def _beside(task: Asked) -> Iterator[str]:
    """What a task says beside its items and its scorer."""
    if task.generations > 1:
        yield f"drawn at temperature {task.sampling.temperature:g}, {_all_count(task)}"
    yield from _assessment(task.assessment)
    if isinstance(task, DetectorTask) and task.labelled is not None:
        yield (
            f"true_rate counts the detector's errors on the texts labelled in {task.labelled.data}"
        )
    if isinstance(task, BenchmarkTask):
        yield from _of_benchmark(task)


def _assessment(said: Assessment | None) -> Iterator[str]:
    """How the bench was judged that items are of."""
    if said is None:
        return
    if said.folder is None:
        yield f"nobody judged this bench before it is used: {said.waived}"
        return
    demands = [f"{name} is at least {limit:g}" for name, limit in said.at_least.items()]
    demands += [f"{name} is at most {limit:g}" for name, limit in said.at_most.items()]
    shown = f", by which {' and '.join(demands)}" if demands else ""
    yield f"the bench was judged in {said.folder}{shown}"


def _all_count(task: Asked) -> str:
    """How the answers to one item become its value."""
    safety = any(metric.safety for metric in task.metrics("task"))
    return "of which the worst counts for a rate of harm" if safety else "which count by their mean"


def _of_benchmark(task: BenchmarkTask) -> Iterator[str]:
    if task.groups is not None:
        values = " and ".join(task.groups.values)
        yield f"told apart by {task.groups.field}: {values} have a score each"
    if task.stopping is Stopping.ANYTIME:
        yield "asked in portions, until intervals that hold at any time decide"
    if task.contamination is not None:
        corpus = ", ".join(task.contamination.corpus)
        yield f"items that stand in {corpus} are told apart, by {task.contamination.test}"
        yield (
            "those that are not clean are left out of the score"
            if task.contamination.exclude
            else "they stay in the score"
        )


def _scored(task: Asked) -> str:  # noqa: C901, PLR0911, PLR0912 - one line a kind
    match task:
        case BenchmarkTask():
            return f"scored by {task.scorer.replace('_', ' ')}"
        case PairsTask(pairs=PairLabels.PEOPLE):
            return "verdicts on pairs in both orders, held against the votes of people"
        case PairsTask():
            return "verdicts on pairs in both orders, held against the better answer"
        case CodeTask():
            return f"run as {task.language.title()} in a sandbox"
        case RewardTask():
            return f"scored by the reward model {task.reward}"
        case RubricTask():
            return f"judged by {task.judge} for {', '.join(task.rubric)}"
        case GroundingTask():
            return f"held against their context by {task.grounding}"
        case ToxicityTask():
            return f"read by the classifier {task.classifier}"
        case HarmTask():
            return f"read by {task.harm.replace('_', ' ')} at {task.endpoint}"
        case RefusalTask():
            return f"told apart as refusals by {task.refusal}"
        case MemorizationTask():
            spans = f"spans of {task.verbatim_characters_at_least} characters"
            return f"searched for {spans} of {', '.join(task.corpus)}"
        case ExtractionTask():
            return f"held against the next {task.extraction_tokens} tokens of the corpus"
        case _:
            assert_never(task)


def _side_by_side(plan: SideBySidePlan) -> str:
    """One sentence, and a clause for everything beside the usual."""
    when = "at any time" if plan.stopping is Stopping.ANYTIME else "once all are in"
    each = f" ({plan.overlap} each)" if plan.overlap > 1 else ""
    said = f"{plan.votes_at_most:,} votes on {plan.prompts_planned:,} prompts{each}"
    if plan.count is Counted.JUDGES:
        said = f"verdicts of judges on {plan.prompts_planned:,} prompts"
    return "; ".join((f"{said}, deciding {when}", *_beside_votes(plan)))


def _beside_votes(plan: SideBySidePlan) -> Iterator[str]:
    """What a comparison says beside its size."""
    yield from _assessment(plan.assessment)
    if plan.topic is not None:
        yield f"prompts drawn by their {plan.topic}"
    if plan.gold is not None:
        yield f"{plan.gold_share:.0%} of everybody's tasks are gold of {plan.gold}"
    if plan.judges:
        yield from _judged(plan)
    if plan.user_mix:
        yield f"raked to the user mix by {' and '.join(plan.user_mix)}"


def _judged(plan: SideBySidePlan) -> Iterator[str]:
    judging = plan.judging
    times = "" if judging.repeats == 1 else f", {judging.repeats} times"
    yield f"{', '.join(plan.judges)} judge every pair in both orders{times}"
    if plan.count is Counted.FUSED:
        yield "people's votes correct them, and both count together"
    if judging.own_family is OwnFamily.EXCLUDE:
        yield "none judges its own family"
    if judging.batch:
        yield "they are asked in batches, within a day"
    if judging.calibration is not None:
        yield f"their drift is seen on {judging.calibration}"


def _online(plan: OnlinePlan) -> str:
    looks = ", ".join(f"{day:g}" for day in plan.looks)
    kind = "recorded traffic of " if plan.retrospective else ""
    return (
        f"{kind}an A/B of {plan.planned_units:,} units, {plan.primary} being its primary metric, "
        f"looked at on days {looks}"
    )
