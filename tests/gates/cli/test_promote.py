"""`gate promote`: three lines, an exit code, and whether the alias moved."""

import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from gates.pipeline import run_round
from tests.fakes.shell import said
from tests.fakes.workplace import (
    NO_WORSE,
    PLAN,
    SHIPS,
    SOUND,
    TRAFFIC,
    VOTED,
    WINS,
    Workplace,
    policy_text,
)
from tests.trusting import trusted

CHAIN = policy_text((PLAN, VOTED, TRAFFIC), (SOUND, NO_WORSE, WINS, SHIPS))


@pytest.fixture(autouse=True)
def _decided(place: Workplace) -> None:
    """Version 2 passed everything, version 3 failed, nobody decided on version 4."""
    file = place.policy(CHAIN)
    trusted(place.folder, file.path)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes()
    place.moments(shares=(0.6, 0.68))
    run_round(file, [], place.services)
    place.recorded()


def champion(place: Workplace) -> str:
    return place.ledger.version("assistant@champion").version


def test_a_yes_moves_the_alias_and_says_what_serves(place: Workplace) -> None:
    found = said("promote", "assistant/2")
    assert found.code == 0
    policy, ledger, answer, serves = found.out.splitlines()
    assert policy.startswith("policy release (")
    assert ledger.startswith("ledger sqlite:///")
    assert answer == "PROMOTED models:/assistant/2: `champion` points to models:/assistant/2"
    assert serves == "what serves was not checked: gate.toml names no `production` to ask"
    assert champion(place) == "2"


def test_a_script_that_does_not_deploy_is_not_yet_serving(place: Workplace) -> None:
    settings = place.folder / "gate.toml"
    text = settings.read_text()
    settings.write_text(text.replace("policies = {", 'deploy = "./nowhere.sh"\npolicies = {', 1))
    found = said("promote", "assistant/2")
    assert found.code == 4
    assert "PROMOTED models:/assistant/2" in found.out
    assert "NOT YET serving 2: " in found.out
    assert champion(place) == "2"
    document = said("promote", "assistant/2", "--json").json
    assert document["production"]["deployed"] is False  # type: ignore[index]


def test_a_dry_run_says_yes_and_moves_nothing(place: Workplace) -> None:
    found = said("promote", "assistant/2", "--dry-run")
    assert found.code == 0
    assert "YES, would promote models:/assistant/2" in found.out
    assert champion(place) == "1"


def test_a_fail_is_no(place: Workplace) -> None:
    found = said("promote", "models:/assistant/3")
    assert found.code == 1
    assert "NO, not promoted models:/assistant/3: offline: " in found.out
    assert champion(place) == "1"


def test_an_undecided_version_cannot_be_told(place: Workplace) -> None:
    found = said("promote", "assistant/4")
    assert found.code == 3
    assert "CANNOT TELL, not promoted" in found.out
    assert "gate run " in found.out
    assert champion(place) == "1"


def test_a_ledger_that_is_down_is_broken(place: Workplace) -> None:
    place.ledger.is_down = True
    found = said("promote", "assistant/2", "--json")
    assert (found.code, found.schema) == (4, "gate.error/1")


def test_json_is_one_document_with_the_decision(place: Workplace) -> None:
    found = said("promote", "assistant/2", "--dry-run", "--json")
    document = json.loads(found.out)
    assert found.err == ""
    assert document["schema"] == "gate.promotion/1"
    assert document["answer"] == "would promote"
    assert (document["before"], document["alias"]) == ("models:/assistant/1", "champion")
    assert document["decision"]["candidates"][0]["verdict"] == "PASS"
    assert (document["refused_by"], document["production"]) == (None, None)
    assert len(document["signed_decision"]) == 64
    assert json.loads(said("promote", "assistant/4", "--json").out)["decision"] is None
    assert champion(place) == "1"


def test_an_alias_that_no_policy_may_move_is_wrong_usage_with_the_line_to_add(
    place: Workplace,
) -> None:
    for arguments in (
        ["assistant/2", "--to", "canary"],
        ["other/1"],
        ["assistant@champion", "--to", "x"],
    ):
        found = said("promote", *arguments)
        assert found.code == 2
        assert "no policy may move" in found.err
        assert "policies = {" in found.err
    place.policy(CHAIN.replace("model: assistant", "model: judge"), name="judging")
    assert '{ champion = "judging" }' in said("promote", "judge/1").err
    assert '{ champion = "POLICY" }' in said("promote", "other/1").err
    found = said("promote", "assistant/2", "--to", "canary", "--policy", "release")
    assert found.code == 1
    assert "the trust file lets nothing move assistant@canary" in found.out
    assert "canary" not in place.ledger.aliases["assistant"]


def test_another_policy_than_the_trusted_one_moves_nothing(place: Workplace) -> None:
    place.policy(CHAIN.replace("policy: release", "policy: lax"), name="lax")
    found = said("promote", "assistant/2", "--policy", "lax")
    assert found.code == 2
    assert "lax.yaml may not move assistant@champion" in found.err
    assert champion(place) == "1"
    assert said("promote", "assistant/2", "--policy", "release").code == 0


def test_the_step_summary_has_the_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    said("promote", "assistant/2")
    said("promote", "assistant/4")
    summary = Path("summary.md").read_text()
    assert "### PROMOTED models:/assistant/2" in summary
    assert "### CANNOT TELL, not promoted models:/assistant/4" in summary


def test_a_summary_that_cannot_be_written_changes_no_answer(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "/nowhere/summary.md")
    found = said("promote", "assistant/2", "--json")
    assert (found.code, found.schema) == (0, "gate.promotion/1")
    assert "warning: cannot write the step summary" in found.err
    assert champion(place) == "2"


def kinds(path: str) -> list[str]:
    return [case[0].tag for case in ET.parse(path).getroot().iter("testcase")]


def test_junit_says_each_criterion_and_errors_where_nothing_was_decided() -> None:
    said("promote", "assistant/2", "--dry-run", "--junit", "yes.xml")
    assert set(kinds("yes.xml")) == {"system-out"}
    said("promote", "assistant/4", "--junit", "unknown.xml")
    assert kinds("unknown.xml") == ["error"] * 7
    said("promote", "assistant/3", "--junit", "no.xml")
    assert "failure" in kinds("no.xml")


def test_a_password_in_the_store_is_not_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:hunter2@mlflow.example")
    found = said("promote", "assistant/2", "--dry-run")
    assert found.code == 0
    assert "hunter2" not in found.out + found.err
