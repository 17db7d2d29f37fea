"""How well generators teach: the gap recovered, cell by cell, as a picture."""

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from stages.evidence.estimate import Estimate, Unmeasured

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Rows = Mapping[str, Mapping[str, Estimate | Unmeasured]]
"""By generator, best first: the gap recovered by cell, `all` being the whole."""

_COLOURS = ("#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#57606a")


def gaps_png(rows: Rows) -> bytes:
    """A PNG with a line per cell and a point with its interval per generator.

    The same rows give the same bytes. What was not measured has no point.

    Args:
        rows: At least one generator; all with the same cells.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    cells = list(dict.fromkeys(cell for found in rows.values() for cell in found))
    figure = Figure(figsize=(8, 1 + 0.45 * len(cells)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_yticks(range(len(cells)), [cell.replace("_", " ") for cell in cells], fontsize=8)
    axes.invert_yaxis()
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(
        "performance gap recovered, percent, with its interval; 0 is the untaught student, 100 the "
        "reference",
        fontsize=8,
    )
    for percent in (0, 100):
        axes.axvline(percent, color="#57606a", linewidth=0.8, linestyle="--")
    for number, (name, found) in enumerate(rows.items()):
        _draw(axes, name, [found.get(cell) for cell in cells], at=(number, len(rows)))
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
