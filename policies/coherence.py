"""Whether a policy makes sense as a whole: what its fields cannot tell one by one.

A limit that every value meets, or that no finite sample can show to be met, is refused like a
misspelt metric: the gate would pass without asking, or hold for ever. A blocking limit on the wrong
side of a metric (an accuracy of *at most* 0.9) is refused; as advice it may stand, since a score
that is suspiciously good is worth a word.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import assert_never

from policies.benchmark_tasks import BenchmarkTask, Stopping
from policies.coherence_of_judges import judge_problems
from policies.coherence_of_plans import plan_problems
from policies.criteria import AtLeast, AtMost, Better, Criterion, NonInferior, Quota, Severity
from policies.graded_task import GradedTask
from policies.metric import Metric, Unit
from policies.plan import Plan
from policies.problems import Path, Problem, listed, meant
from policies.times import time_problem

_PERCENT = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The parts of a policy that are valid by themselves.

    Attributes:
        plan: What is measured.
        criteria: Valid criteria, by their position in the file.
        keep: Valid quotas, each with its stage.
        complete: Whether every criterion of the file is among them.
        model: Name of the model; empty when it is not valid.
        baseline: Alias of the baseline; empty when it is not valid.
        judge: Whether it says whether a model may judge.
    """

    plan: Plan
    criteria: Mapping[int, Criterion]
    keep: Sequence[tuple[str, Quota]]
    complete: bool
    model: str
    baseline: str
    judge: bool = False


def incoherences(draft: Draft) -> tuple[Problem, ...]:
    """Everything in a policy that does not fit together; lines are not known here."""
    metrics = draft.plan.metrics()
    found = [
        *_name_problems(draft),
        *plan_problems(draft.plan),
        *(judge_problems(draft.plan) if draft.judge else ()),
        *(p for i, c in draft.criteria.items() for p in _criterion_problems(i, c, metrics)),
        *_ratios_at_any_time(draft),
        *_ratios_of_gaps(draft),
        *_duplicates(draft.criteria),
        *(p for stage, quota in draft.keep for p in _quota_problems(stage, quota, draft)),
    ]
    all_known = all(c.metric in metrics for c in draft.criteria.values())
    if draft.complete and all_known:
        found += _toothless_stages(draft, metrics)
        found += _idle_primaries(draft)
    return tuple(found)


def _name_problems(draft: Draft) -> Iterator[Problem]:
    if "/" in draft.model or ":" in draft.model:
        bare = draft.model.removeprefix("models:/").split("/")[0].split("@")[0]
        yield Problem(
            at=("model",),
            found=f"`{draft.model}`",
            expected="the name of a registered model, without version or alias",
            fix=f"write `model: {bare}`",
        )
    number = draft.baseline.removeprefix("v")
    if draft.baseline == "latest" or number.isdecimal():
        yield Problem(
            at=("baseline",),
            found=f"`{draft.baseline}`",
            expected="an alias that somebody set (MLflow reserves `latest` and version numbers)",
            fix="write `baseline: champion`",
        )


def _criterion_problems(
    index: int, criterion: Criterion, metrics: Mapping[str, Metric]
) -> Iterator[Problem]:
    at: Path = ("criteria", index)
    metric = metrics.get(criterion.metric)
    if metric is None:
        yield Problem(
            at=(*at, "metric"),
            found=f"`{criterion.metric}`, which no plan measures",
            expected=f"one of {listed(metrics)}",
            fix=meant(criterion.metric, metrics),
        )
        return
    match criterion.demand:
        case AtLeast(limit=limit) | AtMost(limit=limit):
            yield from _limit_problems(at, criterion, metric, limit)
        case NonInferior(margin=margin):
            yield from _unpaired(at, "non_inferior", metric)
            if metric.unit is Unit.SHARE and margin is not None and margin >= 1:
                yield _not_a_share((*at, "non_inferior", "margin"), margin)
        case Better():
            yield from _unpaired(at, "better", metric)
        case _:
            assert_never(criterion.demand)


def _ratios_at_any_time(draft: Draft) -> Iterator[Problem]:
    """No interval of a ratio holds at any time."""
    early = {
        name
        for name, task in (draft.plan.offline or {}).items()
        if isinstance(task, BenchmarkTask) and task.stopping is Stopping.ANYTIME
    }
    for index, criterion in draft.criteria.items():
        demand = criterion.demand
        relative = isinstance(demand, NonInferior) and demand.relative_margin is not None
        if relative and criterion.metric.partition(".")[0] in early:
            yield Problem(
                at=("criteria", index, "non_inferior"),
                found="a `relative_margin` on a task with `stopping: anytime`",
                expected="a `margin`: no interval of a ratio holds at any time",
                fix="write `margin`, or `stopping: fixed`",
            )


