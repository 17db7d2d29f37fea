"""A trend as JSON."""

from gates.hindsight.past_json import past_json
from gates.hindsight.trend import ALPHA, SEED, MetricTrend, Point, Trend
from policies.canonical import Json
from stages.evidence.codec import measured_json
from stages.evidence.estimate import Unmeasured
from stages.stats.change_points import DRAWS, Course

SCHEMA = "gate.trend/1"


def trend_json(trend: Trend) -> dict[str, Json]:
    """The object that `--json` prints."""
    return {
        "schema": SCHEMA,
        **past_json(trend.past),
        "alpha": ALPHA,
        "alpha_each": trend.alpha,
        "seed": SEED,
        "orders_at_most": DRAWS,
        "metrics": [_metric(one) for one in trend.metrics],
    }


def _metric(one: MetricTrend) -> dict[str, Json]:
    return {
        "metric": one.metric,
        "left_out": one.otherwise,
        "points": [_point(point) for point in one.points],
        "course": _course(one.course, one),
    }


def _point(point: Point) -> dict[str, Json]:
    version = point.checkpoint.version
    return {
        "candidate": version.uri,
        "known_as": version.known_as,
        "measured": measured_json(point.measured.estimate),
    }


def _course(found: Course | Unmeasured, one: MetricTrend) -> dict[str, Json]:
    if isinstance(found, Unmeasured):
        return {"unmeasured": found.reason, "cause": found.cause.value}
    return {
        "p_value": found.p_value,
        "changes": [
            {
                "at": one.points[change.at].checkpoint.version.uri,
                "before": change.before,
                "after": change.after,
                "p_value": change.p_value,
            }
            for change in found.changes
        ],
    }
