"""Every kind of broken exposure and event table, seen to invalidate or to be refused."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from policies.canonical import canonical_json
from policies.errors import InputError
from policies.online import OnlinePlan
from stages.evidence.estimate import Estimate
from stages.evidence.records import Evidence, Validity
from stages.online.arms import arms_of
from stages.online.backends import connected
from stages.online.contract import ContractReport
from stages.online.sources import Tables
from stages.online.tables import Traffic as Opened
from stages.online.tables import open_traffic
from stages.online.traffic import inspect
from stages.online.traffic_arms import silent_arms
from stages.online.traffic_rules import Asked, Period
from tests.stages.online.plans import plan_of
from tests.stages.online.traffic_of import (
    START,
    Recipe,
    Traffic,
    generate,
    measured,
    write,
)

UNITS = 800
Break = Callable[[Traffic], None]


def cell(table: str, column: str, value: object) -> Break:
    def breaking(traffic: Traffic) -> None:
        columns: dict[str, list[object]] = getattr(traffic, table)
        columns[column][7] = value

    return breaking


def everywhere(table: str, column: str, value: object) -> Break:
    def breaking(traffic: Traffic) -> None:
        columns: dict[str, list[object]] = getattr(traffic, table)
        columns[column] = [value] * len(columns[column])

    return breaking


def without(table: str, column: str) -> Break:
    def breaking(traffic: Traffic) -> None:
        del getattr(traffic, table)[column]

    return breaking


def again(table: str, rows: int, **changes: object) -> Break:
    """The first rows once more, some cells changed."""

    def breaking(traffic: Traffic) -> None:
        columns: dict[str, list[object]] = getattr(traffic, table)
        for name, values in columns.items():
            values += [changes.get(name, v) for v in values[:rows]]

    return breaking


def crossing(rows: int) -> Break:
    def breaking(traffic: Traffic) -> None:
        arms = list(traffic.exposures["variation_id"][:rows])
        again("exposures", rows)(traffic)
        other = {"champion": "challenger", "challenger": "champion"}
        traffic.exposures["variation_id"][-rows:] = [other[str(arm)] for arm in arms]

    return breaking


def lopsided(traffic: Traffic) -> None:
    """Half of the challenger's exposures is lost."""
    arms = traffic.exposures["variation_id"]
    keep = [arm == "champion" or i % 2 > 0 for i, arm in enumerate(arms)]
    for name, values in traffic.exposures.items():
        traffic.exposures[name] = [v for v, k in zip(values, keep, strict=True) if k]


def silent_arm(traffic: Traffic) -> None:
    """The challenger logs no seconds at all: a lower-is-better metric would win by it."""
    arms = dict(zip(traffic.exposures["unit_id"], traffic.exposures["variation_id"], strict=True))
    units, seconds = traffic.events["unit_id"], traffic.events["seconds"]
    traffic.events["seconds"] = [
        None if arms[u] == "challenger" else s for u, s in zip(units, seconds, strict=True)
    ]


def shifted(table: str, by: timedelta) -> Break:
    def breaking(traffic: Traffic) -> None:
        columns: dict[str, list[object]] = getattr(traffic, table)
        columns["timestamp"] = [START + by for _ in columns["timestamp"]]

    return breaking


def stray_early_row(traffic: Traffic) -> None:
    traffic.exposures["timestamp"][0] = START - timedelta(days=10)


def lopsided_to(arm: str) -> Break:
    return everywhere("exposures", "variation_id", arm)


def stale(traffic: Traffic) -> None:
    """Exposures go on, and events have not come for days."""
    times = traffic.events["timestamp"]
    end = START + timedelta(days=9)
    keep = [isinstance(t, datetime) and t < end for t in times]
    for name, values in traffic.events.items():
        traffic.events[name] = [v for v, k in zip(values, keep, strict=True) if k]


def of_challenger(traffic: Traffic) -> list[int]:
    """Places of the challenger's events."""
    arm = dict(zip(traffic.exposures["unit_id"], traffic.exposures["variation_id"], strict=True))
    units = traffic.events["unit_id"]
    return [i for i, unit in enumerate(units) if arm.get(unit) == "challenger"]


