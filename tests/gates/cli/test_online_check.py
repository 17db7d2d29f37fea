"""`gate online check`: whether an A/B could be analysed, and not a word of what it says."""

from datetime import timedelta

import pytest

from gates.cli.frame import Exit
from tests.fakes.shell import Said, said
from tests.fakes.workplace import SHIPS, TRAFFIC, Workplace, policy_text
from tests.stages.online.traffic_of import START, Recipe, Traffic, generate, write

PLAN = TRAFFIC.replace(
    "moments: ../data/moments.csv",
    "exposures: ../data/exposures.parquet, events: ../data/events.parquet",
).replace("column: r}", "column: resolved}")
RAMP = "ramp: [{from_day: 0, champion_share: 0.9, analysed: false}, {from_day: 5, "
RAMPED = PLAN.replace("planned_units", RAMP + "champion_share: 0.5}], planned_units")
METRICS = ("resolved", "seconds", "sessions")


@pytest.fixture
def ab(place: Workplace) -> Workplace:
    """A champion, a candidate, a policy with an A/B on tables; its tenth day."""
    place.policy(policy_text((PLAN,), (SHIPS,)))
    place.champion()
    place.recorded()
    place.now = START + timedelta(days=10)
    return place


def checked(place: Workplace, traffic: Traffic) -> Said:
    write(traffic, place.data)
    return said("online", "check", "release", "--json")


def checks(found: Said) -> dict[str, object]:
    (one,) = candidates(found)
    assert isinstance(one["checks"], list)
    return {check["name"]: check["passed"] for check in one["checks"]}


def candidates(found: Said) -> list[dict[str, object]]:
    listed = found.json["candidates"]
    assert isinstance(listed, list)
    return listed


def ten_days(**changes: float) -> Traffic:
    return generate(Recipe(units=600, days=9.7, **changes))  # type: ignore[arg-type]


def test_whole_traffic_can_be_analysed_and_no_metric_is_told(ab: Workplace) -> None:
    found = checked(ab, ten_days())
    assert found.code == Exit.YES
    assert checks(found) == dict.fromkeys(
        (
            *("access", "columns", "types", "exposures", "freshness", "data_contract"),
            *("crossover", "sample_ratio"),
        ),
        True,
    )
    (one,) = candidates(found)
    assert one["experiment_id"] == "assistant/2"
    assert one["first_exposure"] == START.isoformat()
    told = said("online", "check", "release")
    assert told.code == Exit.YES
    assert "PASS  sample_ratio" in told.out
    assert not any(metric in found.out + told.out for metric in METRICS)


def test_before_the_first_exposure_columns_are_tested_and_nothing_is_wrong(ab: Workplace) -> None:
    found = checked(ab, generate(Recipe(units=50, days=9.7, name="assistant/7")))
    assert found.code == Exit.CANNOT_TELL
    assert checks(found) == {"access": True, "columns": True, "types": True, "exposures": None}
    assert "no exposure yet" in said("online", "check", "release", "assistant/2").out


def test_a_lacking_column_is_named_before_the_first_exposure(ab: Workplace) -> None:
    traffic = generate(Recipe(units=50, name="assistant/7"))
    del traffic.events["resolved"]
    found = checked(ab, traffic)
    assert found.code == Exit.NO
    assert checks(found) == {"access": True, "columns": False}
    assert "`resolved` of the events" in found.out


def test_a_column_of_lists_is_no_number(ab: Workplace) -> None:
    traffic = ten_days()
    traffic.events["resolved"] = [[1.0]] * len(traffic.events["resolved"])
    found = checked(ab, traffic)
    assert found.code == Exit.NO
    assert checks(found)["types"] is False


def test_a_broken_contract_says_no_and_how_to_list_the_rows(ab: Workplace) -> None:
    traffic = ten_days()
    traffic.exposures["variation_id"][7] = "B"
    found = checked(ab, traffic)
    assert found.code == Exit.NO
    assert checks(found)["data_contract.unknown_arms"] is False
    assert "list them: SELECT" in found.out


