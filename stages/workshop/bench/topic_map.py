"""Topics as people look at them: a map of the prompts, and a page that lists the topics."""

import io
import warnings
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from stages.stats.clusters import Floats
from stages.workshop.bench.clustering import NO_TOPIC, Topics

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN = 20_000
_NAMED = 15
_NAME_CHARACTERS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What is told of a topic.

    Attributes:
        number: From 0, the largest first.
        name: What it is called.
        by: Who named it.
        prompts: How many of the traffic are in it.
        score: Mean of their scores, 0 to 7; None where none has one.
        passed: Whether prompts of it passed both passes.
        chosen: How many are in the bench.
    """

    number: int
    name: str
    by: str
    prompts: int
    score: float | None
    passed: bool
    chosen: int


def map_png(
    places: NDArray[np.float32], topics: Topics, chosen: Sequence[int], named: Sequence[Topic]
) -> bytes:
    """A PNG of all prompts, those in the bench marked, the largest topics by name.

    Args:
        places: Of each prompt on a plane, shape (n, 2).
        topics: Of each prompt.
        chosen: Numbers of those in the bench.
        named: The topics.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 7), dpi=110, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplots()
    shown = np.random.default_rng(0).permutation(len(places))[:_SHOWN]
    inside = shown[topics[shown] != NO_TOPIC]
    outside = shown[topics[shown] == NO_TOPIC]
    x, y = places[:, 0], places[:, 1]
    marked, size = list(chosen), float(np.clip(12_000 / max(1, len(shown)), 3, 12))
    label = f"in no topic ({(topics == NO_TOPIC).sum():,})"
    axes.scatter(x[outside], y[outside], s=size, c="#b0b7c0", linewidths=0, label=label)
    colours = topics[inside] % 20
    axes.scatter(
        *(x[inside], y[inside]), s=size, c=colours, cmap="tab20", vmin=0, vmax=19, linewidths=0
    )
    label = f"in the bench ({len(marked):,})"
    axes.scatter(
        *(x[marked], y[marked]), s=2 * size, facecolors="none", edgecolors="black", label=label
    )
    axes.margins(0.12)
    axes.set(xticks=[], yticks=[], title=f"{len(places):,} prompts, {len(named):,} topics")
    axes.set_xlabel("what is near is alike; the axes have no unit", loc="right", fontsize=8)
    axes.legend(loc="upper left", bbox_to_anchor=(0, -0.01), fontsize=8, frameon=False, ncols=2)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a script that the font lacks is drawn as boxes
        canvas.draw()  # type: ignore[no-untyped-call]
        figure.set_layout_engine("none")
        _name(axes, [(each.name, places[topics == each.number]) for each in named[:_NAMED]])
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


def _name(axes: "Axes", heaps: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
    """Writes names beside their heaps of points, none over another; what has no room has none.

    Args:
        axes: Where the points are, drawn once, so that their places in pixels are known.
        heaps: Each name with its points, the largest heap first.
    """
    from matplotlib.patheffects import withStroke
    from matplotlib.transforms import Bbox, IdentityTransform

    taken: list[Bbox] = []
    for name, points in heaps:
        words = axes.text(
            *(0, 0, _short(name).replace("$", r"\$")),
            transform=IdentityTransform(),
            fontsize=8,
            ha="center",
            va="center",
            path_effects=[withStroke(linewidth=2.5, foreground="white")],
        )
        size = np.asarray(words.get_window_extent().size) + np.array([8.0, 4.0])
        low, high = np.percentile(axes.transData.transform(points), [5, 95], axis=0)
        for middle in _beside(low, high, size):
            box = Bbox([middle - size / 2, middle + size / 2])
            inside = axes.bbox.containsx(box.x0) and axes.bbox.containsx(box.x1)
            inside = inside and axes.bbox.containsy(box.y0) and axes.bbox.containsy(box.y1)
            if inside and not any(box.overlaps(other) for other in taken):
                words.set_position(tuple(middle))
                taken.append(box)
                break
        else:
            words.remove()


def _short(name: str) -> str:
    return name if len(name) <= _NAME_CHARACTERS else f"{name[: _NAME_CHARACTERS - 1].rstrip()}…"


def _beside(low: Floats, high: Floats, size: Floats) -> Iterator[Floats]:
    """Middles of a box of that size around a heap, the nearest first: above, below, beside."""
    middle = (low + high) / 2
    for away in range(3):
        step = size * (0.5 + away)
        for shift in (0.0, 0.5, -0.5):
            across = middle[0] + shift * size[0]
            yield np.array([across, high[1] + step[1]])
            yield np.array([across, low[1] - step[1]])
        yield np.array([high[0] + step[0], middle[1]])
        yield np.array([low[0] - step[0], middle[1]])


_STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } div { overflow-x: auto; }
img { max-width: 100%; min-width: 36rem; background: #fff; }
table { border-collapse: collapse; font-size: 0.9em; }
td, th { padding: 0.35rem 0.8rem 0.35rem 0; text-align: left; border-bottom: 1px solid #8888; }
td:nth-child(n+4):not(:nth-child(6)) { text-align: right; }
th:nth-child(n+4):not(:nth-child(6)) { text-align: right; }
"""
"""As the pages of decisions look, in light and in dark."""


def page(title: str, topics: Sequence[Topic], picture: bytes) -> str:
    """A page that needs nothing else: the map, and a row for every topic."""
    rows = "\n".join(
        f"<tr><td>{topic.number}</td><td>{escape(topic.name)}</td><td>{escape(topic.by)}</td>"
        f"<td>{topic.prompts:,}</td><td>{'?' if topic.score is None else f'{topic.score:.2f}'}</td>"
        f"<td>{'yes' if topic.passed else 'no'}</td><td>{topic.chosen}</td></tr>"
        for topic in topics
    )
    image = b64encode(picture).decode()
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; \
style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<style>{_STYLE}</style>
</head><body><h1>{escape(title)}</h1>
<div><img alt="a map of the prompts, alike ones near each other; the table names its topics" \
src="data:image/png;base64,{image}"></div>
<div><table><tr><th>topic</th><th>name</th><th>named by</th><th>prompts</th><th>mean score</th>\
<th>passed</th><th>in the bench</th></tr>
{rows}
</table></div></body></html>
"""
