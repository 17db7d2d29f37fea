"""The stage as the pipeline calls it: looks, waits, provenance, and bytes that do not change."""

import math
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from policies.errors import InputError, PolicyError
from stages.engine.folder_state import FolderState
from stages.evidence.codec import encode
from stages.evidence.estimate import Bounds, Cause, Estimate, Unmeasured
from stages.evidence.records import Evidence, Measurement, Quantity, Validity
from stages.online.look_journal import LookJournal
from stages.online.sources import Tables
from tests.stages.online.alike import assert_alike
from tests.stages.online.traffic_of import (
    BASELINE,
    CANDIDATE,
    REGISTERED,
    START,
    Recipe,
    Traffic,
    Truth,
    generate,
    measured,
    plan_of,
    stage_of,
    until,
    write,
)

BETTER = generate(Recipe(challenger=Truth(resolved=0.62)))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("traffic")
    write(BETTER, path)
    return path


def one(
    evidence: Evidence, metric: str, quantity: Quantity, validity: Validity
) -> Estimate | Unmeasured:
    found: list[Measurement] = [m for m in evidence.of(metric, quantity) if m.validity is validity]
    assert len(found) == 1
    return found[0].measured


def failed(evidence: Evidence) -> set[str]:
    return {check.name for check in evidence.checks if check.passed is False}


def test_the_last_look_measures_every_quantity_of_every_metric(folder: Path) -> None:
    evidence = measured(folder)
    assert failed(evidence) == set()
    assert evidence.waits == ()
    assert evidence.look is not None
    assert (evidence.look.number, evidence.look.final) == (4, True)
    assert evidence.look.alpha_spent == 0.025
    for metric in ("online.resolved", "online.seconds", "online.pace"):
        for quantity in Quantity:
            estimate = one(evidence, metric, quantity, Validity.LOOK)
            assert isinstance(estimate, Estimate)
            assert estimate.level == pytest.approx(0.95)
            assert estimate.bounds is Bounds.TWO_SIDED
        for quantity in (Quantity.DIFFERENCE, Quantity.RATIO):
            estimate = one(evidence, metric, quantity, Validity.ANYTIME)
            assert isinstance(estimate, Estimate)
            upper = metric != "online.seconds"
            assert estimate.bounds is (Bounds.UPPER if upper else Bounds.LOWER)
            assert estimate.level == pytest.approx(1 - 0.05 / 3)


def test_the_known_truth_is_inside_the_last_looks_interval(folder: Path) -> None:
    estimate = one(measured(folder), "online.resolved", Quantity.DIFFERENCE, Validity.LOOK)
    assert isinstance(estimate, Estimate)
    assert estimate.low is not None
    assert estimate.high is not None
    assert estimate.low <= 0.12 <= estimate.high
    assert estimate.low > 0


def test_what_units_did_before_takes_noise_out_of_the_effect(tmp_path: Path) -> None:
    events = {name: list(values) for name, values in BETTER.events.items()}
    seconds: dict[object, float] = {}
    for unit, spent in zip(events["unit_id"], events["seconds"], strict=True):
        assert isinstance(spent, float)
        seconds[unit] = seconds.get(unit, 0.0) + spent
    for unit, seen in zip(BETTER.exposures["unit_id"], BETTER.exposures["timestamp"], strict=True):
        assert isinstance(seen, datetime)
        row = {
            "unit_id": unit,
            "timestamp": seen - timedelta(days=1),
            "seconds": seconds[unit] ** 2,
        }
        for name, values in events.items():
            values.append(row.get(name, 0.0))
    write(replace(BETTER, events=events), tmp_path)
    seconds_plan = {"column": "seconds", "covariates": ["seconds"], "higher_is_better": False}
    evidence = measured(
        tmp_path, metrics={"seconds": seconds_plan}, primary="seconds",
        covariates={"seconds": {"column": "seconds"}},
    )  # fmt: skip
    estimate = one(evidence, "online.seconds", Quantity.DIFFERENCE, Validity.LOOK)
    plain = one(measured(tmp_path), "online.seconds", Quantity.DIFFERENCE, Validity.LOOK)
    assert isinstance(estimate, Estimate)
    assert isinstance(plain, Estimate)
    assert "CUPED on seconds/before" in estimate.method
    assert estimate.standard_error is not None
    assert plain.standard_error is not None
    assert estimate.standard_error < 0.5 * plain.standard_error


def test_bounds_narrow_from_look_to_look(tmp_path: Path) -> None:
    half = []
    for day in (7.0, 10.0, 14.0):
        write(until(BETTER, day), tmp_path)
        evidence = measured(tmp_path, day=day)
        assert failed(evidence) == set()
        estimate = one(evidence, "online.resolved", Quantity.DIFFERENCE, Validity.LOOK)
        assert isinstance(estimate, Estimate)
        assert estimate.high is not None
        assert estimate.standard_error is not None
        half.append((estimate.high - estimate.value) / estimate.standard_error)
    assert half == sorted(half, reverse=True)
    assert half[-1] > 1.96


