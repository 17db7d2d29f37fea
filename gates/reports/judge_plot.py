"""How judges came along: every metric over the iterations, as a picture."""

import io
import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from gates.decide.spoken import metric_words
from stages.evidence.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Points = Mapping[str, Sequence[Estimate | None]]
"""By metric: the untaught judge's value, then that of each iteration; None where there is none."""

_ACROSS = 4
_COLOUR, _CHANCE = "#0969da", 0.5
_HAVE_CHANCE = (".accuracy", ".score")
"""Ends of metrics of which a judge that knows nothing reaches half."""


def judges_png(points: Points) -> bytes:
    """A PNG with a small plot per metric, intervals as bars; the same points give the same bytes.

    Args:
        points: At least one metric; all have as many values.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    down = math.ceil(len(points) / _ACROSS)
    figure = Figure(figsize=(2.6 * _ACROSS, 2.0 * down), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(down, _ACROSS, squeeze=False).ravel()
    for axes in grid[len(points) :]:
        axes.set_visible(False)
    for axes, (name, course) in zip(grid, points.items(), strict=False):
        _draw(axes, name, course)
    figure.supxlabel("iteration; bars are intervals, the dashed line is chance", fontsize=8)
    figure.supylabel("share", fontsize=8)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _draw(axes: "Axes", name: str, course: Sequence[Estimate | None]) -> None:
    axes.set_title(metric_words(name), fontsize=8, parse_math=False)
    axes.tick_params(labelsize=7)
    axes.set_ylim(0, 1)
    axes.set_xticks(range(len(course)), ["untaught", *map(str, range(1, len(course)))])
    if name.endswith(_HAVE_CHANCE) or ".accuracy." in name:
        axes.axhline(_CHANCE, color="#57606a", linewidth=0.8, linestyle="--")
    known = [(at, one) for at, one in enumerate(course) if one is not None]
    axes.plot([at for at, _ in known], [one.value for _, one in known], "o-", color=_COLOUR)
    for at, one in known:
        low = 0.0 if one.low is None else one.low
        high = 1.0 if one.high is None else one.high
        axes.plot([at, at], [low, high], color=_COLOUR, linewidth=1.5, alpha=0.6)
