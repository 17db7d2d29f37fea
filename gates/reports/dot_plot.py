"""Several things measured alike: a line per figure, a point with its interval for each of them."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stages.evidence.estimate import Estimate, Unmeasured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Mapping[str, Mapping[str, Estimate | Unmeasured]]
"""By name of what was measured: its figures by theirs."""

_COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#57606a")


def dots_png(rows: Rows, *, label: str, marks: Sequence[float]) -> bytes:
    """A PNG; the same rows give the same bytes, and what was not measured has no point.

    Args:
        rows: At least one thing, measured in any figures.
        label: What the figures are, and their unit.
        marks: Values that a line is drawn at.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figures = list(dict.fromkeys(name for found in rows.values() for name in found))
    figure = Figure(figsize=(8, 1 + 0.45 * len(figures)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_yticks(range(len(figures)), figures, fontsize=8, parse_math=False)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(label, fontsize=8)
    for mark in marks:
        axes.axvline(mark, color="#57606a", linewidth=0.8, linestyle="--")
    for number, (name, found) in enumerate(rows.items()):
        _draw(axes, name, [found.get(each) for each in figures], at=(number, len(rows)))
    figure.legend(loc="outside upper center", ncols=3, fontsize=8, frameon=False)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _draw(
    axes: "Axes",
    name: str,
    found: Sequence[Estimate | Unmeasured | None],
    *,
    at: tuple[int, int],
) -> None:
    number, of = at
    colour = _COLOURS[number % len(_COLOURS)]
    known = [(y, one) for y, one in enumerate(found) if isinstance(one, Estimate)]
    places = [y + 0.6 * ((number + 0.5) / of - 0.5) for y, _ in known]
    label = name.replace("$", r"\$")
    axes.plot([one.value for _, one in known], places, "o", color=colour, label=label)
    for place, (_, one) in zip(places, known, strict=True):
        low, high = (one.value if end is None else end for end in (one.low, one.high))
        axes.plot([low, high], [place, place], color=colour, linewidth=1.5, alpha=0.7)
