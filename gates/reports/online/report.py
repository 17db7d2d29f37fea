"""The report of an A/B: its looks, criteria and checks, and pictures of them."""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gates.decide.limits import limit_of
from gates.decide.verdict import OnlineVerdict, StageDecision, Verdict
from gates.reports.online.course import AbCourse
from gates.reports.online.effects import effects_alt, effects_png
from gates.reports.online.segments import segments_alt, segments_of, segments_png, warnings
from gates.reports.online.sequential import sequential_alt, sequential_png
from gates.reports.online.split import split_alt, split_courses, split_png
from gates.reports.templates import template
from policies.policy import Policy
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Check, StageName


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A picture of an A/B.

    Attributes:
        path: Name of its file.
        alt: What it shows, for who cannot see it.
        content: A PNG.
    """

    path: str
    alt: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """One criterion as the table of guardrails shows it.

    Attributes:
        metric: Full name.
        role: `primary` or `guardrail`.
        demand: The demand in words.
        limit: The limit as a number, in the quantity's unit.
        bound: The end of the interval that decides; None where there is none.
        distance: How far it is inside, in standard errors; None when unmeasured.
        verdict: What follows.
        sentence: What a release manager would say.
    """

    metric: str
    role: str
    demand: str
    limit: float
    bound: float | None
    distance: float | None
    verdict: Verdict
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AbReport:
    """All that is told of an A/B.

    Attributes:
        candidate: Who is compared.
        baseline: With whom; empty where that is not known.
        policy: Name of the policy.
        registered: When and by whom the plan was written down, in words.
        stage: What was decided at the newest look; None before any decision.
        course: How it went; None before the first look.
        guards: Its criteria at the newest look.
        checks: What was found of the data.
    """

    candidate: str
    baseline: str
    policy: str
    registered: str
    stage: StageDecision | None
    course: AbCourse | None
    guards: tuple[Guard, ...]
    checks: tuple[Check, ...]

    @property
    def next_day(self) -> float | None:
        """Day of the planned look that comes next; None when none does, or none has come yet."""
        goes_on = self.stage is None or self.stage.online is OnlineVerdict.CONTINUE
        if self.course is None or not goes_on:
            return None
        last = self.course.looks[-1].day
        return next((day for day in self.course.plan.looks if day > last), None)


def guards_of(policy: Policy, stage: StageDecision | None) -> tuple[Guard, ...]:
    """The criteria on an A/B with what the newest look says of them, in the policy's order."""
    plan = policy.plan.online
    if stage is None or plan is None:
        return ()
    metrics = policy.plan.metrics()
    primaries = {f"online.{name}" for name in plan.all_primaries}
    found = []
    for criterion, finding in zip(
        policy.criteria_of(StageName.ONLINE), stage.findings, strict=True
    ):
        limit = limit_of(criterion, metrics[criterion.metric])
        measured = finding.measured
        found.append(
            Guard(
                metric=finding.metric,
                role="primary" if finding.metric in primaries else "guardrail",
                demand=finding.demand,
                limit=float(limit.at),
                bound=limit.good_end(measured) if isinstance(measured, Estimate) else None,
                distance=finding.distance,
                verdict=finding.verdict,
                sentence=finding.sentence,
            )
        )
    return tuple(found)


def pictures(course: AbCourse, *, title: str) -> tuple[Picture, ...]:
    """Every picture of an A/B, the most important first."""
    ordered = sorted(course.metrics, key=lambda metric: not metric.primary)
    splits = split_courses(course.plan, course.looks)
    day = f"{course.looks[-1].day:g}"
    return (
        *(
            Picture(
                path=f"sequential_{metric.name}.png",
                alt=sequential_alt(metric),
                content=sequential_png(metric, title=f"{title}: {metric.name}, look by look"),
            )
            for metric in ordered
        ),
        Picture(
            path="effects.png",
            alt=effects_alt(ordered),
            content=effects_png(ordered, title=f"{title}: effects at the look of day {day}"),
        ),
        Picture(
            path="split.png",
            alt=split_alt(splits),
            content=split_png(splits, title=f"{title}: how units fell into the arms"),
        ),
        *_segments(course, title),
    )


def _segments(course: AbCourse, title: str) -> Iterator[Picture]:
    every = segments_of(course)
    for metric in course.metrics:
        own = [one for one in every if one.metric == metric.name]
        if own:
            yield Picture(
                path=f"segments_{metric.name}.png",
                alt=segments_alt(own),
                content=segments_png(metric, own, title=f"{title}: {metric.name} by segment"),
            )


def ab_html(report: AbReport, shown: Sequence[Picture]) -> str:
    """The report as one page: no script, nothing loaded, foreign text escaped."""
    return template("online/ab.html", filters={"number": number_words, "told": told_words}).render(
        report=report,
        stage=report.stage,
        looks=look_rows(report.course),
        harmed=harmed_segments(report.course),
        pictures=[(p, base64.b64encode(p.content).decode()) for p in shown],
    )


def harmed_segments(course: AbCourse | None) -> tuple[str, ...]:
    """A sentence for each segment that is significantly harmed; exploratory."""
    return () if course is None else warnings(segments_of(course))


@dataclass(frozen=True, slots=True, kw_only=True)
class LookRow:
    """One look as the table of looks shows it, of the leading primary.

    Attributes:
        number: The look, from 1.
        day: Its day.
        units: Units of both arms that are analysed.
        information: Share of the planned information.
        alpha_spent: One-sided alpha spent so far.
        z: The effect in standard errors, up is good; None where there is none.
        bound: What it must exceed; None when the look cannot decide.
        difference: The repeated interval.
        conditional_power: Probability to cross at the end under the trend; None where not told.
    """

    number: int
    day: float
    units: int
    information: float
    alpha_spent: float
    z: float | None
    bound: float | None
    difference: Estimate | Unmeasured
    conditional_power: float | None


def look_rows(course: AbCourse | None) -> tuple[LookRow, ...]:
    """A row for each look so far; none before the first."""
    if course is None:
        return ()
    leading = next(m for m in course.metrics if m.name == course.plan.primary)
    return tuple(
        LookRow(
            number=stood.number,
            day=stood.day,
            units=stood.units,
            information=stood.information,
            alpha_spent=stood.alpha_spent,
            z=point.z,
            bound=point.bound,
            difference=point.difference,
            conditional_power=stood.conditional_power,
        )
        for stood, point in zip(course.standings, leading.points, strict=True)
    )


def number_words(value: float | None, digits: str = ".4g") -> str:
    """A number in few digits; empty where there is none."""
    return "" if value is None else format(value, digits)


def told_words(found: Estimate | Unmeasured) -> str:
    """A value with its interval, or why there is none."""
    if isinstance(found, Unmeasured):
        return found.reason
    return f"{found.value:.4g} ({number_words(found.low)} to {number_words(found.high)})"
