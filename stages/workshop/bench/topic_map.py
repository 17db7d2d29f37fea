"""Topics as people look at them: a map of the prompts, and a page that lists the topics."""

import io
import warnings
from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from stages.workshop.bench.clustering import NO_TOPIC, Topics

_SHOWN = 20_000
_NAMED = 15
_NAME_CHARACTERS = 40


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
    axes = figure.subplots()
    shown = np.random.default_rng(0).permutation(len(places))[:_SHOWN]
    inside = shown[topics[shown] != NO_TOPIC]
    outside = shown[topics[shown] == NO_TOPIC]
    x, y = places[:, 0], places[:, 1]
    marked = list(chosen)
    axes.scatter(x[outside], y[outside], s=2, c="#d0d7de", linewidths=0, label="in no topic")
    colours = topics[inside] % 20
    axes.scatter(x[inside], y[inside], s=3, c=colours, cmap="tab20", alpha=0.5, linewidths=0)
    label = f"in the bench ({len(marked)})"
    axes.scatter(x[marked], y[marked], s=9, c="black", linewidths=0, label=label)
    for topic in named[:_NAMED]:
        middle = np.median(places[topics == topic.number], axis=0)
        name = topic.name[:_NAME_CHARACTERS].replace("$", r"\$")
        axes.annotate(
            name,
            (middle[0], middle[1]),
            fontsize=7,
            ha="center",
            bbox={"fc": "white", "alpha": 0.7},
        )
    axes.set(xticks=[], yticks=[], title=f"{len(places):,} prompts, {len(named):,} topics")
    axes.legend(loc="lower right", fontsize=7)
    out = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a script that the font lacks is drawn as boxes
        FigureCanvasAgg(figure)
        figure.savefig(out, format="png", metadata={"Software": None})
    return out.getvalue()


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
<style>body{{font:14px sans-serif;margin:2em}}td,th{{padding:2px 10px;text-align:left}}</style>
</head><body><h1>{escape(title)}</h1>
<img alt="map of prompts" src="data:image/png;base64,{image}">
<table><tr><th>topic</th><th>name</th><th>named by</th><th>prompts</th><th>mean score</th>\
<th>passed</th><th>in the bench</th></tr>
{rows}
</table></body></html>
"""
