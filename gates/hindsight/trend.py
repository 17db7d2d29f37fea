"""Every benchmark over checkpoints, with the places where its level changes; pure."""

from collections.abc import Collection
from dataclasses import dataclass

from gates.hindsight.checkpoints import Checkpoint, Past
from gates.hindsight.measures import Measured, comparable, metrics_of, value_of
from policies.errors import WrongUsage
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import StageName
from stages.stats.change_points import Course, Reading, change_points

ALPHA = 0.05
"""Probability of seeing a change anywhere where there is none, over all metrics looked at."""

SEED = 1
"""Of the random orders that courses are held against."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One checkpoint's value.

    Attributes:
        checkpoint: Whose.
        measured: The value.
    """

    checkpoint: Checkpoint
    measured: Measured


@dataclass(frozen=True, slots=True, kw_only=True)
class MetricTrend:
    """One metric over checkpoints.

    Attributes:
        metric: Full name.
        points: In the order of the versions.
        otherwise: Checkpoints left out: measured by another plan or on other data than the newest.
        course: The changes found; or why none could be.
    """

    metric: str
    points: tuple[Point, ...]
    otherwise: int
    course: Course | Unmeasured


@dataclass(frozen=True, slots=True, kw_only=True)
class Trend:
    """Every benchmark of a policy.

    Attributes:
        past: The checkpoints it is about.
        metrics: At least one, in the policy's order.
        alpha: Error of each metric: that of all, shared equally.
    """

    past: Past
    metrics: tuple[MetricTrend, ...]
    alpha: float


def trend_of(past: Past, wanted: Collection[str] = ()) -> Trend:
    """Every benchmark of which there are values, or those that are named.

    Raises:
        WrongUsage: When a metric that is named has no values, or none has.
    """
    known = metrics_of(past.checkpoints, StageName.OFFLINE, past.policy)
    unknown = sorted(set(wanted) - set(known))
    if unknown or not known:
        raise WrongUsage(
            f"there is no course of {', '.join(unknown) or 'any benchmark'}",
            why="no checkpoint has such a value under this policy",
            fix=f"name one of: {', '.join(known)}"
            if known
            else "gate run measures the offline stage",
        )
    metrics = tuple(metric for metric in known if metric in wanted or not wanted)
    alpha = ALPHA / len(metrics)
    return Trend(
        past=past,
        metrics=tuple(_course_of(past, metric, alpha=alpha) for metric in metrics),
        alpha=alpha,
    )


def _course_of(past: Past, metric: str, *, alpha: float) -> MetricTrend:
    there = [
        Point(checkpoint=checkpoint, measured=measured)
        for checkpoint in past.checkpoints
        if (measured := value_of(checkpoint, StageName.OFFLINE, metric)) is not None
    ]
    newest = max((point.checkpoint for point in there), key=lambda c: c.decided.decided_at)
    points = tuple(
        point for point in there if comparable(point.checkpoint, newest, StageName.OFFLINE, metric)
    )
    readings = [
        Reading(value=point.measured.estimate.value, error=point.measured.error) for point in points
    ]
    return MetricTrend(
        metric=metric,
        points=points,
        otherwise=len(there) - len(points),
        course=change_points(readings, alpha=alpha, seed=SEED),
    )
