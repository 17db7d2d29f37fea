"""The effect forest: every metric of an A/B, in its own unit and as a share of the champion's."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gates.reports.online.course import MetricCourse
from gates.reports.online.palette import GOOD
from gates.reports.side_by_side.pictures import INK, QUIET, grid, plain, png, titled
from policies.metric import Unit
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Quantity

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def effects_png(metrics: Sequence[MetricCourse], *, title: str) -> bytes:
    """A PNG with a row for each metric; the same metrics give the same bytes.

    Left the difference, each on an axis of its own since units differ, right the ratio in percent,
    all on one axis. The limit that the policy demands is dotted on the side it is about.

    Args:
        metrics: At least one; drawn at their current look.
        title: What they show.
    """
    drawn, rows = grid(9, 1.1 + 0.62 * len(metrics), rows=len(metrics), columns=2)
    relative = [_percent(course.points[-1].ratio) for course in metrics]
    reach = _reach([*relative, *_limits(metrics)])
    for (left, right), course, ratio in zip(rows, metrics, relative, strict=True):
        _difference(left, course)
        _draw(right, ratio, limit=_limit(course, Quantity.RATIO))
        right.set_xlim(-reach, reach)
        right.set_yticks([])
    rows[-1][0].set_xlabel("difference, in the metric's unit", fontsize=8)
    rows[-1][1].set_xlabel("% of the champion's value", fontsize=8)
    titled(drawn, title)
    return png(drawn)


def effects_alt(metrics: Sequence[MetricCourse]) -> str:
    """What the picture shows, for who cannot see it."""
    return "; ".join(f"{m.name}: {_words(m.points[-1].difference)}" for m in metrics)


def _words(found: Estimate | Unmeasured) -> str:
    if isinstance(found, Unmeasured):
        return f"not measured, {found.reason}"
    return f"difference {found.value:.4g} ({found.low:.4g} to {found.high:.4g})"


def _difference(axes: "Axes", course: MetricCourse) -> None:
    share = course.unit == Unit.SHARE
    found = _scaled(course.points[-1].difference, 100.0 if share else 1.0)
    limit = _limit(course, Quantity.DIFFERENCE)
    at = None if limit is None else limit * (100.0 if share else 1.0)
    _draw(axes, found, limit=at)
    good = "" if course.metric.higher_is_better else ", lower is better"
    unit = " (points)" if share else ""
    role = "primary: " if course.primary else ""
    axes.set_title(plain(f"{role}{course.name}{unit}{good}"), loc="left", fontsize=8)
    axes.set_yticks([])
    reach = _reach([found, *([] if at is None else [at])])
    axes.set_xlim(-reach, reach)


Ends = tuple[float, float, float]
"""Low end, value and high end."""


def _draw(axes: "Axes", found: Ends | None, *, limit: float | None) -> None:
    axes.axvline(0, color=QUIET, linewidth=0.8)
    if limit is not None:
        axes.axvline(limit, color=GOOD, linewidth=1.6, linestyle=":")
    axes.tick_params(labelsize=7)
    axes.spines["left"].set_visible(False)
    axes.set_ylim(-1, 1)
    if found is None:
        axes.text(0.02, 0.5, "not measured", transform=axes.transAxes, fontsize=8, color=QUIET)
        return
    low, value, high = found
    axes.plot([low, high], [0, 0], color=INK, linewidth=2.5, solid_capstyle="butt")
    axes.plot([value], [0], "o", color=INK, markersize=5)


def _scaled(found: Estimate | Unmeasured, factor: float, start: float = 0.0) -> Ends | None:
    if isinstance(found, Unmeasured) or found.low is None or found.high is None:
        return None
    return (
        factor * (found.low - start),
        factor * (found.value - start),
        factor * (found.high - start),
    )


def _percent(found: Estimate | Unmeasured) -> Ends | None:
    return _scaled(found, 100.0, 1.0)


def _limit(course: MetricCourse, quantity: Quantity) -> float | None:
    if course.limit is None or course.limit.quantity is not quantity:
        return None
    at = float(course.limit.at)
    return 100 * (at - 1) if quantity is Quantity.RATIO else at


def _limits(metrics: Sequence[MetricCourse]) -> list[float]:
    found = (_limit(course, Quantity.RATIO) for course in metrics)
    return [at for at in found if at is not None]


def _reach(shown: Sequence[Ends | float | None]) -> float:
    """Half of an axis that holds all of it with room on both sides."""
    found = [abs(x) for one in shown if isinstance(one, tuple) for x in one]
    found += [abs(one) for one in shown if isinstance(one, float)]
    return 1.15 * max(found, default=0.0) or 1.0
