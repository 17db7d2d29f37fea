"""A forest plot: intervals below each other, on one axis."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gates.reports.side_by_side.pictures import INK, QUIET, figure, plain, png, titled
from stages.evidence.estimate import Estimate, Unmeasured

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the plot.

    Attributes:
        label: What was measured.
        measured: Its interval, or why there is none.
        group: Lines of one group stand together, under its name; empty for none.
    """

    label: str
    measured: Estimate | Unmeasured
    group: str = ""


def forest_png(lines: Sequence[Line], *, title: str, unit: str, at: float) -> bytes:
    """A PNG with a line for each interval; the same lines give the same bytes.

    Args:
        lines: At least one.
        title: What they show.
        unit: What the axis is, in words.
        at: Where a line is drawn that says: neither better nor worse.
    """
    drawn, axes = figure(9, 0.9 + 0.32 * (len(lines) + _groups(lines)))
    axes.axvline(at, color=QUIET, linewidth=1, linestyle="--")
    labels: list[str] = []
    group = ""
    for line in lines:
        if line.group != group:
            labels.append(plain(line.group))
            group = line.group
        _draw(axes, line.measured, row=len(labels))
        labels.append(plain(f"  {line.label}" if line.group else line.label))
    axes.set_yticks(range(len(labels)), labels)
    axes.set_ylim(len(labels) - 0.5, -0.5)
    axes.set_xlabel(unit, fontsize=8)
    titled(drawn, title)
    return png(drawn)


def _groups(lines: Sequence[Line]) -> int:
    return len({line.group for line in lines if line.group})


def _draw(axes: "Axes", measured: Estimate | Unmeasured, *, row: int) -> None:
    if isinstance(measured, Unmeasured):
        axes.annotate(
            "not measured",
            (0.01, row),
            xycoords=("axes fraction", "data"),
            color=QUIET,
            fontsize=8,
            va="center",
        )
        return
    low = measured.value if measured.low is None else measured.low
    high = measured.value if measured.high is None else measured.high
    axes.plot([low, high], [row, row], color=INK, linewidth=2.5, solid_capstyle="butt")
    axes.plot([measured.value], [row], marker="o", markersize=5, color=INK)
    axes.annotate(
        f"n = {measured.n:,}",
        (1.005, row),
        xycoords=("axes fraction", "data"),
        color=QUIET,
        fontsize=7,
        va="center",
        annotation_clip=False,
    )
