"""Votes over time: the win rate after every prompt, inside its confidence sequence."""

from collections.abc import Sequence
from dataclasses import dataclass

from gates.reports.side_by_side.pictures import INK, LINE, QUIET, figure, png, titled
from stages.evidence.estimate import Unmeasured
from stages.stats.betting import betting_interval

STEPS = 200
"""At most so many looks are drawn: a confidence sequence holds at each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Look:
    """The win rate after some prompts."""

    prompts: int
    value: float
    low: float
    high: float


def course_png(
    lows: Sequence[float],
    highs: Sequence[float],
    *,
    title: str,
    level: float,
    planned: int,
    limits: Sequence[float] = (),
) -> bytes:
    """A PNG of the win rate after every prompt; the same scores give the same bytes.

    Args:
        lows: Score of each prompt with everything unresolved lost, 0 to 1, in the order in which
            they became known; at least one.
        highs: The same with everything unresolved won.
        title: What it shows.
        level: Two-sided confidence level of the sequence.
        planned: Planned number of prompts.
        limits: Win rates that are demanded.
    """
    horizon = max(planned, len(lows))
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
    for limit in limits:
        axes.axhline(limit, color=QUIET, linewidth=1, linestyle="--")
    axes.set_ylim(0, 1)
    axes.set_xlim(0, horizon)
    axes.set_xlabel(f"prompts, of {planned:,} planned", fontsize=8)
    axes.set_ylabel(f"win rate, {level:.0%} confidence sequence", fontsize=8)
    titled(drawn, title)
    return png(drawn)


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
