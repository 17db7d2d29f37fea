"""A trend in sentences."""

from collections.abc import Iterator

from gates.decide.spoken import count_words, metric_words, p_words
from gates.hindsight.trend import ALPHA, MetricTrend, Point, Trend
from stages.evidence.estimate import Unmeasured
from stages.stats.change_points import Change


def looked_at(trend: Trend) -> str:
    """How many metrics were looked at, and the error that they share."""
    number = len(trend.metrics)
    return (
        f"{count_words(number, 'metrics')} looked at; where nothing changes, a change is seen "
        f"anywhere with probability {ALPHA:.2g} at most ({trend.alpha:.2g} a metric)"
    )


def trend_lines(one: MetricTrend) -> Iterator[str]:
    """One metric: where it stands and where its level changed."""
    first, last = one.points[0], one.points[-1]
    yield (
        f"{metric_words(one.metric)}: {_value(first)} at {_name(first)}, {_value(last)} at "
        f"{_name(last)}, {count_words(len(one.points), 'checkpoints')}"
    )
    if one.otherwise:
        yield f"  {one.otherwise} left out: measured by another plan or on other data"
    yield from (f"  {sentence}" for sentence in change_sentences(one))


def change_sentences(one: MetricTrend) -> Iterator[str]:
    """What is said of changes: each, or that there is none, or why none could be seen."""
    if isinstance(one.course, Unmeasured):
        yield one.course.reason
    elif not one.course.changes:
        yield f"no change shown (p {p_words(one.course.p_value)})"
    else:
        yield from (_change_words(one, change) for change in one.course.changes)


def _change_words(one: MetricTrend, change: Change) -> str:
    verb = "rises" if change.after > change.before else "falls"
    return (
        f"{verb} at {_name(one.points[change.at])}: {change.before:.4g} on average before, "
        f"{change.after:.4g} from there (p {p_words(change.p_value)})"
    )


def _value(point: Point) -> str:
    return f"{point.measured.estimate.value:.4g}"


def _name(point: Point) -> str:
    return point.checkpoint.version.known_as
