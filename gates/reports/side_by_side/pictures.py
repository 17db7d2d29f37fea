"""What every picture of a comparison has in common."""

import io
from textwrap import wrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE = "#0969da", "#57606a", "#d0d7de"
"""Colours of what was measured, of what is said about it, and of what it is held against."""

LETTERS = 12
"""Of ordinary text in a title's size that fit into an inch, with room to spare."""


def figure(width: float, height: float) -> "tuple[Figure, Axes]":
    """An empty picture.

    Args:
        width: In inches.
        height: The same.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(width, height), dpi=100, layout="constrained")
    FigureCanvasAgg(drawn)
    axes = drawn.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
    return drawn, axes


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
