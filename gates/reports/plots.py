"""A forest plot: every finding's interval against its limit, as a picture."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gates.decide.limits import Limit, limit_of
from gates.decide.spoken import metric_words
from gates.decide.verdict import Finding, StageDecision, Verdict
from policies.policy import Policy
from stages.evidence.estimate import Estimate

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOURS = {
    Verdict.PASS: "#1a7f37",
    Verdict.FAIL: "#cf222e",
    Verdict.HOLD: "#9a6700",
    Verdict.UNMEASURED: "#6e7781",
}
"""Told apart by people who see few colours too; the verdict is also written out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One line of the plot.

    Attributes:
        finding: What is drawn.
        limit: The limit it is held against.
    """

    finding: Finding
    limit: Limit


def rows_of(policy: Policy, stage: StageDecision) -> tuple[Row, ...]:
    """The findings of a stage with their limits, in the policy's order."""
    metrics = policy.plan.metrics()
    criteria = policy.criteria_of(stage.stage.value)
    return tuple(
        Row(finding=finding, limit=limit_of(criterion, metrics[criterion.metric]))
        for criterion, finding in zip(criteria, stage.findings, strict=True)
    )


def forest_png(rows: Sequence[Row]) -> bytes:
    """A PNG with one interval a row; the side that the policy allows is shaded.

    Every row has its own axis, since metrics differ in unit. The same rows give the same bytes.

    Args:
        rows: At least one.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(9, 0.6 + 0.7 * len(rows)), dpi=100, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.subplots(len(rows), 1, squeeze=False)
    for axes, row in zip(grid[:, 0], rows, strict=True):
        _draw(axes, row)
    picture = io.BytesIO()
    figure.savefig(picture, format="png", metadata={"Software": None})
    return picture.getvalue()


def _draw(axes: "Axes", row: Row) -> None:
    finding, at = row.finding, float(row.limit.at)
    colour = COLOURS[finding.verdict]
    axes.set_yticks([])
    axes.tick_params(labelsize=7)
    for side in ("top", "left", "right"):
        axes.spines[side].set_visible(False)
    title = f"{finding.verdict}  {metric_words(finding.metric)}: {finding.demand}"
    axes.set_title(title, loc="left", fontsize=8, color=colour, parse_math=False)
    estimate = finding.measured if isinstance(finding.measured, Estimate) else None
    _frame(axes, row.limit, estimate)
    axes.axvline(at, color="#57606a", linewidth=1, linestyle="--")
    if estimate is None:
        axes.text(0.5, 0.5, "not measured", transform=axes.transAxes, ha="center", fontsize=8)
        return
    left, right = axes.get_xlim()
    low = left if estimate.low is None else estimate.low
    high = right if estimate.high is None else estimate.high
    axes.plot([low, high], [0, 0], color=colour, linewidth=3, solid_capstyle="butt")
    axes.plot([estimate.value], [0], marker="o", markersize=6, color=colour)


def _frame(axes: "Axes", limit: Limit, estimate: Estimate | None) -> None:
    """Limits of the axis around interval and limit, with the allowed side shaded."""
    at = float(limit.at)
    points = [at] if estimate is None else [at, estimate.value]
    if estimate is not None:
        points += [end for end in (estimate.low, estimate.high) if end is not None]
    room = 0.15 * (max(points) - min(points)) or max(abs(at), 1.0) * 0.15
    left, right = min(points) - room, max(points) + room
    axes.set_xlim(left, right)
    axes.set_ylim(-1, 1)
    allowed = (left, at) if limit.below else (at, right)
    axes.axvspan(*allowed, color="#1a7f37", alpha=0.08, linewidth=0)
