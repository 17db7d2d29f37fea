"""A heat map of shares between names: win rates of models, agreement of annotators."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from gates.reports.side_by_side.pictures import QUIET, figure, plain, png, titled

WRITTEN_AT_MOST = 24
"""Names up to which every share is written into its cell."""

DARK = (0.25, 0.75)
"""Outside of these shares a cell is so dark that its share is written in white."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Heat:
    """A share for pairs of names.

    Attributes:
        names: In the order of rows and columns.
        shares: Share from 0 to 1 of (row, column); a pair that is not there is left blank.
        counts: What each share rests on.
    """

    names: Sequence[str]
    shares: Mapping[tuple[str, str], float]
    counts: Mapping[tuple[str, str], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(not 0 <= share <= 1 for share in self.shares.values()):
            raise ValueError("a share lies between 0 and 1")


def heat_png(heat: Heat, *, title: str, rows: str, columns: str) -> bytes:
    """A PNG of a heat map, from 0 (red) over 0.5 (white) to 1 (blue); the same gives the same.

    Args:
        heat: At least one name.
        title: What it shows.
        rows: What the rows are, in words.
        columns: What the columns are.
    """
    size = len(heat.names)
    cells = np.full((size, size), np.nan)
    number = {name: place for place, name in enumerate(heat.names)}
    for (row, column), share in heat.shares.items():
        cells[number[row], number[column]] = share
    side = max(4.0, 1.8 + 0.62 * size)
    drawn, axes = figure(side + 1.2, side)
    image = axes.imshow(cells, cmap="RdBu", vmin=0, vmax=1)
    labels = [plain(name) for name in heat.names]
    axes.set_xticks(range(size), labels, rotation=45, ha="right", rotation_mode="anchor")
    axes.set_yticks(range(size), labels)
    axes.set_xlabel(columns, fontsize=8)
    axes.set_ylabel(rows, fontsize=8)
    titled(drawn, title)
    if size <= WRITTEN_AT_MOST:
        for pair, share in heat.shares.items():
            axes.text(
                number[pair[1]],
                number[pair[0]],
                _written(share, heat.counts.get(pair)),
                ha="center",
                va="center",
                fontsize=7,
                color="black" if DARK[0] <= share <= DARK[1] else "white",
            )
    drawn.colorbar(image, ax=axes, shrink=0.7).ax.tick_params(labelsize=7, colors=QUIET)
    return png(drawn)


def _written(share: float, count: int | None) -> str:
    return f"{share:.2f}" if count is None else f"{share:.2f}\nn={count}"
