"""Arm moments per look: the same verdicts, and every kind of broken series."""

import csv
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from stages.evidence.codec import encode
from stages.evidence.estimate import Estimate, Unmeasured
from stages.evidence.records import Evidence, Quantity, Validity
from stages.online.moments_file import COLUMNS
from tests.stages.online.traffic_of import measured

Row = dict[str, object]
Break = Callable[[list[Row]], None]
METRICS = {"share": {"kind": "proportion"}, "money": {"kind": "mean"}}


def series(*, until: float = 14.0, name: str = "assistant/2") -> list[Row]:
    found: list[Row] = []
    for metric, mean, variance in (("share", 0.2, 0.16), ("money", 5.0, 30.0)):
        for look in range(1, int(until) + 1):
            row = dict.fromkeys(COLUMNS, name)
            found.append(
                {
                    **row,
                    "look": look,
                    "days": float(look),
                    "metric": metric,
                    "n_champion": 700 * look + look % 3,
                    "mean_champion": mean,
                    "variance_champion": variance,
                    "n_challenger": 700 * look - look % 2,
                    "mean_challenger": mean * 1.2,
                    "variance_challenger": variance * 1.1,
                }
            )
    return found


def write(rows: list[Row], path: Path) -> None:
    if path.suffix == ".parquet":
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.Table.from_pylist(rows), path)
        return
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else list(COLUMNS))
        writer.writeheader()
        writer.writerows(rows)


def evidence_of(rows: list[Row], folder: Path, **changes: object) -> Evidence:
    write(rows, folder / "moments.csv")
    values: dict[str, object] = {
        "exposures": None,
        "events": None,
        "moments": "moments.csv",
        "metrics": METRICS,
        "primary": "share",
        "looks": (7.0, 14.0),
        "planned_units": 20_000,
        "window_days": 0.0,
    }
    return measured(folder, **{**values, **changes})


def failed(evidence: Evidence) -> set[str]:
    return {check.name for check in evidence.checks if check.passed is False}


def test_a_whole_series_is_measured_to_its_last_look(tmp_path: Path) -> None:
    evidence = evidence_of(series(), tmp_path)
    assert failed(evidence) == set()
    assert evidence.waits == ()
    assert evidence.look is not None
    assert (evidence.look.number, evidence.look.final, evidence.look.units) == (2, True, 19_602)
    (found,) = [
        m.measured
        for m in evidence.of("online.share", Quantity.DIFFERENCE)
        if m.validity is Validity.LOOK
    ]
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.04)
    assert found.standard_error == pytest.approx(math.sqrt(0.16 / 9_802 + 0.176 / 9_800))


def test_what_moments_cannot_show_is_neither_passed_nor_failed(tmp_path: Path) -> None:
    said = {check.name: check.passed for check in evidence_of(series(), tmp_path).checks}
    for name in ("crossover", "duplicates", "freshness", "registered_before_exposure", "windows"):
        assert said[name] is None
    assert said["sample_ratio"] is True


def test_csv_and_parquet_give_the_same(tmp_path: Path) -> None:
    write(series(), tmp_path / "moments.parquet")
    from_parquet = evidence_of(series(), tmp_path, moments="moments.parquet")
    from_csv = evidence_of(series(), tmp_path)
    assert from_parquet.measurements == from_csv.measurements
    assert from_parquet.checks == from_csv.checks
    assert encode(from_csv) == encode(evidence_of(series(), tmp_path))


@pytest.mark.parametrize(("until", "done", "day"), [(5, 0, 7), (9, 7, 14)])
def test_a_series_that_ends_early_waits(tmp_path: Path, until: float, done: int, day: int) -> None:
    evidence = evidence_of(series(until=until), tmp_path)
    assert evidence.look is not None
    assert evidence.look.run_days == done
    (wait,) = evidence.waits
    assert (wait.who, wait.have, wait.need, wait.expected) == ("traffic", done, day, None)
    assert failed(evidence) == set()


def test_an_ab_that_is_not_in_the_file_waits(tmp_path: Path) -> None:
    evidence = evidence_of(series(name="another"), tmp_path)
    assert evidence.waits[0].what.startswith("first exposure")
    assert evidence.look is not None
    assert evidence.look.number == 0


def test_enough_units_end_the_ab_early(tmp_path: Path) -> None:
    evidence = evidence_of(series(), tmp_path, planned_units=5_000)
    assert evidence.look is not None
    assert (evidence.look.number, evidence.look.final) == (1, True)


def cell(column: str, value: object, *, row: int = 2) -> Break:
    def breaking(rows: list[Row]) -> None:
        rows[row][column] = value

    return breaking


