"""The sequential plot: what was measured at every look, against the bounds of the plan."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from gates.reports.online.course import MetricCourse, Point
from gates.reports.online.palette import BAD, GOOD
from gates.reports.side_by_side.pictures import INK, QUIET, figures, plain, png, titled
from policies.metric import Unit
from stages.evidence.estimate import Estimate
from stages.evidence.records import Quantity
from stages.stats.experiments import Contrast

if TYPE_CHECKING:
    from matplotlib.axes import Axes

HIGHEST = 8.0
"""Standard errors beyond which a bound is out of the picture: nobody reads 12 from 20."""


def sequential_png(course: MetricCourse, *, title: str) -> bytes:
    """A PNG of one metric over all looks; the same looks give the same bytes.

    Of a metric that must be better, above: the effect in standard errors (up is good) against the
    bound of each look, dashed for looks to come, and against the always-valid bound of harm. Below,
    of every metric: the effect itself in the repeated interval of each look, against what the
    policy demands of it, with the end of the always-valid sequence.

    Args:
        course: The metric.
        title: What it shows.
    """
    height, rows = (6.5, 2) if course.must_win else (3.6, 1)
    drawn, parts = figures(9, height, rows=rows, share_x=True)
    if course.must_win:
        _bounds(parts[0], course)
    below = parts[-1]
    _effects(below, course)
    _days(parts[0], course)
    reach = max(*(p.information for p in course.points), *(a.information for a in course.ahead), 1)
    below.set_xlim(0, 1.04 * reach)
    below.set_xlabel(
        "share of the planned information; on top: day of the look (to come)", fontsize=8
    )
    for axes in parts:
        axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    titled(drawn, title)
    return png(drawn)


def sequential_alt(course: MetricCourse) -> str:
    """What the picture shows, for who cannot see it."""
    last = course.points[-1]
    if last.z is None:
        return f"{course.name}: not measured at the look of day {last.day:g}"
    bound = "no bound, it cannot decide" if last.bound is None else f"a bound of {last.bound:.2f}"
    return (
        f"{course.name} over {len(course.points)} looks: at the look of day {last.day:g}, with "
        f"{last.information:.0%} of the planned information, {last.z:.2f} standard errors in the "
        f"good direction against {bound}"
    )


def _bounds(axes: "Axes", course: MetricCourse) -> None:
    decided = [p for p in course.points if p.bound is not None]
    axes.axhline(0, color=QUIET, linewidth=0.8)
    _line(axes, [(p.information, p.bound) for p in decided], GOOD, "bound to ship", marker="_")
    coming = [(a.information, a.bound) for a in course.ahead if a.bound is not None]
    joined = [(p.information, p.bound) for p in decided[-1:]]
    if coming:
        _line(axes, [*joined, *coming], GOOD, "bound of looks to come", marker="_", style="--")
    harm = [(p.information, None if p.harm is None else -p.harm) for p in course.points]
    _line(axes, harm, BAD, "bound of harm (always valid)", marker="_")
    seen = [(p.information, p.z) for p in course.points]
    _line(axes, seen, INK, "measured", marker="o")
    top = max((abs(y) for _, y in [*seen] if y is not None), default=0.0)
    limit = max(HIGHEST, 1.15 * top)
    low, high = axes.get_ylim()
    axes.set_ylim(max(low, -limit), min(high, limit))
    axes.set_ylabel("standard errors, up is good", fontsize=8)


def _days(axes: "Axes", course: MetricCourse) -> None:
    come = [(point.information, f"{point.day:g}") for point in course.points]
    to_come = [(ahead.information, f"({ahead.day:g})") for ahead in course.ahead]
    for x, text in (*come, *to_come):
        axes.annotate(
            text,
            (x, 1.01),
            xycoords=("data", "axes fraction"),
            fontsize=7,
            color=QUIET,
            ha="center",
            annotation_clip=False,
        )


def _line(
    axes: "Axes",
    points: Sequence[tuple[float, float | None]],
    colour: str,
    label: str,
    *,
    marker: str,
    style: str = "-",
) -> None:
    shown = [(x, y) for x, y in points if y is not None]
    if shown:
        xs, ys = zip(*shown, strict=True)
        axes.plot(
            xs, ys, style, color=colour, label=label, marker=marker, markersize=5, linewidth=1.3
        )


def _effects(axes: "Axes", course: MetricCourse) -> None:
    quantity = course.limit.quantity if course.limit is not None else Quantity.DIFFERENCE
    said = _Said(quantity, course.unit)
    axes.axhline(said.of(1.0 if quantity is Quantity.RATIO else 0.0), color=QUIET, linewidth=0.8)
    if course.limit is not None:
        at = said.of(float(course.limit.at))
        axes.axhline(at, color=GOOD, linewidth=1.6, linestyle=":", label="demanded")
    _intervals(axes, course.points, said)
    _open(axes, course.points, said)
    _line(axes, _harm_ends(course.points, said), BAD, "end of the harm sequence", marker="_")
    axes.set_ylabel(plain(f"{course.name}: {said.words}"), fontsize=8)


class _Said:
    """A comparison in the unit in which people say it."""

    def __init__(self, quantity: Quantity, unit: str) -> None:
        self.quantity = quantity
        self._factor = 100.0 if quantity is Quantity.RATIO or unit == Unit.SHARE else 1.0
        self._from = 1.0 if quantity is Quantity.RATIO else 0.0

    @property
    def words(self) -> str:
        """What the axis is."""
        if self.quantity is Quantity.RATIO:
            return "% of the champion's"
        return "points" if self._factor > 1 else "difference"

    def of(self, value: float) -> float:
        """The number that is drawn."""
        return self._factor * (value - self._from)


def _intervals(axes: "Axes", points: Sequence[Point], said: _Said) -> None:
    label: str | None = "repeated interval of a look"
    for point in points:
        found = point.at_look(said.quantity)
        if isinstance(found, Estimate) and found.low is not None and found.high is not None:
            ends = [said.of(found.low), said.of(found.high)]
            axes.plot([point.information] * 2, ends, color=INK, linewidth=2.5, label=label)
            axes.plot([point.information], [said.of(found.value)], "o", color=INK, markersize=5)
            label = None


def _open(axes: "Axes", points: Sequence[Point], said: _Said) -> None:
    """Looks that cannot decide: the effect without an interval."""
    if said.quantity is Quantity.RATIO:
        return
    open_ = [
        (p.information, said.of(p.effect.effect))
        for p in points
        if not isinstance(p.difference, Estimate) and isinstance(p.effect, Contrast)
    ]
    if open_:
        xs, ys = zip(*open_, strict=True)
        axes.plot(
            xs, ys, "o", color=INK, markerfacecolor="white", markersize=5, label="cannot decide"
        )


def _harm_ends(points: Sequence[Point], said: _Said) -> list[tuple[float, float | None]]:
    found = []
    for point in points:
        always = point.always(said.quantity)
        if isinstance(always, Estimate):
            end = always.high if always.low is None else always.low
            found.append((point.information, None if end is None else said.of(end)))
    return found