def challenger_twice(traffic: Traffic) -> None:
    """Every event of one arm is there twice: a third of all rows repeat another one."""
    places = of_challenger(traffic)
    for values in traffic.events.values():
        values += [values[i] for i in places]


def challenger_lost(traffic: Traffic) -> None:
    """Three in ten events of one arm were never logged."""
    lost = set(of_challenger(traffic)[::10]) | set(of_challenger(traffic)[1::10])
    lost |= set(of_challenger(traffic)[2::10])
    for name, values in traffic.events.items():
        traffic.events[name] = [v for i, v in enumerate(values) if i not in lost]


def bot(traffic: Traffic) -> None:
    """One unit has four hundred events on one day, every one different."""
    first = {name: values[0] for name, values in traffic.events.items()}
    for n in range(400):
        for name, values in traffic.events.items():
            values.append(START + timedelta(minutes=n + 60) if name == "timestamp" else first[name])


def rich(traffic: Traffic) -> None:
    """One event weighs more than a tenth of all."""
    traffic.events["seconds"][0] = 5_000.0


@dataclass(frozen=True)
class Broken:
    name: str
    breaking: Break
    check: str
    suffix: str = ".parquet"


BROKEN = (
    Broken("no unit column", without("exposures", "unit_id"), "data_contract.columns"),
    Broken("no timestamp column", without("exposures", "timestamp"), "data_contract.columns"),
    Broken("no A/B column", without("exposures", "experiment_id"), "data_contract.columns"),
    Broken("no arm column", without("exposures", "variation_id"), "data_contract.columns"),
    Broken("events without units", without("events", "unit_id"), "data_contract.columns"),
    Broken("events without times", without("events", "timestamp"), "data_contract.columns"),
    Broken("no metric column", without("events", "seconds"), "data_contract.columns"),
    Broken("no denominator", without("events", "sessions"), "data_contract.columns"),
    Broken("null unit", cell("exposures", "unit_id", None), "data_contract.null_units"),
    Broken("null time", cell("exposures", "timestamp", None), "data_contract.bad_exposure_times"),
    Broken("null A/B", cell("exposures", "experiment_id", None), "data_contract.null_abs"),
    Broken("null arm", cell("exposures", "variation_id", None), "data_contract.unknown_arms"),
    Broken("unknown arm", cell("exposures", "variation_id", "B"), "data_contract.unknown_arms"),
    Broken(
        "arm in capitals",
        cell("exposures", "variation_id", "Champion"),
        "data_contract.unknown_arms",
    ),
    Broken("table loaded twice", again("exposures", 900), "data_contract.duplicate_exposures"),
    Broken("one row twice", again("exposures", 1), "data_contract.duplicate_exposures"),
    Broken("units in both arms", crossing(40), "crossover"),
    Broken("half of an arm lost", lopsided, "sample_ratio"),
    Broken("one arm only", everywhere("exposures", "variation_id", "champion"), "sample_ratio"),
    Broken("stray early row", stray_early_row, "data_contract.late_start"),
    Broken(
        "exposures of tomorrow",
        cell("exposures", "timestamp", START + timedelta(days=99)),
        "data_contract.future_rows",
    ),
    Broken("event without unit", cell("events", "unit_id", None), "data_contract.null_event_units"),
    Broken(
        "event without time", cell("events", "timestamp", None), "data_contract.bad_event_times"
    ),
    Broken("NaN", cell("events", "seconds", math.nan), "data_contract.numbers/seconds"),
    Broken("infinity", cell("events", "resolved", math.inf), "data_contract.numbers/resolved"),
    Broken(
        "minus infinity",
        cell("events", "sessions", -math.inf),
        "data_contract.numbers/pace/denominator",
    ),
    Broken(
        "negative denominator",
        cell("events", "sessions", -3.0),
        "data_contract.negative/pace/denominator",
    ),
    Broken(
        "metric all missing",
        everywhere("events", "resolved", None),
        "data_contract.values/resolved",
    ),
    Broken("one arm unseen", lopsided_to("champion"), "data_contract.challenger_rows"),
    Broken("events loaded twice", again("events", 2_400), "data_contract.events_twice"),
    Broken("one arm's events loaded twice", challenger_twice, "data_contract.events_twice"),
    Broken("events of old days only", stale, "data_contract.stale_events"),
    Broken("one unit is a bot", bot, "data_contract.absurd_units"),
    Broken("one unit has all", rich, "data_contract.absurd_units"),
    Broken(
        "no event at all", everywhere("events", "unit_id", "nobody"), "data_contract.event_rows"
    ),
    Broken("metric all zero", everywhere("events", "resolved", 0.0), "metrics"),
    Broken("metric all the same", everywhere("events", "resolved", 1.0), "metrics"),
    Broken("one arm silent", silent_arm, "metrics"),
    Broken("denominator zero", everywhere("events", "sessions", 0.0), "metrics"),
    Broken("all events before exposure", shifted("events", timedelta(days=-1)), "metrics"),
    Broken("no event of any unit", everywhere("events", "unit_id", "nobody"), "metrics"),
    Broken("text for a number", cell("events", "seconds", "fast"), "numbers/seconds", ".csv"),
    Broken("text for a time", cell("exposures", "timestamp", "noon"), "exposure_times", ".csv"),
    Broken(
        "no readable time",
        everywhere("exposures", "timestamp", "noon"),
        "data_contract",
        ".csv",
    ),
)