def test_stale_traffic_says_no(ab: Workplace) -> None:
    found = checked(ab, generate(Recipe(units=300, days=3.0)))
    assert found.code == Exit.NO
    assert checks(found)["freshness"] is False


def test_a_split_that_is_off_says_no(ab: Workplace) -> None:
    found = checked(ab, ten_days(challenger_share=0.3))
    assert found.code == Exit.NO
    assert checks(found)["sample_ratio"] is False


def test_the_split_of_a_ramp_is_held_against_its_phases(ab: Workplace) -> None:
    ab.policy(policy_text((RAMPED,), (SHIPS,)))
    traffic = ten_days()
    arms, times = traffic.exposures["variation_id"], traffic.exposures["timestamp"]
    for i, time in enumerate(times):
        early = isinstance(time, type(START)) and time < START + timedelta(days=5)
        arms[i] = "challenger" if i % (10 if early else 2) == 0 else "champion"
    found = checked(ab, traffic)
    assert checks(found)["sample_ratio"] is True
    assert "from day 5 on, planned at 50.0% champion" in found.out
    assert checks(checked(ab, ten_days()))["sample_ratio"] is False


def test_units_that_the_plan_leaves_out_are_no_part_of_the_split(ab: Workplace) -> None:
    out = PLAN.replace("planned_units", "exclude: {who: [staff]}, planned_units")
    traffic = ten_days()
    arms = traffic.exposures["variation_id"]
    staff = [arm == "champion" and i % 2 == 0 for i, arm in enumerate(arms)]
    traffic.exposures["variation_id"] = [
        "challenger" if mine else arm for arm, mine in zip(arms, staff, strict=True)
    ]
    traffic.exposures["who"] = ["staff" if mine else "user" for mine in staff]
    assert checks(checked(ab, traffic))["sample_ratio"] is False
    for i, arm in enumerate(arms):
        if arm == "challenger" and i % 2 == 0:
            traffic.exposures["who"][i] = "staff"
    ab.policy(policy_text((out,), (SHIPS,)))
    assert checks(checked(ab, traffic))["sample_ratio"] is True


def test_exposures_without_a_readable_time_say_no(ab: Workplace) -> None:
    traffic = ten_days()
    traffic.exposures["timestamp"] = [None] * len(traffic.exposures["timestamp"])
    traffic.exposures["timestamp"][0] = START
    traffic.exposures["experiment_id"][0] = "another"
    found = checked(ab, traffic)
    assert found.code == Exit.NO
    assert checks(found)["exposures"] is False


def test_arm_moments_are_checked_by_their_own_contract(ab: Workplace) -> None:
    ab.policy(policy_text((TRAFFIC,), (SHIPS,)))
    ab.moments(shares=(0.5, 0.6))
    text = (ab.data / "moments.csv").read_text()
    assert said("online", "check", "release").code == Exit.YES
    (ab.data / "moments.csv").write_text(text.replace("0.6,", "1.6,"))
    broken = said("online", "check", "release", "--json")
    assert broken.code == Exit.NO
    assert checks(broken)["data_contract"] is False
    ab.moments(candidate="assistant/7", shares=(0.5, 0.6))
    assert said("online", "check", "release").code == Exit.CANNOT_TELL


def test_absent_files_and_arms_of_one_name_are_wrong_usage(ab: Workplace) -> None:
    found = said("online", "check", "release")
    assert found.code == Exit.WRONG_USAGE
    assert "there is no traffic file" in found.err
    one = "variants: {champion: x, challenger: x}, planned_units"
    ab.policy(policy_text((PLAN.replace("planned_units", one),), (SHIPS,)))
    told = said("online", "check", "release")
    assert told.code == Exit.WRONG_USAGE
    assert "cannot be told apart" in told.err


def test_a_policy_without_an_ab_is_wrong_usage(ab: Workplace) -> None:
    ab.policy()
    assert said("online", "check", "release").code == Exit.WRONG_USAGE
