"""By how much a criterion is missed, in the unit that people say it in."""

from dataclasses import dataclass
from decimal import Decimal

from gates.decide.limits import Limit
from gates.decide.spoken import exact, in_words
from policies.metric import Metric, Unit
from stages.evidence.estimate import Estimate
from stages.evidence.records import Quantity


@dataclass(frozen=True, slots=True, kw_only=True)
class Missed:
    """Where a value and its interval lie with respect to a limit, in the metric's unit.

    Attributes:
        value: How far the value lies inside the limit; negative outside.
        bound: How far the end that decides lies inside; negative outside; None where it is open.
        words: Both, as people say them.
    """

    value: float
    bound: float | None
    words: str


def missed(limit: Limit, estimate: Estimate, metric: Metric) -> Missed:
    """What separates a measurement from its limit."""
    end = limit.good_end(estimate)
    value = limit.room(estimate.value)
    bound = None if end is None else limit.room(end)
    said = f"its value {_side(value, limit, metric)}"
    if bound is not None and bound != value:
        said += f", and the bound that decides {_side(bound, limit, metric)}"
    return Missed(value=float(value), bound=None if bound is None else float(bound), words=said)


def amount(size: float, limit: Limit, metric: Metric) -> str:
    """A distance in the unit that people say it in."""
    return _amount(exact(size), limit, metric)


def _side(room: Decimal, limit: Limit, metric: Metric) -> str:
    if room == 0:
        return "lies on the limit"
    how = "is inside the limit by" if room > 0 else "misses it by"
    return f"{how} {_amount(abs(room), limit, metric)}"


def _amount(size: Decimal, limit: Limit, metric: Metric) -> str:
    if limit.quantity is Quantity.RATIO:
        unit, scale = "% of the baseline", 100
    elif metric.unit is Unit.SHARE:
        unit, scale = "points", 100
    else:
        unit, scale = "", 1
    (said,) = in_words((size * scale,), unit, whole=Decimal(0))
    return said