def evidence_of(broken: Broken, folder: Path, *, units: int = UNITS) -> Evidence:
    traffic = generate(Recipe(units=units))
    broken.breaking(traffic)
    if broken.suffix == ".csv":
        for columns in (traffic.exposures, traffic.events):
            for name, values in columns.items():
                columns[name] = [None if v is None else str(v) for v in values]
    write(traffic, folder, suffix=broken.suffix)
    return measured(folder, exposures=f"exposures{broken.suffix}", events=f"events{broken.suffix}")


@pytest.mark.parametrize("broken", BROKEN, ids=lambda broken: broken.name)
def test_broken_tables_fail_a_check_that_lists_the_rows(
    broken: Broken, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evidence = evidence_of(broken, tmp_path)
    failed = {check.name: check.sentence for check in evidence.checks if check.passed is False}
    assert any(broken.check in name for name in failed), failed
    assert evidence.waits[0].who == "operator"
    monkeypatch.chdir(tmp_path)
    for sentence in failed.values():
        assert "future" in sentence or found_by(sentence)


def found_by(sentence: str) -> bool:
    """Whether the query at the end of a sentence finds rows; there may be none to list."""
    _, _, query = sentence.partition("list them: ")
    if not query:
        return True
    with duckdb.connect() as connection:
        return connection.sql(query).to_arrow_table().num_rows > 0


def test_whole_tables_fail_nothing(tmp_path: Path) -> None:
    whole = Broken("whole", lambda _: None, "")
    assert [c.name for c in evidence_of(whole, tmp_path).checks if c.passed is False] == []


def asked_of(plan: OnlinePlan, *, day: float = 14.0, candidate: str = "assistant/2") -> Asked:
    until = START + timedelta(days=day)
    period = Period(start=START, until=until, clock=until + timedelta(days=2))
    return Asked(plan=plan, arms=arms_of(plan, candidate), period=period)


def contract_of(folder: Path, asked: Asked) -> ContractReport:
    tables = Tables(exposures=folder / "exposures.parquet", events=folder / "events.parquet")
    with connected(tables) as connection:
        traffic = open_traffic(connection, tables, asked.plan)
        assert isinstance(traffic, Opened)
        return inspect(traffic, tables, asked)


def broken_in(found: ContractReport) -> set[str]:
    return {one.promise.name for one in found.held if not one.kept}


@pytest.mark.parametrize("rows", [0, 50])
def test_tables_without_a_row_of_the_ab_never_keep_the_contract(tmp_path: Path, rows: int) -> None:
    traffic = generate(Recipe(units=50, name="assistant/9"))
    for columns in (traffic.exposures, traffic.events):
        for values in columns.values():
            del values[rows:]
    write(traffic, tmp_path)
    found = contract_of(tmp_path, asked_of(plan_of()))
    assert not found.kept
    assert {"exposure_rows", "champion_rows", "challenger_rows", "event_rows"} <= broken_in(found)
    assert found.checks[0].passed is False


def test_the_report_tells_every_promise_with_its_count_and_the_result_of_the_library(
    tmp_path: Path,
) -> None:
    traffic = generate(Recipe(units=300))
    traffic.exposures["unit_id"][7] = None
    write(traffic, tmp_path)
    found = contract_of(tmp_path, asked_of(plan_of()))
    counts = {one.promise.name: one.count for one in found.held}
    assert (counts["null_units"], counts["exposure_rows"]) == (1, 300)
    assert broken_in(found) == {"null_units"}
    assert isinstance(found.validation, dict)
    assert found.validation["success"] is False
    assert json.loads(canonical_json(found.validation)) == found.validation


def of_arm(traffic: Traffic, arm: str, *, days: tuple[float, float]) -> list[int]:
    """Places of the events of one arm's units between two days."""
    since, until = (START + timedelta(days=day) for day in days)
    both = zip(traffic.exposures["unit_id"], traffic.exposures["variation_id"], strict=True)
    units = {unit for unit, met in both if met == arm}
    rows = zip(traffic.events["unit_id"], traffic.events["timestamp"], strict=True)
    return [
        n
        for n, (unit, at) in enumerate(rows)
        if unit in units and isinstance(at, datetime) and since <= at < until
    ]


@pytest.mark.parametrize("arm", ["champion", "challenger"])
def test_an_arm_of_which_no_unit_is_heard_for_a_day_is_not_analysed(
    tmp_path: Path, arm: str
) -> None:
    traffic = generate(Recipe(units=2_000))
    lost = set(of_arm(traffic, arm, days=(4.0, 6.0)))
    for name, values in traffic.events.items():
        traffic.events[name] = [value for n, value in enumerate(values) if n not in lost]
    write(traffic, tmp_path)
    assert broken_in(contract_of(tmp_path, asked_of(plan_of()))) == {"silent_arms"}


def test_a_few_units_of_a_small_arm_may_be_silent_for_a_day(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=2_000, challenger_share=0.02))
    lost = set(of_arm(traffic, "challenger", days=(4.0, 6.0)))
    for name, values in traffic.events.items():
        traffic.events[name] = [value for n, value in enumerate(values) if n not in lost]
    write(traffic, tmp_path)
    assert broken_in(contract_of(tmp_path, asked_of(plan_of(champion_share=0.98)))) == set()


