"""Votes over time: the win rate after every prompt, in its confidence sequence, and what counts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gates.reports.side_by_side.pictures import ACCENT, INK, LINE, QUIET, figure, png, titled
from stages.evidence.estimate import Estimate, Unmeasured
from stages.stats.betting import betting_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

STEPS = 200
"""At most so many looks are drawn: a confidence sequence holds at each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The win rate after some prompts."""

    prompts: int
    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """Votes as they became known.

    Attributes:
        lows: Score of each prompt with everything unresolved lost, 0 to 1, in the order in which
            they became known; at least one.
        highs: The same with everything unresolved won.
        level: Two-sided confidence level of the sequence.
        planned: Planned number of prompts.
        limits: Win rates that are demanded.
        counts: The interval that decides now: not the sequence's where few people make it wider,
            or where the plan looks once.
    """

    lows: Sequence[float]
    highs: Sequence[float]
    level: float
    planned: int
    limits: Sequence[float] = ()
    counts: Estimate | None = None


def course_png(course: Course, *, title: str) -> bytes:
    """A PNG of the win rate after every prompt; the same scores give the same bytes.

    Args:
        course: The votes.
        title: What it shows.
    """
    lows, highs, level = course.lows, course.highs, course.level
    horizon = max(course.planned, len(lows))
    every = (_look(lows[:n], highs[:n], level, horizon) for n in _looks(len(lows)))
    looks = [look for look in every if look is not None]
    drawn, axes = figure(9, 4)
    axes.fill_between(
        [look.prompts for look in looks],
        [look.low for look in looks],
        [look.high for look in looks],
        color=INK,
        alpha=0.15,
    )
    axes.plot([look.prompts for look in looks], [look.value for look in looks], color=INK)
    axes.axhline(0.5, color=LINE, linewidth=1)
    for limit in course.limits:
        axes.axhline(limit, color=QUIET, linewidth=1, linestyle="--")
    if course.counts is not None:
        _draw_what_counts(axes, course.counts)
    axes.set_ylim(0, 1)
    axes.set_xlim(0, horizon)
    axes.set_xlabel(f"prompts, of {course.planned:,} planned", fontsize=8)
    axes.set_ylabel(f"win rate, {level:.0%} confidence sequence", fontsize=8)
    titled(drawn, title)
    return png(drawn)


def _draw_what_counts(axes: "Axes", counts: Estimate) -> None:
    low, high = (counts.value if end is None else end for end in (counts.low, counts.high))
    axes.plot([counts.n, counts.n], [low, high], color=ACCENT, linewidth=2.5, clip_on=False)
    axes.annotate(
        f"what counts: {low:.3f} to {high:.3f}",
        (0.99, 0.02),
        xycoords="axes fraction",
        color=ACCENT,
        fontsize=8,
        ha="right",
    )


def _looks(prompts: int) -> list[int]:
    step = max(1, -(-prompts // STEPS))
    looks = list(range(1, prompts + 1, step))
    return looks if looks[-1] == prompts else [*looks, prompts]


def _look(
    lows: Sequence[float], highs: Sequence[float], level: float, planned: int
) -> _Look | None:
    """What is known after some prompts; None where no single win rate explains their order."""
    below = betting_interval(lows, level=level, planned=planned)
    above = betting_interval(highs, level=level, planned=planned)
    if isinstance(below, Unmeasured) or isinstance(above, Unmeasured):
        return None
    assert below.low is not None
    assert above.high is not None
    return _Look(
        prompts=len(lows),
        value=(below.value + above.value) / 2,
        low=below.low,
        high=above.high,
    )
