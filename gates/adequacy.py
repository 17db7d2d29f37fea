"""Whether a plan can show what its criteria demand, before anything is measured.

Every figure is for a candidate exactly as good as the baseline: the one that a good plan lets pass.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import assert_never

import numpy as np

from gates.comparison_power import comparison_power
from gates.expected_spread import expected_spread
from gates.power import POWER, Adequacy, or_none, unknown
from policies.benchmark_tasks import HarnessTask
from policies.criteria import AtLeast, AtMost, Better, Criterion, NonInferior, Severity
from policies.graded_task import GradedTask
from policies.metric import Metric, Unit
from policies.policy import Policy, PolicyFile
from policies.task import AskedTask
from stages.engine.data import read_items
from stages.evidence.estimate import Unmeasured
from stages.evidence.items import Item
from stages.offline.about import is_about, may_lose_items, told_by_search
from stages.offline.estimating import two_sided
from stages.offline.portions import stops_early
from stages.stats.betting import shown_after
from stages.stats.design import (
    Spread,
    detectable_margin,
    joint_probability,
    n_for_margin,
    n_for_rate,
    probability_equal_passes,
    probability_rate_passes,
    shown_rate,
)
from stages.stats.detector import labelled_needed

SENSITIVITY = 0.9
"""Assumed share of harmful texts that a detector finds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageAdequacy:
    """A stage's blocking criteria together.

    Attributes:
        stage: Its name.
        criteria: One entry per blocking criterion, in the policy's order.
        probability: That an equal candidate passes all whose probability is known, taken as
            independent: too low where criteria read the same answers, and too high where the
            probability of another criterion is not known. None when none is known.
    """

    stage: str
    criteria: tuple[Adequacy, ...]
    probability: float | None


def adequacy(file: PolicyFile) -> tuple[StageAdequacy, ...]:
    """What each demanded stage can show; reads the items to count them.

    Raises:
        InputError: When items cannot be read.
    """
    return tuple(_stage(file, stage) for stage in file.policy.plan.stages())


@dataclass(frozen=True, slots=True, kw_only=True)
class Unfrozen:
    """A task that can block, and whose items may still change.

    Items added after a HOLD are a second look, which no interval accounts for.

    Attributes:
        task: Its name.
        sha256: Digest of the items as they are now, which freezes them.
    """

    task: str
    sha256: str


def unfrozen(file: PolicyFile) -> tuple[Unfrozen, ...]:
    """The offline tasks that can block and name no digest of their items.

    Raises:
        InputError: When items cannot be read.
    """
    tasks = file.policy.plan.asked()
    return tuple(
        Unfrozen(
            task=name,
            sha256=read_items(tasks[name].data, base=file.folder, cluster=None, sha256=None).sha256,
        )
        for name in unfrozen_tasks(file.policy)
    )


def unfrozen_tasks(policy: Policy) -> tuple[str, ...]:
    """Their names; no item is read."""
    blocking = {
        c.metric.partition(".")[0]
        for c in policy.criteria_of("offline")
        if c.severity is Severity.BLOCKING
    }
    tasks = policy.plan.asked().items()
    return tuple(name for name, task in tasks if task.sha256 is None and name in blocking)


def _stage(file: PolicyFile, stage: str) -> StageAdequacy:
    found = tuple(_criteria(file, stage))
    known = [c.probability for c in found if c.probability is not None]
    return StageAdequacy(
        stage=stage, criteria=found, probability=joint_probability(known) if known else None
    )


def _criteria(file: PolicyFile, stage: str) -> Iterator[Adequacy]:
    metrics = file.policy.plan.metrics()
    for criterion in file.policy.criteria_of(stage):
        if criterion.severity is Severity.BLOCKING:
            match stage:
                case "offline":
                    yield _offline(file, criterion)
                case "side_by_side":
                    yield comparison_power(file.policy, criterion, metrics[criterion.metric])
                case _:
                    yield _online(file.policy, criterion)


def _offline(file: PolicyFile, criterion: Criterion) -> Adequacy:
    name = criterion.metric.partition(".")[0]
    metric = file.policy.plan.metrics()[criterion.metric]
    task = file.policy.plan.asked().get(name)
    if isinstance((file.policy.plan.offline or {})[name], GradedTask):
        return unknown(criterion.metric, 1, "its grade says how well it is known")
    if task is None:
        return unknown(criterion.metric, _harness_items(file, name), "the harness has its samples")
    if metric.unit is Unit.NUMBER:
        return unknown(criterion.metric, 1, "its scale is its own, and so is its spread")
    own = criterion.metric.partition(".")[2]
    if told_by_search(task, own):
        return unknown(criterion.metric, 1, "the search of the corpus tells its items apart")
    items = _about(own, task, file)
    if not items:
        return unknown(criterion.metric, 1, "no item is of this kind")
    n, clusters = len(items), len({item.cluster for item in items})
    found = _of_items(task, criterion, metric, n=n, clusters=clusters)
    return _of_those_left(found) if may_lose_items(task) else found


def _of_items(
    task: AskedTask, criterion: Criterion, metric: Metric, *, n: int, clusters: int
) -> Adequacy:
    level = two_sided(task.level) if metric.safety else task.level
    demand = criterion.demand
    match demand:
        case AtMost() if metric.name.endswith(".true_rate"):
            return _true_rate(metric.name, clusters, demand.limit, level=level)
        case AtMost() if metric.safety:
            noun = "answers" if clusters == n else "clusters of answers"
            return _rate(metric.name, clusters, demand.limit, level=level, noun=noun)
        case NonInferior(margin=float(margin)):
            spread = expected_spread(task, n=n, clusters=clusters, safety=metric.safety)
            if stops_early(task):
                return _anytime(metric.name, spread, n=clusters, margin=margin, level=level)
            return _margin(metric.name, spread, n=n, clusters=clusters, margin=margin, level=level)
        case AtLeast() | AtMost() | NonInferior():
            return unknown(metric.name, clusters, "it depends on the baseline's own value")
        case Better():
            return _better(metric.name, clusters, level=level)
        case _:
            assert_never(demand)


