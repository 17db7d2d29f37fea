"""`gate init`, `gate config show` and `gate doctor`, and the options that commands share."""

import json
from pathlib import Path

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import NO_WORSE, Workplace, policy_text


def test_a_new_workspace_is_written_once_and_leads_to_the_doctor(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = said("init", "new place", "--model", "helper")
    assert found.code == 0
    assert "wrote new place/gate.toml" in found.out
    assert found.out.endswith("next: cd 'new place'; gate doctor\n")
    assert said("init", "new place").code == 2
    assert said("init").out.endswith("next: gate doctor\n")
    assert json.loads(said("init", "other", "--json").out)["schema"] == "gate.init/1"


def test_every_setting_is_shown_with_its_origin_and_without_its_secrets(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://me:hunter2@mlflow.example")
    found = said("config", "show", "--state", "elsewhere")
    assert found.code == 0
    rows = {line.split()[0]: line for line in found.out.splitlines()[1:]}
    assert "MLFLOW_TRACKING_URI" in rows["mlflow.tracking_uri"]
    assert "--state" in rows["state.url"]
    document = said("config", "show", "--state", "elsewhere", "--json")
    assert document.schema == "gate.config/1"
    settings = {s["name"]: s for s in json.loads(document.out)["settings"]}
    assert settings["state.url"]["value"] == str(place.folder / "elsewhere")
    assert "hunter2" not in found.out + document.out


def test_a_healthy_workspace_is_ok_line_by_line(place: Workplace) -> None:
    place.policy()
    found = said("doctor")
    assert (found.code, found.err) == (0, "")
    assert all(line.startswith("ok ") for line in found.out.splitlines())


def test_what_is_amiss_is_told_with_its_mend(place: Workplace) -> None:
    place.policy(policy_text(criteria=(NO_WORSE,)))
    found = said("doctor")
    assert found.code == 4
    assert "BAD assistant@champion: assistant has no champion yet" in found.out
    assert "    fix: gate register assistant" in found.out
    document = json.loads(said("doctor", "--json").out)
    assert document["schema"] == "gate.doctor/1"
    assert [e["healthy"] for e in document["examined"]] == [True, True, True, False]


@pytest.mark.parametrize(
    "arguments",
    [["doctor"], ["status", "assistant"], ["run", "release"], ["promote", "assistant/1"]],
)
def test_without_a_store_it_says_how_to_name_one(place: Workplace, arguments: list[str]) -> None:
    place.toml('[models.assistant]\npolicies = { champion = "release" }\n')
    place.policy()
    found = said(*arguments, "--json")
    assert (found.code, found.schema) == (2, "gate.error/1")
    assert "gate init" in found.err


def test_a_folder_as_state_is_refused_on_a_machine_that_passes(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.policy()
    monkeypatch.delenv("GATE_ALLOW_LOCAL_STATE")
    monkeypatch.setenv("CI", "true")
    found = said("run", "release")
    assert found.code == 2
    assert "GATE_ALLOW_LOCAL_STATE=1" in found.err