def test_of_a_ramp_the_smallest_share_says_who_should_be_heard() -> None:
    ramp = [
        {"from_day": 0, "champion_share": 0.99, "analysed": False},
        {"from_day": 2, "champion_share": 0.5},
    ]
    counts = {"alone/champion": 300, "alone/challenger": 0}
    assert silent_arms(counts, plan_of(ramp=ramp)) == 0
    assert silent_arms(counts, plan_of(champion_share=0.5)) == 1
    assert silent_arms({"alone/champion": 0, "alone/challenger": 20}, plan_of(ramp=ramp)) == 1


@pytest.mark.parametrize(
    ("since", "broken"), [(None, {"events_twice"}), (3.0, {"events_twice"}), (6.0, set())]
)
def test_a_day_of_one_arm_that_was_loaded_twice_is_found_by_the_look_after_it(
    tmp_path: Path, since: float | None, broken: set[str]
) -> None:
    traffic = generate(Recipe(units=2_000))
    again = of_arm(traffic, "champion", days=(4.0, 5.5))
    for values in traffic.events.values():
        values += [values[n] for n in again]
    write(traffic, tmp_path)
    asked = asked_of(plan_of(), day=7.0)
    before = None if since is None else START + timedelta(days=since)
    asked = replace(asked, period=replace(asked.period, since=before, clock=None))
    assert broken_in(contract_of(tmp_path, asked)) == broken


