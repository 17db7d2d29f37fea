"""Effects by segment: exploratory, shrunk towards each other; a warning where one is harmed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gates.reports.online.course import AbCourse, MetricCourse
from gates.reports.online.palette import BAD
from gates.reports.side_by_side.pictures import INK, QUIET, figure, plain, png, titled
from policies.metric import Unit
from stages.evidence.estimate import Estimate, Unmeasured
from stages.online.analysis import Measured
from stages.online.effects import effect
from stages.online.look_data import LookData
from stages.stats.experiments import Contrast
from stages.stats.segments import harm_p_values, shrunk

LEVEL = 0.95
"""Of the intervals: they are no tests."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """The effect in one segment.

    Attributes:
        metric: Name in the plan.
        column: Column of the exposures.
        value: Its value; empty where there is none, or where many rare ones are put together.
        units: Units of both arms.
        found: Challenger minus champion in it, as it is.
        shrunk: The same, believed as far as segments differ by more than their errors.
        harm: How sure it is that it is harmed: a p-value adjusted for all segments of the metric,
            and for looking at every look.
        harmed: Whether that is below the metric's share of `harm_alpha`.
    """

    metric: str
    column: str
    value: str
    units: int
    found: Contrast | Unmeasured
    shrunk: Estimate | Unmeasured
    harm: float
    harmed: bool

    @property
    def name(self) -> str:
        """`country: de`."""
        return f"{self.column}: {self.value or '(none or rare)'}"


def segments_of(course: AbCourse) -> tuple[Segment, ...]:
    """Every segment of every metric at the current look."""
    return tuple(one for metric in course.metrics for one in _of_metric(course, metric))


def warnings(segments: Sequence[Segment]) -> tuple[str, ...]:
    """A sentence for each segment that is significantly harmed."""
    return tuple(
        f"{one.metric} is significantly worse where {one.name} (p = {one.harm:.2g}, adjusted for "
        "all segments and looks); exploratory: nothing is decided by it"
        for one in segments
        if one.harmed
    )


def segments_png(course: MetricCourse, segments: Sequence[Segment], *, title: str) -> bytes:
    """A PNG with a row for each segment of a metric; the same segments give the same bytes.

    Args:
        course: The metric.
        segments: Its segments; at least one.
        title: What they show.
    """
    factor = 100.0 if course.unit == Unit.SHARE else 1.0
    drawn, axes = figure(9, 1.2 + 0.32 * len(segments))
    axes.axvline(0, color=QUIET, linewidth=0.8)
    for row, one in enumerate(segments):
        colour = BAD if one.harmed else INK
        if isinstance(one.found, Contrast):
            raw = factor * one.found.effect
            axes.plot([raw], [row], "o", color=colour, markerfacecolor="white", markersize=5)
        if isinstance(one.shrunk, Estimate):
            assert one.shrunk.low is not None
            assert one.shrunk.high is not None
            ends = [factor * one.shrunk.low, factor * one.shrunk.high]
            axes.plot(ends, [row, row], color=colour, linewidth=2.5, solid_capstyle="butt")
            axes.plot([factor * one.shrunk.value], [row], "o", color=colour, markersize=5)
    labels = [
        f"{one.name} (n = {one.units:,}){' harmed' if one.harmed else ''}" for one in segments
    ]
    axes.set_yticks(range(len(segments)), [plain(label) for label in labels])
    axes.set_ylim(len(segments) - 0.5, -0.5)
    unit = " in points" if factor > 1 else ""
    axes.set_xlabel(
        f"difference{unit}; filled: shrunk, {LEVEL:.0%} interval; hollow: as it is", fontsize=8
    )
    titled(drawn, f"{title}\nexploratory: nothing is decided by segments")
    return png(drawn)


def segments_alt(segments: Sequence[Segment]) -> str:
    """What the picture shows, for who cannot see it."""
    harmed = [one.name for one in segments if one.harmed]
    said = f"significantly harmed: {', '.join(harmed)}" if harmed else "none significantly harmed"
    return f"exploratory effects of {len(segments)} segments on {segments[0].metric}; {said}"


def _of_metric(course: AbCourse, metric: MetricCourse) -> Iterator[Segment]:
    current = _effects(course, metric, course.looks[-1])
    if not current:
        return
    alpha = course.plan.harm_alpha / len(course.plan.metrics)
    harm = _harm(course, metric, alpha)
    columns = dict.fromkeys(column for column, _ in current)
    for column in columns:
        own = {key: found for key, found in current.items() if key[0] == column}
        believed = shrunk(list(own.values()), level=LEVEL, unit=metric.unit)
        for (key, found), each in zip(own.items(), believed.effects, strict=True):
            yield Segment(
                metric=metric.name,
                column=column,
                value=key[1],
                units=found.n if isinstance(found, Contrast) else 0,
                found=found,
                shrunk=each,
                harm=harm[key],
                harmed=harm[key] < alpha,
            )


Effects = dict[tuple[str, str], Contrast | Unmeasured]
"""Effects by column and value."""


def _effects(course: AbCourse, metric: MetricCourse, look: LookData) -> Effects:
    columns = Measured(plan=course.plan, name=metric.name, looks=(look,)).columns
    return {
        (one.column, one.value): effect(
            next(arms for arms in one.metrics if arms.metric == metric.name), columns
        )
        for one in look.segments
    }


def _harm(course: AbCourse, metric: MetricCourse, alpha: float) -> dict[tuple[str, str], float]:
    """The smallest p-value of each segment over all looks."""
    least: dict[tuple[str, str], float] = {}
    for look in course.looks:
        found = _effects(course, metric, look)
        values = harm_p_values(
            list(found.values()),
            planned_units=max(1, course.plan.planned_units // max(1, len(found))),
            alpha=alpha,
            higher_is_better=metric.metric.higher_is_better,
        )
        for key, value in zip(found, values, strict=True):
            least[key] = min(least.get(key, 1.0), value)
    return least
