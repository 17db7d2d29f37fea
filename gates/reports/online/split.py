"""The split of units over time: the champion's share inside the limits of its sequential test."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from gates.reports.online.palette import BAD
from gates.reports.side_by_side.pictures import INK, QUIET, figures, png, titled
from policies.online import OnlinePlan
from stages.online.look_data import LookData
from stages.online.splits import SPLIT_ALPHA, PhaseSplit, Split, split_of
from stages.stats.sample_ratio import SampleRatio, sequential

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitPoint:
    """The split at one look.

    Attributes:
        day: Day of the look.
        champion: Distinct units of the champion so far.
        units: The same of both arms.
        low: Smallest share of the champion that the test does not refute.
        high: The largest.
    """

    day: float
    champion: int
    units: int
    low: float
    high: float

    @property
    def share(self) -> float:
        """The champion's share."""
        return self.champion / self.units

    @property
    def refuted(self) -> bool:
        """Whether the test refutes the planned split here."""
        return not self.low <= self.share <= self.high


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitCourse:
    """The split of one phase.

    Attributes:
        name: What the phase is called; empty without a ramp.
        planned: The champion's planned share.
        points: Every look with units of the phase.
    """

    name: str
    planned: float
    points: tuple[SplitPoint, ...]


def split_courses(plan: OnlinePlan, looks: Sequence[LookData]) -> tuple[SplitCourse, ...]:
    """The split of every phase of a ramp, or of the whole A/B; looks that cannot say are absent."""
    splits = [found for look in looks if isinstance(found := split_of(plan, look), Split)]
    if not plan.ramp:
        return (_course(plan, "", [(s.day, s.phases[0]) for s in splits]),)
    return tuple(
        _course(
            plan,
            f"from day {phase.from_day:g}{'' if phase.analysed else ', not analysed'}",
            [(s.day, s.phases[number]) for s in splits],
        )
        for number, phase in enumerate(plan.ramp)
    )


def _course(plan: OnlinePlan, name: str, phases: Sequence[tuple[float, PhaseSplit]]) -> SplitCourse:
    return SplitCourse(
        name=name,
        planned=phases[0][1].champion_share if phases else plan.champion_share,
        points=tuple(
            _point(plan, day, phase)
            for day, phase in phases
            if phase.champion_units + phase.challenger_units
        ),
    )


def split_png(courses: Sequence[SplitCourse], *, title: str) -> bytes:
    """A PNG with a part for each phase; the same looks give the same bytes.

    Args:
        courses: At least one.
        title: What they show.
    """
    drawn, parts = figures(9, 1.0 + 2.1 * len(courses), rows=len(courses), share_x=True)
    for axes, course in zip(parts, courses, strict=True):
        _draw(axes, course)
    parts[-1].set_xlabel("days since the first exposure", fontsize=8)
    titled(drawn, title)
    return png(drawn)


def split_alt(courses: Sequence[SplitCourse]) -> str:
    """What the picture shows, for who cannot see it."""
    return "; ".join(_alt(course) for course in courses)


def _alt(course: SplitCourse) -> str:
    name = f"{course.name}: " if course.name else ""
    if not course.points:
        return f"{name}no unit yet"
    last = course.points[-1]
    refuted = "refuted" if any(p.refuted for p in course.points) else "not refuted"
    return (
        f"{name}{last.share:.2%} of {last.units:,} units are the champion's, planned "
        f"{course.planned:.2%}, {refuted}"
    )


def _draw(axes: "Axes", course: SplitCourse) -> None:
    axes.set_title(course.name, loc="left", fontsize=8)
    axes.set_ylabel("champion's share, %", fontsize=8)
    axes.axhline(100 * course.planned, color=QUIET, linewidth=0.8, label="planned")
    if not course.points:
        axes.text(0.02, 0.5, "no unit yet", transform=axes.transAxes, fontsize=8, color=QUIET)
        return
    days = [point.day for point in course.points]
    for end, label in (("low", "refuted beyond"), ("high", None)):
        ends = [100 * (point.low if end == "low" else point.high) for point in course.points]
        axes.plot(days, ends, color=BAD, marker="_", linewidth=1.3, label=label)
    shares = [100 * point.share for point in course.points]
    axes.plot(days, shares, "o-", color=INK, markersize=5, linewidth=1.3, label="measured")
    axes.set_xlim(left=0)
    axes.legend(fontsize=7, frameon=False, loc="center left", bbox_to_anchor=(1.0, 0.5))


def _point(plan: OnlinePlan, day: float, phase: PhaseSplit) -> SplitPoint:
    units = phase.champion_units + phase.challenger_units
    return SplitPoint(
        day=day,
        champion=phase.champion_units,
        units=units,
        low=_limit(plan, phase.champion_share, units, upper=False),
        high=_limit(plan, phase.champion_share, units, upper=True),
    )


def _limit(plan: OnlinePlan, share: float, units: int, *, upper: bool) -> float:
    """The farthest share of the champion that its phase alone does not refute."""
    kept, refuted = round(share * units), units if upper else 0
    if not _alarms(plan, share, refuted, units):
        return refuted / units
    while abs(refuted - kept) > 1:
        middle = (kept + refuted) // 2
        if _alarms(plan, share, middle, units):
            refuted = middle
        else:
            kept = middle
    return kept / units


def _alarms(plan: OnlinePlan, share: float, champion: int, units: int) -> bool:
    """Whether the mean of the phases' Bayes factors alarms, by this phase alone."""
    found = sequential(
        (champion, units - champion), (share, 1 - share), concentration=plan.split_concentration
    )
    phases = max(1, len(plan.ramp))
    return isinstance(found, SampleRatio) and found.statistic > math.log(phases / SPLIT_ALPHA)