def drop(keep: Callable[[Row], bool]) -> Break:
    def breaking(rows: list[Row]) -> None:
        rows[:] = [row for row in rows if keep(row)]

    return breaking


def without_column(name: str) -> Break:
    def breaking(rows: list[Row]) -> None:
        for row in rows:
            del row[name]

    return breaking


def everywhere(column: str, value: object, *, metric: str = "money") -> Break:
    def breaking(rows: list[Row]) -> None:
        for row in rows:
            if row["metric"] == metric:
                row[column] = value

    return breaking


def identical(rows: list[Row]) -> None:
    for row in rows:
        for what in ("n", "mean", "variance"):
            row[f"{what}_challenger"] = row[f"{what}_champion"]


def day_of(row: Row) -> float:
    return float(str(row["days"]))


@dataclass(frozen=True)
class Broken:
    name: str
    breaking: Break
    check: str


BROKEN = (
    *(Broken(f"no {c}", without_column(c), "data_contract.columns") for c in COLUMNS),
    Broken("NaN variance once", cell("variance_champion", "nan"), "data_contract.numbers"),
    Broken("empty variance once", cell("variance_challenger", ""), "data_contract.numbers"),
    Broken("infinite mean once", cell("mean_champion", "inf"), "data_contract.numbers"),
    Broken("text for a mean", cell("mean_champion", "high"), "data_contract.numbers"),
    Broken("no day", cell("days", ""), "data_contract.numbers"),
    Broken("no units once", cell("n_champion", 0), "data_contract.units"),
    Broken("half a unit", cell("n_champion", 2100.5), "data_contract.units"),
    Broken("negative units", cell("n_challenger", -5), "data_contract.units"),
    Broken("units missing", cell("n_challenger", ""), "data_contract.units"),
    Broken("negative variance once", cell("variance_champion", -0.1), "data_contract.variances"),
    Broken("share above one", cell("mean_champion", 1.2), "data_contract.shares"),
    Broken("share below zero", cell("mean_challenger", -0.2), "data_contract.shares"),
    Broken("a day twice", cell("days", 2.0), "data_contract.repeated_days"),
    Broken("units lost", cell("n_champion", 9_000), "data_contract.falling_units"),
    Broken("looks out of order", cell("look", 1), "data_contract.look_order"),
    Broken("gap at a look", drop(lambda r: not 5 < day_of(r) < 9), "data_contract.missing_looks"),
    Broken("begins late", drop(lambda r: day_of(r) > 8), "data_contract.missing_looks"),
    Broken(
        "a metric absent", drop(lambda r: r["metric"] == "share"), "data_contract.missing_looks"
    ),
    Broken("no primary", drop(lambda r: r["metric"] == "money"), "sample_ratio"),
    Broken(
        "a metric ends early",
        drop(lambda r: r["metric"] == "share" or day_of(r) < 10),
        "data_contract.missing_looks",
    ),
    Broken("zero variance", everywhere("variance_champion", 0.0), "metrics"),
    Broken("split lost", everywhere("n_challenger", 200, metric="share"), "sample_ratio"),
    Broken("identical arms", identical, "metrics"),
    Broken("last row NaN", cell("variance_champion", "nan", row=13), "metrics"),
    Broken("last units missing", cell("n_champion", "nan", row=13), "metrics"),
)


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_a_series_that_was_ever_broken_is_invalid(broken: Broken, tmp_path: Path) -> None:
    rows = series()
    broken.breaking(rows)
    evidence = evidence_of(rows, tmp_path)
    assert broken.check in failed(evidence), failed(evidence)
    assert evidence.waits[0].who == "operator"


def test_rows_after_the_current_look_change_nothing(tmp_path: Path) -> None:
    rows = series(until=10)
    cell("variance_champion", "nan", row=8)(rows)
    assert failed(evidence_of(rows, tmp_path)) == set()


def test_two_units_less_than_burn_in_are_too_few(tmp_path: Path) -> None:
    evidence = evidence_of(series(), tmp_path, burn_in_units=30_000)
    assert failed(evidence) == {"burn_in"}
    found = evidence.of("online.share", Quantity.DIFFERENCE)
    assert isinstance(found[-1].measured, Unmeasured)


def test_a_ratio_needs_a_covariance_that_moments_lack(tmp_path: Path) -> None:
    metrics = {**METRICS, "money": {"kind": "ratio", "denominator": "orders"}}
    evidence = evidence_of(series(), tmp_path, metrics=metrics)
    assert failed(evidence) == {"metrics"}
