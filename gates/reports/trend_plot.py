"""A metric over checkpoints: every interval, and the levels between changes."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.reports.side_by_side.pictures import ACCENT, INK, figure, plain, png, titled
from stages.evidence.estimate import Estimate

_LABELS = 30
"""Checkpoints that can be named below each other without overlap."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One checkpoint.

    Attributes:
        label: Its version.
        measured: Its value.
    """

    label: str
    measured: Estimate


@dataclass(frozen=True, slots=True, kw_only=True)
class Level:
    """Checkpoints between two changes.

    Attributes:
        start: Place of the first one.
        end: Place after the last one.
    """

    start: int
    end: int


def trend_png(points: Sequence[Point], levels: Sequence[Level], *, title: str) -> bytes:
    """A PNG with an interval a checkpoint and the mean of each level; the same gives the same.

    Args:
        points: At least one, in their order.
        levels: All points in parts; a dashed line stands where one ends.
        title: What is shown.
    """
    drawn, axes = figure(9, 2.6)
    for place, point in enumerate(points):
        found = point.measured
        low = found.value if found.low is None else found.low
        high = found.value if found.high is None else found.high
        axes.plot([place, place], [low, high], color=INK, linewidth=2, solid_capstyle="butt")
    values = [point.measured.value for point in points]
    axes.plot(range(len(points)), values, "o", color=INK, markersize=4)
    for level in levels:
        mean = sum(values[level.start : level.end]) / (level.end - level.start)
        axes.plot([level.start - 0.5, level.end - 0.5], [mean, mean], color=ACCENT, linewidth=1)
        if level.start:
            axes.axvline(level.start - 0.5, color=ACCENT, linewidth=1, linestyle="--")
    step = -(-len(points) // _LABELS)
    axes.set_xticks(range(0, len(points), step), [plain(p.label) for p in points[::step]])
    axes.set_xlabel("version", fontsize=8)
    titled(drawn, title)
    return png(drawn)
