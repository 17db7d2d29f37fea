"""Power against days: what an A/B can show, by the day on which it ends."""

from collections.abc import Sequence
from typing import Protocol

from gates.reports.online.palette import GOOD
from gates.reports.side_by_side.pictures import INK, QUIET, figure, png, titled


class PowerOnDay(Protocol):
    """What an A/B that ends on a day can do."""

    @property
    def day(self) -> float:
        """The day."""
        ...

    @property
    def primary(self) -> float:
        """Probability to show the primary."""
        ...

    @property
    def everything(self) -> float:
        """Probability to show primary and guardrails."""
        ...


def power_png(curve: Sequence[PowerOnDay], *, wanted: float, horizon: float, title: str) -> bytes:
    """A PNG of power by day; the same curve gives the same bytes.

    Args:
        curve: At least one day.
        wanted: Power that is wanted.
        horizon: Day of the last planned look.
        title: What it shows.
    """
    drawn, axes = figure(9, 3.6)
    days = [at.day for at in curve]
    axes.plot(days, [at.primary for at in curve], "o-", color=INK, markersize=4, label="primary")
    together = [at.everything for at in curve]
    axes.plot(
        days, together, "s--", color=GOOD, markersize=4, label="with every guardrail (to ship)"
    )
    axes.axhline(wanted, color=QUIET, linewidth=0.8, linestyle=":", label="wanted")
    axes.axvline(horizon, color=QUIET, linewidth=0.8, label="last planned look")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("day on which the A/B ends", fontsize=8)
    axes.set_ylabel("power", fontsize=8)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))
    titled(drawn, title)
    return png(drawn)
