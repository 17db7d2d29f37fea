"""`gate online assignment`: rules that flag services read, and one unit's arm."""

import json
from pathlib import Path

import pytest

from gates.cli.frame import Exit
from stages.online.assignment.hashing import growthbook_bucket
from tests.fakes.shell import said
from tests.fakes.workplace import SHIPS, TRAFFIC, Workplace, policy_text

CALL = ("online", "assignment", "release")
RAMPED = TRAFFIC.replace("moments: ../data/moments.csv", "exposures: x.csv, events: e.csv").replace(
    "planned_units",
    "ramp: [{from_day: 0, champion_share: 0.9, analysed: false}, "
    "{from_day: 2, champion_share: 0.5}], planned_units",
)


@pytest.fixture
def ab(place: Workplace) -> Workplace:
    """A champion, one candidate, and a policy with an A/B."""
    place.policy(policy_text((TRAFFIC,), (SHIPS,)))
    place.champion()
    place.recorded()
    return place


def planned(place: Workplace, traffic: str) -> None:
    place.policy(policy_text((traffic,), (SHIPS,)))


@pytest.mark.usefixtures("ab")
def test_without_a_service_arms_shares_and_columns_are_told() -> None:
    found = said(*CALL)
    assert found.code == Exit.YES
    assert "experiment_id assistant/2" in found.out
    assert "challenger    assistant/2  50.00%" in found.out
    assert "unit_id, timestamp, experiment_id, variation_id" in found.out
    assert said(*CALL, "--json").json == {
        "schema": "gate.online-assignment/1",
        "experiment_id": "assistant/2",
        "by_gate": True,
        "arms": [
            {"variation_id": "champion", "serves": "assistant/1"},
            {"variation_id": "challenger", "serves": "assistant/2"},
        ],
        "steps": [{"from_day": 0.0, "shares": [0.5, 0.5]}],
        "columns": ["unit_id", "timestamp", "experiment_id", "variation_id"],
    }


@pytest.mark.usefixtures("ab")
def test_a_rule_for_growthbook_is_printed_or_written(tmp_path: Path) -> None:
    rule = said(*CALL, "assistant/2", "--to", "growthbook", "--coverage", "0.02").json
    assert isinstance(rule["assistant/2"], dict)
    assert rule["assistant/2"]["rules"][0]["coverage"] == 0.02
    file = tmp_path / "rule.json"
    found = said(*CALL, "--to", "growthbook", "--coverage", "0.02", "-o", str(file), "--json").json
    assert json.loads(file.read_text()) == rule == found["rule"]
    assert found["file"] == str(file)
    assert said(*CALL, "--to", "growthbook", "-o", str(file)).out == f"wrote {file}\n"


@pytest.mark.usefixtures("ab")
def test_a_rule_for_flagd_has_the_flag_of_the_experiment() -> None:
    flags = said(*CALL, "--to", "flagd").json["flags"]
    assert isinstance(flags, dict)
    assert list(flags) == ["assistant/2"]


@pytest.mark.usefixtures("ab")
def test_a_units_arm_is_told_with_the_reason() -> None:
    bucket = growthbook_bucket("user-1", "assistant/2")
    arm = "champion" if bucket < 0.5 else "challenger"
    told = said(*CALL, "--unit", "user-1").out
    assert told.startswith(f"user-1 meets {arm} (assistant/")
    assert f"its bucket is {bucket:g} (FNV-1a of seed and unit, twice)" in told
    found = said(*CALL, "--unit", "user-1", "--json").json
    assert (found["variation_id"], found["bucket"]) == (arm, bucket)
    assert "MurmurHash3" in said(*CALL, "--unit", "user-1", "--to", "flagd").out


@pytest.mark.usefixtures("ab")
def test_a_unit_outside_the_coverage_takes_no_part() -> None:
    options = ("--coverage", "0.0001", "--unit", "user-1")
    assert "takes no part" in said(*CALL, *options).out
    assert said(*CALL, *options, "--json").json["variation_id"] is None


@pytest.mark.usefixtures("ab")
def test_units_of_a_file_are_listed_with_their_arms(tmp_path: Path) -> None:
    units, out = tmp_path / "units.txt", tmp_path / "arms.csv"
    units.write_text("".join(f"u{i}\n" for i in range(100)))
    found = said(*CALL, "--to", "csv", "--units", str(units))
    assert found.out.splitlines()[0] == "unit_id,experiment_id,variation_id,bucket"
    assert "100 of 100 units take part" in found.err
    assert "100 of 100" in said(*CALL, "--units", str(units), "-o", str(out)).out
    assert out.read_text() == found.out
    counted = said(*CALL, "--units", str(units), "--coverage", "0.5", "--json").json
    assert isinstance(counted["outside"], int)
    assert 30 < counted["outside"] < 70


@pytest.mark.usefixtures("ab")
@pytest.mark.parametrize("content", [b"u1\nu1\n", "zoé\n".encode(), b"\xff\xfe"])
def test_units_that_cannot_be_told_apart_are_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "units.txt").write_bytes(content)
    found = said(*CALL, "--units", str(tmp_path / "units.txt"))
    assert found.code == Exit.WRONG_USAGE
    assert "cannot" in found.err


@pytest.mark.usefixtures("ab")
def test_a_unit_that_services_hash_differently_is_refused() -> None:
    assert said(*CALL, "--unit", "zoé").code == Exit.WRONG_USAGE
    assert said(*CALL, "--unit", "zoé", "--to", "flagd").code == Exit.YES


@pytest.mark.usefixtures("ab")
def test_a_list_needs_units() -> None:
    found = said(*CALL, "--to", "csv")
    assert found.code == Exit.WRONG_USAGE
    assert "--units" in found.err


def test_the_rule_of_a_ramp_is_that_of_the_day_and_asks_for_memory(ab: Workplace) -> None:
    planned(ab, RAMPED)
    first, later = (said(*CALL, "--to", "growthbook", "--day", d) for d in ("0", "2"))
    assert first.code == later.code == Exit.YES
    assert "0.9" in first.out
    assert "0.9" not in later.out
    assert "sticky bucketing" in first.err
    assert "keeps its arm" in said(*CALL, "--unit", "user-1").out
    flagd = said(*CALL, "--to", "flagd")
    assert flagd.code == Exit.WRONG_USAGE
    assert "it remembers no unit" in flagd.err


def test_others_assign_where_the_plan_says_so(ab: Workplace) -> None:
    planned(ab, TRAFFIC.replace("planned_units", "assignment: external, flag: m, planned_units"))
    shown = said(*CALL)
    assert "by others (`assignment: external`)" in shown.out
    assert "experiment_id m" in shown.out
    for more in (("--to", "growthbook"), ("--unit", "u")):
        found = said(*CALL, *more)
        assert found.code == Exit.WRONG_USAGE
        assert "others assign" in found.err


def test_each_of_several_candidates_needs_an_ab_of_its_own(ab: Workplace) -> None:
    ab.recorded()
    assert said(*CALL).code == Exit.WRONG_USAGE
    assert said(*CALL, "assistant/3").code == Exit.YES


def test_a_policy_without_an_ab_is_refused(ab: Workplace) -> None:
    ab.policy()
    found = said(*CALL)
    assert found.code == Exit.WRONG_USAGE
    assert "has no A/B" in found.err
