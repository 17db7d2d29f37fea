"""A new workspace works as it is written, and overwrites nothing."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gates.starter.scaffold import write_workspace
from gates.workspace import load_workspace
from policies.benchmark_tasks import BenchmarkTask
from policies.criteria import NonInferior
from policies.errors import WrongUsage
from policies.load import load_policy, policy_schema
from stages.evidence.items import parse_item
from stages.offline.scoring import check_items, score_for

FILES = {
    "gate.toml",
    "policies/first.yaml",
    "policy.schema.json",
    "data/sample.jsonl",
    ".github/workflows/gate.yml",
}
STORE = "sqlite:///mlflow.db"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "new"
    write_workspace(folder, name="assistant", tracking_uri=STORE)
    return folder.resolve()


def test_the_files_that_were_written_are_named(tmp_path: Path) -> None:
    written = write_workspace(tmp_path / "a" / "b", name="assistant", tracking_uri=STORE)
    assert {str(p.relative_to(tmp_path / "a" / "b")) for p in written} == FILES
    assert all(p.is_file() for p in written)


def test_the_settings_load_and_say_the_store_and_the_model(folder: Path) -> None:
    workspace = load_workspace(folder, {})
    assert workspace.tracking_uri == f"sqlite:///{folder}/mlflow.db"
    assert workspace.state_url == f"{folder}/.gate/state"
    assert workspace.policy_path("assistant", "champion") == folder / "policies/first.yaml"


def test_the_first_policy_loads_fits_thirty_lines_and_has_a_margin_of_three_points(
    folder: Path,
) -> None:
    path = folder / "policies" / "first.yaml"
    policy = load_policy(path)
    assert len(path.read_text("utf-8").splitlines()) <= 30
    assert policy.model == "assistant"
    assert NonInferior(margin=0.03) in [c.demand for c in policy.criteria]


def test_the_first_policy_needs_nothing_from_the_network(folder: Path) -> None:
    tasks = load_policy(folder / "policies" / "first.yaml").plan.offline or {}
    for task in tasks.values():
        assert isinstance(task, BenchmarkTask)
        assert (folder / "policies" / task.data).is_file()


def test_the_sample_has_twenty_questions_whose_targets_score(folder: Path) -> None:
    policy = load_policy(folder / "policies" / "first.yaml")
    task = (policy.plan.offline or {})["sample"]
    assert isinstance(task, BenchmarkTask)
    lines = (folder / "data" / "sample.jsonl").read_text("utf-8").splitlines()
    items = [parse_item(json.loads(line), where="sample") for line in lines]
    assert len({item.id for item in items}) == len({item.digest for item in items}) == 20
    check_items(task.scorer, items, where="sample.jsonl")
    score = score_for(task.scorer)
    assert all(score(f"That makes {item.targets[0]}.", item) == 1 for item in items)
    assert all(score("That makes 12345.", item) == 0 for item in items)


def test_the_hints_in_the_first_policy_load_when_they_are_taken(folder: Path) -> None:
    text = (folder / "policies" / "first.yaml").read_text("utf-8")
    taken = text.replace("    # toxicity:", "    toxicity:").replace("  # - {", "  - {")
    path = folder / "policies" / "second.yaml"
    path.write_text(taken, encoding="utf-8")
    assert "toxicity.rate" in load_policy(path).plan.metrics()


def test_the_hints_in_the_settings_load_when_they_are_taken(folder: Path) -> None:
    path = folder / "gate.toml"
    taken = re.sub(r"(?m)^# (\[|\w+ = )", r"\1", path.read_text("utf-8"))
    path.write_text(taken, encoding="utf-8")
    workspace = load_workspace(folder, {})
    assert "judge" in workspace.endpoints
    assert workspace.models["assistant"].deploy == "./ops/deploy.sh"


def test_the_schema_is_where_the_policy_says_and_is_the_policys(folder: Path) -> None:
    first = (folder / "policies" / "first.yaml").read_text("utf-8").splitlines()[0]
    reference = first.split("$schema=")[1]
    schema = json.loads((folder / "policies" / reference).read_text("utf-8"))
    assert schema == policy_schema()


def jobs(folder: Path) -> Mapping[str, dict[str, Any]]:
    workflow = yaml.safe_load((folder / ".github/workflows/gate.yml").read_text("utf-8"))
    assert workflow["permissions"] == {"contents": "read"}
    found: dict[str, dict[str, Any]] = workflow["jobs"]
    return found


def scripts(job: Mapping[str, Any]) -> list[str]:
    return [step["run"] for step in job["steps"] if "run" in step]


def test_the_workflow_runs_no_text_of_others_as_shell(folder: Path) -> None:
    every = [script for job in jobs(folder).values() for script in scripts(job)]
    assert any("gate policy check" in script for script in every)
    assert not any("${{" in script for script in every)


def test_the_workflow_promotes_after_a_dry_run_behind_a_protected_environment(
    folder: Path,
) -> None:
    found = jobs(folder)
    moving = [
        name
        for name, job in found.items()
        if any("gate promote" in s and "--dry-run" not in s for s in scripts(job))
    ]
    assert moving == ["promote"]
    promote = found["promote"]
    assert promote["needs"] == "dry-run"
    assert promote["environment"] == "production"
    assert promote["concurrency"] == {
        "group": "gate-promote-assistant",
        "cancel-in-progress": False,
    }
    for name in ("dry-run", "promote"):
        assert '--expect "$EXPECT"' in scripts(found[name])[-1]


def test_only_the_promotion_sees_the_key_that_signs(folder: Path) -> None:
    holders = [name for name, job in jobs(folder).items() if "GATE_KEY" in str(job["steps"])]
    assert holders == ["promote"]


def test_a_forks_pull_request_gets_no_secrets_and_may_not_write(folder: Path) -> None:
    found = jobs(folder)
    may_write = [name for name, job in found.items() if "write" in str(job.get("permissions"))]
    assert may_write == ["replay"]
    assert found["replay"]["permissions"] == {"contents": "read", "pull-requests": "write"}
    same = "github.event.pull_request.head.repo.full_name == github.repository"
    assert same in found["replay"]["if"]
    assert "secrets." not in str(found["check"])


def test_files_that_are_there_are_named_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("mine", encoding="utf-8")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "sample.jsonl").write_text("mine", encoding="utf-8")
    with pytest.raises(WrongUsage) as caught:
        write_workspace(tmp_path, name="assistant", tracking_uri=STORE)
    assert caught.value.exit_code == 2
    assert "gate.toml, data/sample.jsonl" in caught.value.why
    assert {p.name for p in tmp_path.rglob("*") if p.is_file()} == {"gate.toml", "sample.jsonl"}
    assert (tmp_path / "gate.toml").read_text("utf-8") == "mine"


def test_a_folder_that_cannot_be_written_to_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(WrongUsage, match="cannot write"):
        write_workspace(tmp_path / "file" / "new", name="assistant", tracking_uri=STORE)


def test_nothing_is_written_through_a_link_that_points_nowhere(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(WrongUsage, match="cannot write"):
        write_workspace(tmp_path, name="assistant", tracking_uri=STORE)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("name", ["", "a/b", "models:/a", "a b", '"a"', ".a", "a\n"])
def test_a_name_that_cannot_stand_in_a_uri_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(WrongUsage, match="cannot call"):
        write_workspace(tmp_path / "new", name=name, tracking_uri=STORE)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("name", ["yes", "null", "12", "1e3", "my.model", "My-Model_2"])
def test_any_other_name_comes_through_yaml_and_toml_unchanged(tmp_path: Path, name: str) -> None:
    write_workspace(tmp_path, name=name, tracking_uri=STORE)
    assert load_policy(tmp_path / "policies" / "first.yaml").model == name
    assert list(load_workspace(tmp_path, {}).models) == [name]


@pytest.mark.parametrize("uri", ['http://h/"x"', "http://h/\\x", "http://h/$model", "http://h/é"])
def test_an_address_comes_through_unchanged(tmp_path: Path, uri: str) -> None:
    write_workspace(tmp_path, name="assistant", tracking_uri=uri)
    assert load_workspace(tmp_path, {}).tracking_uri == uri


@pytest.mark.parametrize("uri", ["https://u:hunter2@h", "http://h/?token=hunter2"])
def test_a_secret_is_not_written_down(tmp_path: Path, uri: str) -> None:
    with pytest.raises(WrongUsage) as caught:
        write_workspace(tmp_path / "new", name="assistant", tracking_uri=uri)
    assert "hunter2" not in str(caught.value)
    assert not (tmp_path / "new").exists()
