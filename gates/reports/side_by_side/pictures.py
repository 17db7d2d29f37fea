"""What every picture of a comparison has in common."""

import io
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE, ACCENT = "#0969da", "#57606a", "#d0d7de", "#bc4c00"
"""Colours of what was measured, of what is said about it, of what it is held against, and of what
alone decides."""

LETTERS = 12
"""Of ordinary text in a title's size that fit into an inch, with room to spare."""


def figure(width: float, height: float) -> "tuple[Figure, Axes]":
    """An empty picture.

    Args:
        width: In inches.
        height: The same.
    """
    drawn, (axes,) = figures(width, height, rows=1)
    return drawn, axes


def figures(
    width: float, height: float, *, rows: int, share_x: bool = False
) -> "tuple[Figure, Sequence[Axes]]":
    """An empty picture of several parts, one below the other.

    Args:
        width: In inches.
        height: The same, of the whole.
        rows: Number of parts.
        share_x: Whether they have one horizontal axis.
    """
    drawn, parts = grid(width, height, rows=rows, columns=1, share_x=share_x)
    return drawn, [axes for (axes,) in parts]


def grid(
    width: float, height: float, *, rows: int, columns: int, share_x: bool = False
) -> "tuple[Figure, Sequence[Sequence[Axes]]]":
    """An empty picture of rows and columns of parts; arguments as for `figures`."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(drawn)
    parts = drawn.subplots(rows, columns, squeeze=False, sharex=share_x)
    for axes in parts.flat:
        for side in ("top", "right"):
            axes.spines[side].set_visible(False)
        axes.tick_params(labelsize=8)
    return drawn, [list(row) for row in parts]


def titled(drawn: "Figure", title: str) -> None:
    """Writes a title over the whole picture, in as many lines as it takes to be read to its end."""
    width = int(LETTERS * drawn.get_figwidth())
    lines = [part for line in title.splitlines() for part in wrap(line, width)]
    drawn.suptitle(plain("\n".join(lines)), x=0.01, ha="left", fontsize=9)


def png(drawn: "Figure") -> bytes:
    """The picture's bytes: the same picture gives the same."""
    picture = io.BytesIO()
    drawn.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def plain(text: str) -> str:
    """A name as it is: matplotlib would read formulas between dollar signs."""
    return text.replace("$", r"\$")