def test_a_look_before_the_minimum_run_time_spends_nothing_but_watches_for_harm(
    tmp_path: Path,
) -> None:
    write(until(BETTER, 4), tmp_path)
    evidence = measured(tmp_path, day=4)
    assert evidence.look is not None
    assert evidence.look.alpha_spent == 0
    assert not evidence.look.minimum_days_reached
    absent = one(evidence, "online.resolved", Quantity.DIFFERENCE, Validity.LOOK)
    assert isinstance(absent, Unmeasured)
    assert absent.cause is Cause.WAITING
    harm = one(evidence, "online.resolved", Quantity.DIFFERENCE, Validity.ANYTIME)
    assert isinstance(harm, Estimate)


def test_before_the_first_look_it_waits_for_a_day_with_a_date(tmp_path: Path) -> None:
    write(until(BETTER, 2), tmp_path)
    evidence = measured(tmp_path, day=2)
    (wait,) = evidence.waits
    assert wait.who == "traffic"
    assert wait.what == "day 3 of the A/B"
    assert wait.need == 3
    assert wait.have == 0
    assert wait.expected == (START + timedelta(days=3)).isoformat()
    assert all(
        isinstance(m.measured, Unmeasured) and m.measured.cause is Cause.WAITING
        for m in evidence.measurements
    )


def test_between_looks_the_next_one_is_awaited(tmp_path: Path) -> None:
    write(until(BETTER, 8), tmp_path)
    (wait,) = measured(tmp_path, day=8).waits
    assert (wait.what, wait.need) == ("day 10 of the A/B", 10)


def test_an_ab_without_traffic_waits_for_its_first_exposure(tmp_path: Path) -> None:
    write(generate(Recipe(name="assistant/9", units=200)), tmp_path)
    evidence = measured(tmp_path)
    (wait,) = evidence.waits
    assert wait.what == "first exposure of the A/B `assistant/2`"
    assert wait.expected is None
    assert failed(evidence) == set()


def rounded(found: object) -> str:
    """What is said, with the last bits of sums left out: threads add in any order."""
    return re.sub(r"\d+\.\d+(e-?\d+)?", lambda number: f"{float(number[0]):.9g}", str(found))


def test_the_clock_moves_nothing_between_two_looks(tmp_path: Path) -> None:
    write(until(BETTER, 7.5), tmp_path)
    first, second = measured(tmp_path, day=7.6), measured(tmp_path, day=9.9)
    assert rounded(encode(first)) == rounded(encode(second))


def test_parquet_and_csv_give_the_same_evidence(folder: Path, tmp_path: Path) -> None:
    write(BETTER, tmp_path, suffix=".csv")
    found = measured(tmp_path, exposures="exposures.csv", events="events.csv")
    expected = measured(folder)
    assert rounded(found.measurements) == rounded(expected.measurements)
    assert found.checks == expected.checks
    assert rounded((found.look, found.waits)) == rounded((expected.look, expected.waits))
    assert dict(found.provenance.data).keys() == {"exposures", "events"}


def test_a_named_source_is_read_like_the_plans_own_files(folder: Path) -> None:
    tables = Tables(exposures=folder / "exposures.parquet", events=folder / "events.parquet")
    plan = plan_of(exposures=None, events=None, source="product")
    naive = datetime(2024, 3, 16)  # noqa: DTZ001 - a naive time means UTC
    stage = stage_of(plan, Path("elsewhere"), now=naive, product=tables)
    found = stage.measure_next(CANDIDATE, BASELINE).measurements
    assert rounded(found) == rounded(measured(folder).measurements)
    with pytest.raises(PolicyError, match="source: product"):
        stage_of(plan, folder, now=START).measure_next(CANDIDATE, BASELINE)


@pytest.mark.parametrize("baseline", [None, replace(BASELINE, digest="c")])
def test_without_another_checkpoint_nothing_is_compared(folder: Path, baseline: object) -> None:
    assert baseline is None or isinstance(baseline, type(BASELINE))
    stage = stage_of(plan_of(), folder, now=START + timedelta(days=15))
    for m in stage.measure_next(CANDIDATE, baseline).measurements:
        assert isinstance(m.measured, Estimate) == (m.quantity is Quantity.VALUE)


def test_enough_units_end_the_ab_before_the_last_planned_day(folder: Path) -> None:
    evidence = measured(folder, planned_units=1_000)
    assert evidence.look is not None
    assert (evidence.look.number, evidence.look.final) == (2, True)
    assert evidence.look.information > 1
    assert evidence.look.alpha_spent == 0.025


