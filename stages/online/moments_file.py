"""Arm moments per look, as other platforms export them: a contract of their own, then look data."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from policies.online import OnlineKind, OnlinePlan
from stages.evidence.estimate import Unmeasured
from stages.evidence.records import Check
from stages.online.backends import engine
from stages.online.contract import hold, never
from stages.online.look_data import LookData, MetricArms
from stages.online.tables import number, read_table, rows
from stages.stats.moments import Moments, from_summary

COLUMNS = (
    "experiment_id",
    "look",
    "days",
    "metric",
    "n_champion",
    "mean_champion",
    "variance_champion",
    "n_challenger",
    "mean_challenger",
    "variance_challenger",
)
_NUMBERS = tuple(c for c in COLUMNS if c not in ("experiment_id", "metric"))

_LATEST = 1.0
"""Days: a look's row may be this much older than the look."""

_SLACK = 1e-6
"""Days: rounding of files of floats."""

_CANNOT_TELL = {
    "crossover": "whether a unit stood in both arms",
    "duplicates": "whether rows were counted twice",
    "freshness": "what date their last row is of",
    "registered_before_exposure": "when the first exposure was",
    "windows": "whether every unit's attribution window had closed",
}
"""Checks that moments cannot support, and what each would have to see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Both arms of one metric at one point in time; NaN where the file has no number.

    Attributes:
        look: Number of the export, increasing with the days.
        days: Days since the first exposure.
        metric: The metric's name in the plan.
        champion: n, mean and variance of the champion's units.
        challenger: The same of the challenger's.
    """

    look: float
    days: float
    metric: str
    champion: tuple[float, float, float]
    challenger: tuple[float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """Every row of one A/B, by time.

    Attributes:
        rows: Rows of the metrics the plan names, sorted by metric and days.
        missing: Columns the file lacks; then there are no rows.
    """

    rows: tuple[Row, ...]
    missing: tuple[str, ...] = ()

    @property
    def elapsed_days(self) -> float:
        """Days that the rows reach, 0 without any."""
        return max((row.days for row in self.rows if math.isfinite(row.days)), default=0.0)

    def of(self, metric: str) -> tuple[Row, ...]:
        """The rows of one metric."""
        return tuple(row for row in self.rows if row.metric == metric)

    def until(self, day: float) -> "Series":
        """The rows that a look of that day may see; a row without a day is always seen."""
        seen = tuple(row for row in self.rows if not row.days > day + _SLACK)
        return Series(rows=seen, missing=self.missing)


def read_series(path: Path, plan: OnlinePlan, known_as: str) -> Series:
    """The rows of one A/B; other A/Bs and metrics are left out.

    Raises:
        InputError: The file cannot be read.
    """
    with engine() as connection:
        table = read_table(connection, path)
        missing = tuple(column for column in COLUMNS if column not in table.columns)
        if missing:
            return Series(rows=(), missing=missing)
        ours = table.filter(
            (table["experiment_id"].cast("string") == known_as)
            & table["metric"].cast("string").isin(list(plan.metrics))
        )
        typed = ours.select(
            metric=ours["metric"].cast("string"), **{name: number(ours, name) for name in _NUMBERS}
        )
        found = rows(typed.order_by(["metric", "days"]), connection, read=(path,))
    return Series(rows=tuple(_row(values) for values in found))


def moments_contract(series: Series, plan: OnlinePlan, days: Sequence[float]) -> tuple[Check, ...]:
    """Counts the violations in every row up to the current look, and holds them to the contract.

    A series that was ever broken stays broken, however fine its last row is.

    Args:
        series: The rows up to the current look.
        plan: The plan.
        days: Days of the looks so far.
    """
    if series.missing:
        said = f"the moments file lacks {{count}} column(s): {', '.join(series.missing)}"
        return hold((never("columns", said),), {"columns": len(series.missing)}, kept="")
    counts = {
        "numbers": sum(not _finite(row) for row in series.rows),
        "units": sum(not _has_units(row) for row in series.rows),
        "variances": sum(row.champion[2] < 0 or row.challenger[2] < 0 for row in series.rows),
        "shares": sum(_no_share(row, plan) for row in series.rows),
        "repeated_days": sum(a.days == b.days for a, b in _steps(series, plan)),
        "falling_units": sum(_falls(a, b) for a, b in _steps(series, plan)),
        "look_order": sum(b.look <= a.look for a, b in _steps(series, plan)),
        "missing_looks": sum(
            _at(series, metric, day) is None for metric in plan.metrics for day in days
        ),
    }
    kept = (
        f"{len(series.rows):,} rows of moments keep the {len(counts)} promises of the data contract"
    )
    return hold(_PROMISES, counts, kept=kept)


def cannot_tell() -> tuple[Check, ...]:
    """The checks that moments cannot support."""
    return tuple(
        Check(name=name, passed=None, sentence=f"arm moments cannot show {unseen}")
        for name, unseen in _CANNOT_TELL.items()
    )


def look_data(series: Series, plan: OnlinePlan, day: float) -> LookData:
    """Both arms at a look: of each metric the latest row at or before its day."""
    found = tuple(_arms(series, plan, metric, day) for metric in plan.metrics)
    primary = _at(series, plan.primary, day)
    return LookData(
        day=day,
        champion_units=_units(primary.champion[0]) if primary else 0,
        challenger_units=_units(primary.challenger[0]) if primary else 0,
        metrics=found,
    )


_PROMISES = (
    never("numbers", "{count} rows hold a number that is missing, not a number or infinite"),
    never("units", "{count} rows have an arm without units, or with a part of one"),
    never("variances", "{count} rows have a negative variance"),
    never("shares", "{count} rows of a proportion have a mean outside 0 to 1"),
    never("repeated_days", "{count} rows repeat another one of the same metric and day"),
    never("falling_units", "{count} rows have fewer units than the row before: units were lost"),
    never("look_order", "{count} rows have a look number that is not above the one before"),
    never(
        "missing_looks",
        f"{{count}} times a metric has no row in the {_LATEST:g} day(s) before a planned look",
    ),
)


def _arms(series: Series, plan: OnlinePlan, metric: str, day: float) -> MetricArms:
    row = _at(series, metric, day)
    if plan.metrics[metric].kind is OnlineKind.RATIO:
        none = Unmeasured("arm moments carry no covariance, which a ratio metric needs")
        return MetricArms(metric=metric, champion=none, challenger=none)
    if row is None:
        none = Unmeasured(f"the moments file has no row of `{metric}` for the look of day {day:g}")
        return MetricArms(metric=metric, champion=none, challenger=none)
    return MetricArms(
        metric=metric,
        champion=_moments(row.champion, metric),
        challenger=_moments(row.challenger, metric),
    )


def _moments(arm: tuple[float, float, float], metric: str) -> Moments | Unmeasured:
    n, mean, variance = arm
    if not math.isfinite(n):
        return Unmeasured(f"the number of units of `{metric}` is missing")
    return from_summary(_units(n), (mean,), ((variance,),), names=(metric,))


def _units(n: float) -> int:
    return int(n) if math.isfinite(n) else 0


def _at(series: Series, metric: str, day: float) -> Row | None:
    """The latest row at or before a day, unless it is too old to stand for it."""
    before = [row for row in series.of(metric) if row.days <= day + _SLACK]
    latest = max(before, key=lambda row: row.days, default=None)
    return latest if latest is not None and latest.days >= day - _LATEST - _SLACK else None


def _steps(series: Series, plan: OnlinePlan) -> Iterator[tuple[Row, Row]]:
    """Neighbouring rows of each metric."""
    for metric in plan.metrics:
        yield from pairwise(series.of(metric))


def _falls(before: Row, after: Row) -> bool:
    return after.champion[0] < before.champion[0] or after.challenger[0] < before.challenger[0]


def _finite(row: Row) -> bool:
    return all(math.isfinite(x) for x in (row.look, row.days, *row.champion, *row.challenger))


def _has_units(row: Row) -> bool:
    return all(
        math.isfinite(n) and n >= 1 and n == math.floor(n)
        for n in (row.champion[0], row.challenger[0])
    )


def _no_share(row: Row, plan: OnlinePlan) -> bool:
    means = (row.champion[1], row.challenger[1])
    share = plan.metrics[row.metric].kind is OnlineKind.PROPORTION
    return share and any(not 0 <= mean <= 1 for mean in means)


def _row(values: Mapping[str, object]) -> Row:
    def at(name: str) -> float:
        value = values[name]
        return float(value) if isinstance(value, int | float) else math.nan

    return Row(
        look=at("look"),
        days=at("days"),
        metric=str(values["metric"]),
        champion=(at("n_champion"), at("mean_champion"), at("variance_champion")),
        challenger=(at("n_challenger"), at("mean_challenger"), at("variance_challenger")),
    )
