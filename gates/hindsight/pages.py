"""Funnel and trend as HTML pages: no script, nothing loaded, foreign text escaped."""

import base64

from gates.decide.spoken import metric_words
from gates.hindsight import funnel_words, trend_words
from gates.hindsight.foretelling import Foretold
from gates.hindsight.funnel import Funnel
from gates.hindsight.past_words import remarks, title
from gates.hindsight.trend import MetricTrend, Trend
from gates.reports.side_by_side.forest import Line, forest_png
from gates.reports.templates import template
from gates.reports.trend_plot import Level, trend_png
from gates.reports.trend_plot import Point as Drawn
from gates.reports.wording import stage_words
from stages.evidence.estimate import Estimate, Unmeasured


def funnel_page(funnel: Funnel) -> bytes:
    """The whole funnel as one page."""
    return _encoded(
        template("funnel.html").render(
            title=f"Funnel: {title(funnel.past)}",
            remarks=list(remarks(funnel.past)),
            tables=[funnel_words.flow_table(funnel), funnel_words.cost_table(funnel)],
            saved=funnel_words.saved_words(funnel),
            looked_at=funnel_words.looked_at(funnel),
            meanings=funnel_words.MEANINGS,
            picture=_base64(_forest(funnel)) if _anything_foretold(funnel) else None,
            correlations=[list(funnel_words.foretold_lines(one)) for one in funnel.foretold],
        )
    )


def trend_page(trend: Trend) -> bytes:
    """Every metric of a trend as one page."""
    return _encoded(
        template("trend.html").render(
            title=f"Trend: {title(trend.past)}",
            remarks=list(remarks(trend.past)),
            looked_at=trend_words.looked_at(trend),
            metrics=[
                (list(trend_words.trend_lines(one)), _base64(_course(one))) for one in trend.metrics
            ],
        )
    )


def _anything_foretold(funnel: Funnel) -> bool:
    measured = [each for one in funnel.foretold for each in (one.seen, one.true)]
    return any(isinstance(each, Estimate) for each in measured)


def _forest(funnel: Funnel) -> bytes:
    lines = [line for one in funnel.foretold for line in _both(one)]
    return forest_png(
        lines,
        title="How far the measures of a stage foretell those of the next",
        unit="rank correlation",
        at=0.0,
    )


def _both(one: Foretold) -> tuple[Line, Line]:
    between = f"{stage_words(one.stage)} to {stage_words(one.next_stage)}"
    group = f"{between}: {funnel_words.pair_words(one)}"
    return (
        Line(label="as seen", measured=one.seen, group=group),
        Line(label="true", measured=one.true, group=group),
    )


def _course(one: MetricTrend) -> bytes:
    changes = () if isinstance(one.course, Unmeasured) else one.course.changes
    starts = [0, *(change.at for change in changes)]
    ends = [*starts[1:], len(one.points)]
    return trend_png(
        [
            Drawn(label=p.checkpoint.version.version, measured=p.measured.estimate)
            for p in one.points
        ],
        [Level(start=start, end=end) for start, end in zip(starts, ends, strict=True)],
        title=metric_words(one.metric),
    )


def _base64(picture: bytes) -> str:
    return base64.b64encode(picture).decode()


def _encoded(page: str) -> bytes:
    return page.encode()