def test_arms_are_called_as_the_plan_calls_them(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=300, name="new-model"))
    named = {"champion": "control", "challenger": "treated"}
    arms = [named[str(arm)] for arm in traffic.exposures["variation_id"]]
    traffic.exposures["variation_id"] = [*arms]
    write(traffic, tmp_path)
    plan = plan_of(flag="new-model", variants={"champion": "control", "challenger": "treated"})
    assert contract_of(tmp_path, asked_of(plan)).kept
    assert "unknown_arms" in broken_in(contract_of(tmp_path, asked_of(plan_of(flag="new-model"))))


def test_arms_of_other_challengers_are_known_but_not_more_than_planned(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=300, name="which"))
    three = {0: "champion", 1: "assistant/2", 2: "assistant/3", 3: "assistant/4"}
    traffic.exposures["variation_id"] = [three[i % 3] for i in range(300)]
    write(traffic, tmp_path)
    said: dict[str, object] = {"flag": "which", "variants": {"challenger": "{candidate}"}}
    two = plan_of(challengers=2, **said)
    assert contract_of(tmp_path, asked_of(two)).kept
    assert "unknown_arms" in broken_in(contract_of(tmp_path, asked_of(plan_of(**said))))
    traffic.exposures["variation_id"] = [three[i % 4] for i in range(300)]
    write(traffic, tmp_path)
    assert broken_in(contract_of(tmp_path, asked_of(two))) == {"arms"}


def test_units_that_the_plan_leaves_out_are_counted_and_cross_no_arms(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=600))
    crossing(30)(traffic)
    staff = {str(unit) for unit in traffic.exposures["unit_id"][-30:]}
    units = traffic.exposures["unit_id"]
    traffic.exposures["who"] = ["staff" if unit in staff else None for unit in units]
    write(traffic, tmp_path)
    found = contract_of(tmp_path, asked_of(plan_of(exclude={"who": ["staff"]})))
    said = {check.name: check for check in found.checks}
    assert said["crossover"].passed is True
    assert any(
        "30 units are left out, as the plan says by `who`" in c.sentence for c in found.checks
    )
    everybody = contract_of(tmp_path, asked_of(plan_of()))
    assert {c.name: c.passed for c in everybody.checks}["crossover"] is False


def test_a_heavy_unit_is_told_and_a_capped_metric_forgives_it(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=2_500))
    metrics = {"seconds": {"kind": "mean"}, "resolved": {"kind": "proportion"}}
    traffic.events["seconds"][0] = 400.0
    write(traffic, tmp_path)
    found = contract_of(tmp_path, asked_of(plan_of(metrics=metrics)))
    assert found.kept
    (remark,) = [c.sentence for c in found.checks if "as bots have" in c.sentence]
    assert "1 times one unit" in remark
    capped = {**metrics, "seconds": {"kind": "mean", "cap": 20.0}}
    quiet = contract_of(tmp_path, asked_of(plan_of(metrics=capped)))
    assert not any("as bots have" in c.sentence for c in quiet.checks)


def test_recorded_traffic_that_ends_early_is_told_and_kept(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=600))
    stale(traffic)
    write(traffic, tmp_path)
    asked = asked_of(plan_of())
    recorded = replace(asked, period=replace(asked.period, clock=None))
    assert broken_in(contract_of(tmp_path, asked)) == {"stale_events"}
    found = contract_of(tmp_path, recorded)
    assert found.kept
    assert any("older than the look" in c.sentence for c in found.checks)


def test_exposures_before_the_day_that_was_counted_from_are_told_as_late(tmp_path: Path) -> None:
    write(generate(Recipe(units=600)), tmp_path)
    asked = asked_of(plan_of())
    later = replace(asked, period=replace(asked.period, start=START + timedelta(days=1)))
    assert any("exposures came late" in c.sentence for c in contract_of(tmp_path, later).checks)


def test_a_metric_that_is_missing_has_no_estimate(tmp_path: Path) -> None:
    evidence = evidence_of(Broken("silent", silent_arm, "metrics"), tmp_path)
    values = [m.measured for m in evidence.measurements if m.metric == "online.seconds"]
    assert values
    assert not any(isinstance(value, Estimate) for value in values)


