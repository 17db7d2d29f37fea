"""What every picture of a comparison has in common."""

import io
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK, QUIET, LINE = "#0969da", "#57606a", "#d0d7de"
"""Colours of what was measured, of what is said about it, and of what it is held against."""


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


def png(drawn: "Figure") -> bytes:
    """The picture's bytes: the same picture gives the same."""
    picture = io.BytesIO()
    drawn.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def plain(text: str) -> str:
    """A name as it is: matplotlib would read formulas between dollar signs."""
    return text.replace("$", r"\$")