def test_harm_seen_once_is_not_forgotten(tmp_path: Path) -> None:
    harmed = generate(Recipe(units=6_000, challenger=Truth(resolved=0.2)))
    healed = generate(Recipe(units=6_000, challenger=Truth(resolved=0.9)))
    early = [i for i in range(6_000) if harmed.exposures["timestamp"][i] <= START + timedelta(3)]
    mixed = Traffic(exposures=healed.exposures, events=dict(healed.events))
    mixed.events["resolved"] = list(healed.events["resolved"])
    for i in early:
        for k in range(3):
            mixed.events["resolved"][3 * i + k] = harmed.events["resolved"][3 * i + k]
    write(mixed, tmp_path)
    harm = one(
        measured(tmp_path, planned_units=6_000),
        "online.resolved",
        Quantity.DIFFERENCE,
        Validity.ANYTIME,
    )
    assert isinstance(harm, Estimate)
    assert harm.value > 0
    assert harm.high is not None
    assert harm.high < 0


def test_registration_is_checked_for_live_traffic_and_reported_for_recorded(folder: Path) -> None:
    assert failed(measured(folder, registered=None)) == {"plan_registered"}
    assert failed(measured(folder, registered="1" * 64)) == {"plan_registered"}
    late = stage_of(
        plan_of(),
        folder,
        now=START + timedelta(days=15),
        registration=replace(REGISTERED, at=START + timedelta(hours=1)),
    )
    assert failed(late.measure_next(CANDIDATE, BASELINE)) == {"registered_before_exposure"}
    replayed = measured(folder, registered=None, retrospective=True, as_of="2024-03-20")
    assert failed(replayed) == set()
    said = {check.name: check.passed for check in replayed.checks}
    assert said["plan_registered"] is None


def test_stale_data_hold_a_live_ab_and_are_told_of_a_recorded_one(tmp_path: Path) -> None:
    write(until(BETTER, 11), tmp_path)
    live = measured(tmp_path, day=15)
    late = {"freshness", "data_contract", "data_contract.stale_events"}
    assert failed(live) == late
    assert live.waits[0].who == "operator"
    recorded = measured(tmp_path, retrospective=True, as_of="2024-03-16T00:00:00")
    assert failed(recorded) == set()


def test_a_recorded_ab_without_a_clock_ends_at_its_newest_row(tmp_path: Path) -> None:
    write(until(BETTER, 8), tmp_path)
    evidence = measured(tmp_path, day=400, retrospective=True)
    assert evidence.look is not None
    assert evidence.look.number == 2


def test_broken_plans_are_refused(folder: Path) -> None:
    for change in (
        {"alpha": 0.5},
        {"harm_alpha": 0.7},
        {"retrospective": True, "as_of": "tomorrow"},
    ):
        with pytest.raises(PolicyError):
            measured(folder, **change)


@pytest.mark.parametrize("name", ["gone.parquet", "exposures.txt"])
def test_absent_files_are_refused_by_name(folder: Path, name: str) -> None:
    with pytest.raises(InputError, match=name.replace(".", r"\.")):
        measured(folder, exposures=name)


def test_numbers_that_cannot_be_are_never_measured(tmp_path: Path) -> None:
    traffic = generate(Recipe())
    traffic.events["seconds"][5] = math.inf
    write(traffic, tmp_path)
    evidence = measured(tmp_path)
    for m in evidence.measurements:
        if m.metric in ("online.seconds", "online.pace"):
            assert isinstance(m.measured, Unmeasured), m
    assert {"data_contract", "metrics"} <= failed(evidence)


def test_evidence_is_the_same_twice(folder: Path, tmp_path: Path) -> None:
    journal = LookJournal(state=FolderState(tmp_path / "state"), stream="online/looks")
    once = measured(folder, journal=journal)
    assert encode(measured(folder, journal=journal)) == encode(once)
    assert_alike(measured(folder), once)
    assert measured(folder).provenance.candidate == "c"
    assert START.tzinfo is UTC


def test_an_exposure_before_the_registration_is_seen_when_it_comes_late(tmp_path: Path) -> None:
    journal = LookJournal(state=FolderState(tmp_path / "state"), stream="online/looks")
    traffic = generate(Recipe(units=2_000))
    write(until(traffic, 3.5), tmp_path)
    assert failed(measured(tmp_path, day=3.5, journal=journal)) == set()
    for name, value in (
        ("unit_id", "early"),
        ("timestamp", START - timedelta(days=1)),
        ("experiment_id", "assistant/2"),
        ("variation_id", "challenger"),
    ):
        traffic.exposures[name].append(value)
    write(until(traffic, 7.5), tmp_path)
    assert failed(measured(tmp_path, day=3.6, journal=journal)) == set(), "a look stands"
    found = measured(tmp_path, day=7.5, journal=journal)
    assert failed(found) == {"registered_before_exposure"}
