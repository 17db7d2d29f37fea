"""Events to unit state to arm moments: one Ibis expression per look, no row ever in Python."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from policies.online import OnlinePlan
from stages.evidence.estimate import Cause, Unmeasured
from stages.online.look_data import LookData, MetricArms
from stages.online.sources import Tables
from stages.online.tables import (
    AB,
    ARM,
    AT,
    CHALLENGER,
    CHAMPION,
    UNIT,
    Part,
    Traffic,
    below,
    instant,
    rows,
)
from stages.stats.moments import Moments, from_summary

if TYPE_CHECKING:
    from ibis import Table
    from ibis.expr.types import Scalar


def reduce_look(
    traffic: Traffic,
    tables: Tables,
    *,
    known_as: str,
    plan: OnlinePlan,
    start: datetime,
    day: float,
) -> LookData:
    """Both arms as they stood `day` days after the first exposure.

    A unit belongs to the arm it was first shown; one that stands in both arms is left out. Its
    events count from its first exposure until its attribution window closes (without a window:
    until the look). Only units whose window has closed enter the moments, so that a unit's value is
    final.

    Raises:
        InputError: A file cannot be read.
    """
    until = start + timedelta(days=day)
    table = look_expression(traffic, known_as, until=until, window=timedelta(days=plan.window_days))
    found = rows(table, traffic.connection, read=(tables.exposures, tables.events))
    arms = {str(row[ARM]): row for row in found}
    champion, challenger = arms.get(CHAMPION, {}), arms.get(CHALLENGER, {})
    return LookData(
        day=day,
        champion_units=_count(champion, "exposed"),
        challenger_units=_count(challenger, "exposed"),
        metrics=tuple(
            MetricArms(
                metric=metric,
                champion=_moments(champion, CHAMPION, _names(traffic, metric)),
                challenger=_moments(challenger, CHALLENGER, _names(traffic, metric)),
            )
            for metric in plan.metrics
        ),
    )


def look_expression(
    traffic: Traffic, known_as: str, *, until: datetime, window: timedelta
) -> "Table":
    """The whole reduction: a row per arm with counts, means and covariances.

    Columns: `arm`, `exposed` (distinct units), `n` (units whose window closed), and per part
    `NAME/mean`, `NAME/variance` and `NAME/observed` (units with any value); for the two parts of a
    ratio also `NAME/covariance`. In two passes, never a difference of sums of squares.
    """
    units = _units(traffic, known_as, until, window)
    state = _state(traffic, units, until, window)
    joined = units.left_join(state, UNIT)
    values = {part.name: joined[part.name].fill_null(0.0).cast("float64") for part in traffic.parts}
    seen = {f"{part.name}/seen": joined[f"{part.name}/seen"].fill_null(0) for part in traffic.parts}
    wide = joined.select(joined[ARM], joined["closed"], **values, **seen)
    centred = _centred(wide, traffic.parts)
    return centred.group_by(ARM).aggregate(**_aggregates(centred, traffic.parts))


def _units(traffic: Traffic, known_as: str, until: datetime, window: timedelta) -> "Table":
    """unit, arm, first_at, closes_at, closed: distinct units of exactly one arm."""
    of_ab = traffic.exposures.filter(traffic.exposures[AB] == known_as)
    shown = of_ab.filter(
        (of_ab[AT] <= instant(until))
        & of_ab[UNIT].notnull()
        & of_ab[ARM].isin([CHAMPION, CHALLENGER])
    )
    units = shown.group_by(UNIT).aggregate(
        first_at=shown[AT].min(), arms=shown[ARM].nunique(), arm=shown[ARM].min()
    )
    one = units.filter(units["arms"] == 1)
    closes = one["first_at"] + _interval(window) if window else instant(until)
    return one.mutate(closes_at=closes).mutate(closed=lambda t: t["closes_at"] <= instant(until))


def _state(traffic: Traffic, units: "Table", until: datetime, window: timedelta) -> "Table":
    """unit, and per part its value and the number of events that carried one."""
    joined = traffic.events.inner_join(units.select(UNIT, "first_at", "closes_at"), UNIT)
    inside = (joined[AT] >= joined["first_at"]) & (joined[AT] <= instant(until))
    if window:
        inside = inside & (joined[AT] < joined["closes_at"])
    counted = joined.filter(inside)
    found = {}
    for part in traffic.parts:
        value = counted[part.name]
        one = (value != 0).any().cast("float64") if part.proportion else value.sum()
        found[part.name] = one
        found[f"{part.name}/seen"] = value.count()
    return counted.group_by(UNIT).aggregate(**found)


def _centred(wide: "Table", parts: Sequence[Part]) -> "Table":
    """The values minus their mean over both arms, which stands in `NAME/centre`.

    The first of two passes: around a mean of 1e8 a running variance loses nine digits.
    """
    centres = wide.aggregate(
        **{f"{part.name}/centre": wide[part.name].mean(where=wide["closed"]) for part in parts}
    )
    both = wide.cross_join(centres)
    return both.mutate(
        **{part.name: both[part.name] - both[f"{part.name}/centre"] for part in parts}
    )


def _aggregates(wide: "Table", parts: Sequence[Part]) -> "dict[str, Scalar]":
    closed = wide["closed"]
    found = {"exposed": wide.count(), "n": closed.sum()}
    for part in parts:
        value = wide[part.name]
        found[f"{part.name}/mean"] = wide[f"{part.name}/centre"].max() + value.mean(where=closed)
        found[f"{part.name}/variance"] = value.var(how="sample", where=closed)
        found[f"{part.name}/observed"] = (wide[f"{part.name}/seen"] > 0).sum(where=closed)
        under = below(part.name)
        if any(other.name == under for other in parts):
            found[f"{part.name}/covariance"] = value.cov(wide[under], how="sample", where=closed)
    return found


def _interval(window: timedelta) -> object:
    import ibis

    return ibis.interval(microseconds=round(window / timedelta(microseconds=1)))


def _names(traffic: Traffic, metric: str) -> tuple[str, ...]:
    return tuple(p.name for p in traffic.parts if p.name in (metric, below(metric)))


def _moments(row: Mapping[str, object], arm: str, names: tuple[str, ...]) -> Moments | Unmeasured:
    if not row:
        return Unmeasured(f"the {arm} arm has no unit", Cause.WAITING)
    silent = [name for name in names if not _count(row, f"{name}/observed")]
    if silent and _count(row, "n"):
        return Unmeasured(f"no unit of the {arm} arm has any value of {', '.join(silent)}")
    mean = [_number(row, f"{name}/mean") for name in names]
    variance = [_number(row, f"{name}/variance") for name in names]
    covariance = [[variance[0]]]
    if len(names) > 1:
        both = _number(row, f"{names[0]}/covariance")
        covariance = [[variance[0], both], [both, variance[1]]]
    return from_summary(_count(row, "n"), mean, covariance, names=names)


def _count(row: Mapping[str, object], name: str) -> int:
    value = row.get(name)
    return value if isinstance(value, int) else 0


def _number(row: Mapping[str, object], name: str) -> float | None:
    value = row[name]
    return float(value) if isinstance(value, int | float) else None
