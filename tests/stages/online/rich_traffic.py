"""Traffic in which everything happens that a plan can speak of, and the slow way to reduce it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import numpy as np
from numpy.typing import NDArray

from policies.online import OnlineKind, OnlinePlan
from stages.online.look_data import LookData, MetricArms
from stages.stats.moments import Moments, from_values
from stages.stats.quantiles import QuantileArm
from tests.stages.online.traffic_of import START, Traffic

DAY = timedelta(days=1)
NAME = "assistant/2"
ARMS = ("control", "assistant/2", "assistant/3")

PLAN = OnlinePlan.model_validate(
    {
        "exposures": "exposures.parquet",
        "events": "events.parquet",
        "flag": "new-model",
        "variants": {"champion": "control", "challenger": "{candidate}"},
        "challengers": 2,
        "metrics": {
            "resolved": {"kind": "proportion"},
            "seconds": {"covariates": ("seconds_then", "visits_then"), "cap": 9.0},
            "spent": {"column": "seconds", "window_days": 2.5, "winsorize": 0.9},
            "pace": {
                "kind": "ratio",
                "column": "seconds",
                "denominator": "sessions",
                "covariates": ("seconds_then",),
                "window_days": 0.0,
            },
            "latency": {"kind": "quantile", "quantile": 0.7, "column": "seconds"},
        },
        "covariates": {
            "seconds_then": {"column": "seconds", "days": 3.0},
            "visits_then": {"column": "sessions", "days": 1.5},
        },
        "ramp": (
            {"from_day": 0.0, "champion_share": 0.9, "analysed": False},
            {"from_day": 0.75, "champion_share": 0.5},
        ),
        "exclude": {"staff": ("yes", "maybe")},
        "trigger": "opened",
        "segments": ("country",),
        "primary": "resolved",
        "looks": (2.0, 3.0, 5.0, 6.5),
        "days": 7,
        "minimum_days": 2.0,
        "window_days": 1.0,
        "planned_units": 300,
    },
    strict=False,
)


def rich(seed: int, *, units: int = 300, days: float = 7.0) -> Traffic:
    """Re-exposures, second arms, other A/Bs, staff, early events, missing values."""
    rng = np.random.default_rng(seed)
    exposures = [_exposure(rng, f"u{i}", days) for i in range(units)]
    exposures[0]["timestamp"] = START
    exposures[0]["experiment_id"] = "new-model"
    for row in rng.choice(units, units // 3, replace=False):  # they come again, some elsewhere
        again = dict(exposures[row])
        again["timestamp"] = exposures[row]["timestamp"] + _days(rng, 0, 4)
        if rng.random() < 0.15:
            again["variation_id"] = str(rng.choice(ARMS))
        if rng.random() < 0.1:
            again["staff"] = "maybe"
        again["country"] = str(rng.choice(["pe", "fr"]))
        exposures.append(again)
    events = [_event(rng, f"u{rng.integers(0, units + 20)}", days) for _ in range(12 * units)]
    return Traffic(exposures=_columns(exposures), events=_columns(events))


def _exposure(rng: np.random.Generator, unit: str, days: float) -> dict[str, object]:
    return {
        "unit_id": unit,
        "timestamp": START + _days(rng, 0, days),
        "experiment_id": "new-model" if rng.random() < 0.95 else "another",
        "variation_id": str(rng.choice(ARMS, p=(0.45, 0.45, 0.1))),
        "country": None if rng.random() < 0.1 else str(rng.choice(["pe", "fr", "no"])),
        "staff": str(rng.choice(["no", "yes"], p=(0.95, 0.05))),
    }


def _event(rng: np.random.Generator, unit: str, days: float) -> dict[str, object]:
    return {
        "unit_id": unit,
        "timestamp": START + _days(rng, -5, days),
        "resolved": float(rng.random() < 0.3),
        "seconds": None if rng.random() < 0.1 else float(rng.gamma(2.0, 1.5)),
        "sessions": float(rng.integers(0, 4)),
        "opened": float(rng.random() < 0.5),
    }


def _days(rng: np.random.Generator, low: float, high: float) -> timedelta:
    return timedelta(microseconds=int(rng.uniform(low, high) * 86_400_000_000))


def _columns(rows: list[dict[str, object]]) -> dict[str, list[object]]:
    return {name: [row[name] for row in rows] for name in rows[0]}


@dataclass
class Unit:
    """What the slow way knows of a unit."""

    arms: set[str] = field(default_factory=set)
    first: datetime = START + timedelta(days=999)
    country: str = ""
    excluded: bool = False
    entered: datetime | None = None
    events: list[Mapping[str, object]] = field(default_factory=list)


def units_of(traffic: Traffic, plan: OnlinePlan, day: float) -> dict[str, Unit]:
    """Every unit of the A/B up to a day, one row after another."""
    until, found = START + day * DAY, dict[str, Unit]()
    for row in _rows(traffic.exposures):
        if row["experiment_id"] != "new-model" or row["timestamp"] > until:
            continue
        unit = found.setdefault(str(row["unit_id"]), Unit())
        unit.arms.add(str(row["variation_id"]))
        if row["timestamp"] < unit.first:
            unit.first, unit.country = row["timestamp"], row["country"] or ""
        unit.excluded |= any(row[name] in values for name, values in plan.exclude.items())
    for row in sorted(_rows(traffic.events), key=lambda row: row["timestamp"]):
        if row["unit_id"] in found and row["timestamp"] <= until:
            found[row["unit_id"]].events.append(row)
    for unit in found.values():
        if plan.trigger is None:
            unit.entered = unit.first
            continue
        opened = (
            e["timestamp"] for e in unit.events if e["opened"] and e["timestamp"] >= unit.first
        )
        unit.entered = min(opened, default=None)
    return found


def arm_of(
    units: Mapping[str, Unit], plan: OnlinePlan, arm: str, *, day: float, metric: str
) -> list[Unit]:
    """Units of one arm whose value of a metric is final."""
    window, until = plan.window_of(metric) * DAY, START + day * DAY
    begins = next((p.from_day for p in plan.ramp if p.analysed), 0.0)
    return [
        unit
        for unit in units.values()
        if unit.arms == {arm}
        and not unit.excluded
        and unit.entered is not None
        and unit.first >= START + begins * DAY
        and (not window or unit.entered + window <= until)
    ]


def values(unit: Unit, plan: OnlinePlan, metric: str, column: str) -> list[float]:
    """Values of a unit's events inside a metric's window."""
    window = plan.window_of(metric) * DAY
    assert unit.entered is not None
    return [
        e[column]
        for e in unit.events
        if e["timestamp"] >= unit.entered
        and (not window or e["timestamp"] < unit.entered + window)
        and e[column] is not None
    ]


def table_of(members: list[Unit], plan: OnlinePlan, metric: str) -> NDArray[np.float64]:
    """A row per unit: its value, a denominator, its covariates."""
    said, found = plan.metrics[metric], []
    for unit in members:
        own = values(unit, plan, metric, said.column or metric)
        value = float(any(own)) if said.kind is OnlineKind.PROPORTION else sum(own)
        row = [min(value, said.cap) if said.cap is not None else value]
        if said.denominator is not None:
            row.append(sum(values(unit, plan, metric, said.denominator)))
        for name in said.covariates:
            covariate = plan.covariates[name]
            since = unit.first - covariate.days * DAY
            before = (e for e in unit.events if since <= e["timestamp"] < unit.first)
            row.append(sum(e[covariate.column] or 0.0 for e in before))
        found.append(row)
    return np.array(found, dtype=float)


def expected(traffic: Traffic, plan: OnlinePlan, day: float, metric: str) -> tuple[object, ...]:
    """Both arms of a metric: Moments, or of a quantile (value, units)."""
    units = units_of(traffic, plan, day)
    arms = [arm_of(units, plan, arm, day=day, metric=metric) for arm in ARMS[:2]]
    said = plan.metrics[metric]
    if said.quantile is not None:
        events = [[values(u, plan, metric, said.column or metric) for u in arm] for arm in arms]
        return tuple(
            (float(np.quantile(np.concatenate(arm), said.quantile)), sum(bool(v) for v in arm))
            for arm in events
        )
    tables = [table_of(arm, plan, metric) for arm in arms]
    if said.winsorize is not None:
        cap = np.quantile(np.concatenate([table[:, 0] for table in tables]), said.winsorize)
        for table in tables:
            table[:, 0] = np.minimum(table[:, 0], cap)
    return tuple(from_values(t, [str(n) for n in range(t.shape[1])]) for t in tables)


def assert_as_expected(look: LookData, traffic: Traffic, plan: OnlinePlan, day: float) -> None:
    """That a look is what the slow way finds."""
    units = units_of(traffic, plan, day)
    of_arm = {a: [u for u in units.values() if u.arms == {a} and not u.excluded] for a in ARMS[:2]}
    assert (look.champion_units, look.challenger_units) == tuple(map(len, of_arm.values()))
    assert look.excluded_units > 0 or not plan.exclude
    if plan.trigger is not None:
        begins = START + next((p.from_day for p in plan.ramp if p.analysed), 0.0) * DAY
        entered = [
            sum(u.entered is not None and u.first >= begins for u in arm) for arm in of_arm.values()
        ]
        assert look.triggered == tuple(entered)
    for found in look.metrics:
        both = expected(traffic, plan, day, found.metric)
        for arm, want in zip((found.champion, found.challenger), both, strict=True):
            _assert_arm(arm, want)


def _assert_arm(arm: object, want: object) -> None:
    if isinstance(want, Moments):
        assert_close(arm, want, rel=1e-9)
        return
    assert isinstance(arm, QuantileArm), arm
    assert isinstance(want, tuple)
    assert arm.n == want[1]
    assert abs(arm.value - want[0]) <= 1e-9 * abs(want[0])


def assert_close(one: object, other: object, *, rel: float) -> None:
    """That two arms agree, relative to their spread."""
    assert isinstance(one, Moments), one
    assert isinstance(other, Moments), other
    assert one.n == other.n
    if other.n < 2:
        assert np.allclose(one.mean, other.mean, rtol=rel, atol=rel)
        return
    a, b = np.array(one.mean), np.array(other.mean)
    s, t = np.array(one.covariance), np.array(other.covariance)
    size = np.sqrt(np.diag(t))
    assert np.all(np.abs(a - b) <= rel * (np.abs(b) + size))
    assert np.all(np.abs(s - t) <= rel * np.outer(size, size))


def assert_looks_agree(one: LookData, other: LookData, *, rel: float) -> None:
    """That two looks say the same, up to rounding."""
    assert _counts(one) == _counts(other)
    pairs = [(one.metrics, other.metrics)]
    assert [(s.column, s.value) for s in one.segments] == [
        (s.column, s.value) for s in other.segments
    ]
    pairs += [(a.metrics, b.metrics) for a, b in zip(one.segments, other.segments, strict=True)]
    for these, those in pairs:
        for this, that in zip(these, those, strict=True):
            _assert_metrics_agree(this, that, rel)


def _assert_metrics_agree(this: MetricArms, that: MetricArms, rel: float) -> None:
    for arm, other in ((this.champion, that.champion), (this.challenger, that.challenger)):
        assert type(arm) is type(other), (arm, other)
        if isinstance(arm, Moments):
            assert_close(arm, other, rel=rel)
        elif isinstance(arm, QuantileArm) and isinstance(other, QuantileArm):
            assert abs(arm.value - other.value) <= rel * abs(other.value)
            assert abs(arm.standard_error - other.standard_error) <= 1e-6 * other.standard_error


def _counts(look: LookData) -> tuple[object, ...]:
    return (
        look.day,
        look.champion_units,
        look.challenger_units,
        look.phases,
        look.triggered,
        look.excluded_units,
        look.rows_read,
    )


def _rows(columns: Mapping[str, list[object]]) -> list[dict[str, object]]:
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