def _ratios_of_gaps(draft: Draft) -> Iterator[Problem]:
    """A gap recovered is in parts of a gap already."""
    for index, criterion in draft.criteria.items():
        demand = criterion.demand
        task = (draft.plan.offline or {}).get(criterion.metric.partition(".")[0])
        relative = isinstance(demand, NonInferior) and demand.relative_margin is not None
        if relative and isinstance(task, GradedTask):
            yield Problem(
                at=("criteria", index, "non_inferior"),
                found="a `relative_margin` on a task with `graded`",
                expected="a `margin`, in percentage points: the gap recovered is a percentage",
                fix="write `margin: 5.0` for five points of the gap",
            )


def _limit_problems(
    at: Path, criterion: Criterion, metric: Metric, limit: float
) -> Iterator[Problem]:
    least = isinstance(criterion.demand, AtLeast)
    key, other = ("at_least", "at_most") if least else ("at_most", "at_least")
    blocking = criterion.severity is Severity.BLOCKING
    if blocking and least is not metric.higher_is_better:
        yield Problem(
            at=(*at, key),
            found=f"`{key}` on `{metric.name}`",
            expected=f"`{other}`: {'higher' if metric.higher_is_better else 'lower'} is better",
            fix=f"write `{other}`, or `severity: advisory` if it is meant",
        )
        return
    if metric.unit is Unit.NUMBER:
        return
    if not 0 <= limit <= 1:
        yield _not_a_share((*at, key), limit)
    elif limit in (0, 1):
        yield _at_the_border((*at, key), metric, limit, always=least is (limit == 0))


def _not_a_share(at: Path, number: float) -> Problem:
    percent = 1 < number < _PERCENT
    return Problem(
        at=at,
        found=f"`{number:g}`",
        expected="a share strictly between 0 and 1",
        fix=f"if {number:g} % is meant, write {number / _PERCENT:g}" if percent else "",
    )


def _at_the_border(at: Path, metric: Metric, limit: float, *, always: bool) -> Problem:
    if always:
        why, fix = "a limit that demands something (every share meets this one)", "choose a limit"
    else:
        why = "a limit that a finite sample can show"
        fix = "zero failures in 1,000 answers show a rate below 0.003, not 0"
        if metric.higher_is_better:
            fix = "1,000 successes in 1,000 answers show a share above 0.997, not 1"
    return Problem(at=at, found=f"`{limit:g}`", expected=why, fix=fix)


def _unpaired(at: Path, demand: str, metric: Metric) -> Iterator[Problem]:
    if not metric.paired:
        yield Problem(
            at=(*at, demand),
            found=f"`{demand}` on `{metric.name}`, which is not measured as a difference",
            expected="`at_least` or `at_most`",
            fix="a win rate compares with the baseline already: 0.5 is equal",
        )


def _duplicates(criteria: Mapping[int, Criterion]) -> Iterator[Problem]:
    first: dict[tuple[str, type], int] = {}
    for index, criterion in criteria.items():
        demand = (criterion.metric, type(criterion.demand))
        if demand in first:
            yield Problem(
                at=("criteria", index),
                found=f"the same demand on `{criterion.metric}` a second time",
                expected=f"one such demand a metric (criteria[{first[demand]}] is one)",
                fix="keep the one that is meant",
            )
        first.setdefault(demand, index)


def _quota_problems(stage: str, quota: Quota, draft: Draft) -> Iterator[Problem]:
    at: Path = ("keep", stage)
    if stage not in draft.plan.stages():
        yield Problem(
            at=at,
            found=f"a quota for `{stage}`, which the plan does not have",
            expected=f"one of {listed(draft.plan.stages())}",
            fix="plan the stage, or remove its quota",
        )
        return
    measured = [m.name for m in draft.plan.metrics().values() if m.stage == stage]
    if quota.by not in measured:
        yield Problem(
            at=(*at, "by"),
            found=f"`{quota.by}`, which {stage} does not measure",
            expected=f"one of {listed(measured)}",
            fix=meant(quota.by, measured),
        )
    if quota.deadline is not None:
        yield from time_problem((*at, "deadline"), quota.deadline)


def _toothless_stages(draft: Draft, metrics: Mapping[str, Metric]) -> Iterator[Problem]:
    blocking = {
        metrics[c.metric].stage for c in draft.criteria.values() if c.severity is Severity.BLOCKING
    }
    for stage in draft.plan.stages():
        if stage not in blocking:
            measured = [m.name for m in metrics.values() if m.stage == stage]
            yield Problem(
                at=("plan", stage),
                found="no blocking criterion on this stage",
                expected=f"at least one, on {listed(measured)}",
                fix="a stage that demands nothing cannot pass: add one, or remove the stage",
            )


def _idle_primaries(draft: Draft) -> Iterator[Problem]:
    """An A/B ships only by its primaries: one of which nothing is demanded can win nothing."""
    if draft.plan.online is None:
        return
    demanded = {c.metric for c in draft.criteria.values()}
    for name in draft.plan.online.all_primaries:
        if f"online.{name}" not in demanded:
            yield Problem(
                at=("plan", "online", "primary"),
                found=f"`{name}`, of which no criterion demands anything",
                expected=f"a criterion on `online.{name}`: without one the A/B could never ship",
                fix="add one: `better: {}`, with `severity: blocking`",
            )
