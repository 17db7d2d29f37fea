"""`gate run`: what it prints, what it leaves in files, and what its exit code means."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, PLAN, SOUND, VOTED, WINS, Workplace, policy_text

VOTING = policy_text((PLAN, VOTED), (SOUND, NO_WORSE, WINS))


def test_someone_passing_is_yes(place: Workplace) -> None:
    place.policy()
    place.recorded()
    place.recorded(wrong_every=1)
    found = said("run", "release")
    assert found.code == 0
    assert found.err.startswith("not signed: the workspace names no trust file")
    assert "models:/assistant/1" in found.out
    assert "passed offline" in found.out


def test_all_failing_is_no(place: Workplace) -> None:
    place.policy()
    place.recorded(wrong_every=1)
    assert said("run", "release").code == 1


def held(place: Workplace) -> None:
    place.policy(VOTING)
    place.champion()
    place.recorded()
    place.votes(votes=10, wins=5)


def test_waiting_is_cannot_tell_and_says_for_whom_and_what_next(place: Workplace) -> None:
    held(place)
    found = said("run", "release")
    assert found.code == 3
    assert "models:/assistant/2 waits for " in found.out
    assert "annotators" in found.out
    assert "  next: gate " in found.out


def test_hold_ok_turns_cannot_tell_into_yes_and_nothing_else(place: Workplace) -> None:
    held(place)
    assert said("run", "release", "--hold-ok").code == 0
    place.policy(policy_text().replace("release", "other"), name="other")
    place.recorded(wrong_every=1)
    assert said("run", "other", "assistant/3", "--hold-ok").code == 1


def broken(place: Workplace) -> None:
    place.policy()
    place.recorded()
    place.ledger.files["models:/assistant/1"] = b"?\n"


def test_something_broken_is_broken_even_when_holds_are_fine(place: Workplace) -> None:
    broken(place)
    assert said("run", "release").code == 4
    assert said("run", "release", "--hold-ok").code == 4


def test_someone_passing_beside_a_broken_one_is_yes(place: Workplace) -> None:
    broken(place)
    place.recorded()
    assert said("run", "release").code == 0


def test_a_fail_beside_a_hold_cannot_tell(place: Workplace) -> None:
    held(place)
    place.recorded(wrong_every=1)
    assert said("run", "release").code == 3


def test_a_decision_that_is_not_logged_yet_is_broken_and_kept(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.policy()
    place.recorded()

    def down(_: object) -> None:
        place.ledger.is_down = True
        place.ledger.ping()

    with monkeypatch.context() as patched:
        patched.setattr(place.ledger, "log", down)
        found = said("run", "release", "--json")
    assert found.code == 4
    assert found.schema == "gate.decision/1"
    assert "1 decision(s) wait for MLflow" in found.err
    place.ledger.is_down = False
    assert said("run", "release").code == 0


def test_json_is_one_decision_and_nothing_else(place: Workplace) -> None:
    held(place)
    found = said("run", "release", "--json")
    (candidate,) = json.loads(found.out)["candidates"]
    assert found.err.startswith("not signed: ")
    assert (candidate["candidate"], candidate["verdict"]) == ("models:/assistant/2", "HOLD")
    assert candidate["stages"][0]["run_id"]


def test_the_same_round_again_logs_nothing_more(place: Workplace) -> None:
    held(place)
    first = said("run", "release", "--json")
    place.later(days=2)
    assert said("run", "release", "--json").out == first.out
    assert len(place.ledger.records) == 1


def test_named_candidates_only(place: Workplace) -> None:
    place.policy()
    for _ in range(3):
        place.recorded()
    found = said("run", "release", "assistant/2", "models:/assistant/3", "--json")
    named = [c["candidate"] for c in json.loads(found.out)["candidates"]]
    assert named == ["models:/assistant/2", "models:/assistant/3"]


def test_no_champion_is_wrong_usage_with_adopt_as_the_mend(place: Workplace) -> None:
    place.policy(VOTING)
    place.recorded()
    found = said("run", "release")
    assert found.code == 2
    assert "has no champion yet" in found.err
    assert "fix: gate adopt assistant/" in found.err


def test_junit_has_a_case_per_criterion_and_holds_are_errors(place: Workplace) -> None:
    held(place)
    place.recorded(wrong_every=1)
    assert said("run", "release", "--junit", "out.xml").code == 3
    suites = ET.parse("out.xml").getroot()
    assert suites.get("skipped") == "0"
    first, second = suites
    kinds = {case.get("name"): [child.tag for child in case] for case in first}
    names = list(kinds)
    assert [kinds[name] for name in names if name and name.startswith("sums")] == [
        ["system-out"],
        ["system-out"],
    ]
    assert [kinds[n] for n in names if n and n.startswith("side_by_side")] == [["error"]]
    assert [len(list(case.iter("failure"))) for case in second].count(1) >= 2
    assert [case[0].get("message") for case in second if case[0].tag == "error"] == [
        "the stage was not reached"
    ] * 2


def test_a_junit_file_without_a_folder_is_refused_before_anything_is_measured(
    place: Workplace,
) -> None:
    place.policy()
    place.recorded()
    found = said("run", "release", "--junit", "nowhere/out.xml")
    assert found.code == 2
    assert "there is no folder" in found.err
    assert place.ledger.records == {}


def test_a_junit_file_that_cannot_be_written_changes_no_answer(place: Workplace) -> None:
    place.policy()
    place.recorded()
    Path("out.xml").symlink_to("/proc/1/none")
    found = said("run", "release", "--junit", "out.xml")
    assert found.code == 0
    assert "warning: cannot write out.xml" in found.err


@pytest.mark.parametrize("in_github", [True, False])
def test_the_step_summary_is_written_inside_github_only(
    place: Workplace, monkeypatch: pytest.MonkeyPatch, *, in_github: bool
) -> None:
    held(place)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    monkeypatch.setenv("GITHUB_ACTIONS", str(in_github).lower())
    said("run", "release")
    assert Path("summary.md").exists() is in_github
    if in_github:
        summary = Path("summary.md").read_text()
        assert "policy release" in summary
        assert "models:/assistant/2" in summary


def test_addresses_of_pages_are_printed(place: Workplace, monkeypatch: pytest.MonkeyPatch) -> None:
    place.policy()
    place.recorded()
    log = place.ledger.log

    def with_url(record: object) -> object:
        from dataclasses import replace

        return tuple(replace(one, url="http://mlflow/1") for one in log(record))  # type: ignore[arg-type]

    monkeypatch.setattr(place.ledger, "log", with_url)
    assert "models:/assistant/1: http://mlflow/1" in said("run", "release").out