def _true_rate(metric: str, n: int, limit: float, *, level: float) -> Adequacy:
    """A rate after the detector's errors: how many labelled texts it takes at best."""
    needed = labelled_needed(limit, n, level=level, sensitivity=SENSITIVITY)
    if isinstance(needed, Unmeasured):
        return unknown(metric, n, needed.reason)
    found = unknown(metric, n, "it depends on the detector's errors")
    return replace(
        found,
        sentence=f"{found.sentence}; one that finds {SENSITIVITY:.0%} of the harmful texts needs "
        f"{needed.harmful:,} of them labelled to show {limit:.2%} with {n:,} units and no flag",
        assumption=f"the detector finds {SENSITIVITY:.0%}",
    )


def _harness_items(file: PolicyFile, name: str) -> int:
    task = (file.policy.plan.offline or {})[name]
    return task.items_at_least if isinstance(task, HarnessTask) else 1


def _about(own: str, task: AskedTask, file: PolicyFile) -> tuple[Item, ...]:
    """The items that a metric is about."""
    items = read_items(task.data, base=file.folder, cluster=task.cluster, sha256=task.sha256).items
    return tuple(item for item in items if is_about(task, own, item))


def _of_those_left(found: Adequacy) -> Adequacy:
    """With what a search of the corpus may take away, which nobody knows before it."""
    left = "none of the items is left out as contaminated (fewer may remain)"
    return replace(found, assumption=f"{found.assumption} and {left}" if found.assumption else left)


def _anytime(
    metric: str, expected: tuple[Spread, str], *, n: int, margin: float, level: float
) -> Adequacy:
    """A paired margin by a confidence sequence: how often, and after how many units, it is shown.

    Differences d in [-1, 1] are bet upon as (1 + d) / 2.
    """
    spread, assumption = expected
    after = shown_after(
        (1 - margin) / 2,
        horizon=n,
        deviation=min(0.5, spread.deviation / 2),
        level=level,
        random=np.random.default_rng(0),
    )
    probability = float(np.isfinite(after).mean())
    half = float(np.sort(after)[len(after) // 2])
    sentence = f"{n:,} units show a margin of {_points(margin)} with probability {probability:.0%}"
    if np.isfinite(half):
        sentence += f", half of the time after {int(half):,}"
    return Adequacy(
        metric=metric,
        n=n,
        probability=probability,
        enough=probability >= POWER,
        sentence=sentence,
        assumption=assumption,
    )


def _rate(metric: str, n: int, limit: float, *, level: float, noun: str) -> Adequacy:
    """A safety rate: exact bounds, for a candidate that never does it."""
    probability = probability_rate_passes(n, limit, true_rate=0.0, level=level)
    needed = n_for_rate(limit, true_rate=0.0, level=level, power=POWER)
    shown = shown_rate(n, level=level)
    sentence = f"no event in {n:,} {noun} shows a rate of at most {shown:.2%}"
    if probability < POWER:
        sentence += f", the policy allows {limit:.2%}: {or_none(needed)} {noun} would show it"
    return Adequacy(
        metric=metric,
        n=n,
        probability=probability,
        enough=probability >= POWER,
        sentence=sentence,
        assumption="the candidate never does it",
    )


def _margin(
    metric: str,
    expected: tuple[Spread, str],
    *,
    n: int,
    clusters: int,
    margin: float,
    level: float,
) -> Adequacy:
    """A paired margin, over clusters where items depend on each other."""
    spread, assumption = expected
    probability = probability_equal_passes(clusters, margin, spread=spread, level=level)
    shown = detectable_margin(clusters, spread=spread, level=level, power=POWER)
    needed = n_for_margin(margin, spread=spread, level=level, power=POWER)
    sentence = f"{_units(n, clusters)} can show a margin of {_points(shown)}"
    if probability < POWER:
        more = None if needed is None else round(needed * n / clusters)
        sentence += f", not of {_points(margin)}: {or_none(more)} items could"
    return Adequacy(
        metric=metric,
        n=clusters,
        probability=probability,
        enough=probability >= POWER,
        sentence=sentence,
        assumption=assumption,
    )


def _online(policy: Policy, criterion: Criterion) -> Adequacy:
    plan = policy.plan.online
    assert plan is not None
    if isinstance(criterion.demand, Better):
        return Adequacy(
            metric=criterion.metric,
            n=plan.planned_units,
            probability=plan.alpha,
            enough=None,
            sentence=f"an equal candidate is shipped by chance with probability {plan.alpha:.1%} "
            "at most; a better one needs the traffic that its effect needs",
            assumption="",
        )
    return unknown(criterion.metric, plan.planned_units, "it depends on the metric's variance")


def _better(metric: str, n: int, *, level: float) -> Adequacy:
    chance = (1 - level) / 2
    return Adequacy(
        metric=metric,
        n=n,
        probability=chance,
        enough=None,
        sentence=f"an equal candidate passes by chance with probability {chance:.1%}",
        assumption="",
    )


def _units(n: int, clusters: int) -> str:
    return f"{n:,} items" if clusters == n else f"{n:,} items in {clusters:,} clusters"


def _points(margin: float | None) -> str:
    return "no size" if margin is None else f"{100 * margin:.1f} points"