def test_a_few_crossing_units_are_left_out_and_told(tmp_path: Path) -> None:
    evidence = evidence_of(Broken("one unit crosses", crossing(1), ""), tmp_path, units=1_200)
    (check,) = [c for c in evidence.checks if c.name == "crossover"]
    assert check.passed
    assert check.sentence.startswith("1 of ")
    assert evidence.look is not None
    whole = evidence_of(Broken("whole", lambda _: None, ""), tmp_path, units=1_200).look
    assert whole is not None
    assert evidence.look.units == whole.units - 1


def test_events_outside_exposure_and_window_are_told_and_left_out(tmp_path: Path) -> None:
    def early(traffic: Traffic) -> None:
        traffic.events["timestamp"][0] = START - timedelta(days=1)
        traffic.events["seconds"][4] = -1.0

    evidence = evidence_of(Broken("early", early, ""), tmp_path)
    said = [c.sentence for c in evidence.checks if c.name == "remark"]
    assert any("1 events before the unit's first exposure" in s for s in said)
    assert any("1 events have a negative `seconds`" in s for s in said)
    assert all(c.passed is not False for c in evidence.checks)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("binary.csv", b"\xff\xfe\x00unit"),
        ("twice.csv", b"unit_id,unit_id\n1,2\n"),
        ("ragged.csv", b"unit_id,timestamp,experiment_id,variation_id\n1,2\n1,2,3,4,5,6\n"),
        ("latin.csv", "unit_id,timestamp,experiment_id,variation_id\né,2,3,4\n".encode("latin-1")),
        ("not.parquet", b"PAR1 or so"),
    ],
)
def test_unreadable_files_are_refused_by_name(tmp_path: Path, name: str, content: bytes) -> None:
    write(generate(Recipe(units=50)), tmp_path)
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=name.replace(".", r"\.")) as caught:
        measured(tmp_path, exposures=name)
    assert caught.value.fix


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_a_table_with_a_header_and_no_row_waits(tmp_path: Path, suffix: str) -> None:
    whole = generate(Recipe(units=50))
    empty = Traffic(
        exposures={name: [] for name in whole.exposures}, events={name: [] for name in whole.events}
    )
    write(empty, tmp_path, suffix=suffix)
    evidence = measured(tmp_path, exposures=f"exposures{suffix}", events=f"events{suffix}")
    assert evidence.waits[0].what.startswith("first exposure")
    assert not any(isinstance(m.measured, Estimate) for m in evidence.measurements)


def test_offsets_in_text_timestamps_are_honoured(tmp_path: Path) -> None:
    traffic = generate(Recipe(units=UNITS))
    write(traffic, tmp_path)
    expected = measured(tmp_path)
    for columns in (traffic.exposures, traffic.events):
        columns["timestamp"] = [
            f"{(t + timedelta(hours=2)).replace(tzinfo=None).isoformat()}+02:00"
            for t in columns["timestamp"]
            if hasattr(t, "isoformat")
        ]
    write(traffic, tmp_path, suffix=".csv")
    found = measured(tmp_path, exposures="exposures.csv", events="events.csv")
    assert found.measurements == expected.measurements


def test_the_contract_prints_nothing(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(generate(Recipe(units=200)), tmp_path)
    evidence = measured(tmp_path)
    assert any(m.validity is Validity.LOOK for m in evidence.measurements)
    assert capfd.readouterr() == ("", "")


def test_events_that_one_arm_lost_are_told_and_alike_arms_are_not(tmp_path: Path) -> None:
    whole, lost = tmp_path / "whole", tmp_path / "lost"
    for folder, breaking in ((whole, lambda _: None), (lost, challenger_lost)):
        folder.mkdir()
        evidence = evidence_of(Broken("", breaking, ""), folder)
        said = [check.sentence for check in evidence.checks if check.name == "remark"]
        told = [sentence for sentence in said if "see that both arms log alike" in sentence]
        assert len(told) == (folder is lost)
