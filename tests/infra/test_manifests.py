"""What infra/ deploys is what its readers take; each validator is seen to refuse."""

import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.infra.deployed import (
    COMPOSE,
    INFRA,
    KUSTOMIZATION,
    MANIFESTS,
    ROOT,
    documents,
    run_scripts,
    services,
    starter_workflow,
)

BIN = Path(sys.executable).parent
CONFIGURED = ["-c", str(ROOT / ".yamllint.yaml"), "--strict"]

SCHEMA = (str(BIN / "check-jsonschema"), "--builtin-schema")
KUBERNETES = (str(BIN / "kubernetes-validate"), "--strict", "--quiet")
YAMLLINT = (str(BIN / "yamllint"), *CONFIGURED)
SHELLCHECK = (str(BIN / "shellcheck"), "--check-sourced", "--rcfile", str(ROOT / ".shellcheckrc"))

SCRIPTS = tuple(
    path
    for path in (ROOT / ".ci" / "run", *sorted(INFRA.rglob("*.sh")))
    if path.read_text(encoding="utf-8").startswith("#!")
)
"""Others are read with the scripts that source them."""


def said(validator: Sequence[str], *paths: Path) -> tuple[int, str]:
    ended = subprocess.run(
        [*validator, *map(str, paths)], check=False, capture_output=True, text=True, cwd=ROOT
    )
    return ended.returncode, ended.stdout + ended.stderr


def takes(validator: Sequence[str], *paths: Path) -> None:
    code, words = said(validator, *paths)
    assert code == 0, words


def refuses(validator: Sequence[str], path: Path, why: str) -> None:
    code, words = said(validator, path)
    assert code != 0
    assert why in words


def broken(source: Path, old: str, new: str, *, to: Path) -> Path:
    """A copy in which something is wrong."""
    text = source.read_text(encoding="utf-8")
    assert old in text
    to.write_text(text.replace(old, new, 1), encoding="utf-8")
    return to


def tracked_yaml() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "*.yaml", "*.yml"], check=True, capture_output=True, text=True, cwd=ROOT
    )
    return [Path(name) for name in listed.stdout.split() if (ROOT / name).is_file()]


def test_the_compose_file_is_what_compose_takes(tmp_path: Path) -> None:
    takes((*SCHEMA, "vendor.compose-spec"), COMPOSE)
    wrong = broken(
        COMPOSE, "healthcheck: &healthcheck", "healthchek: &healthcheck", to=tmp_path / "f.yaml"
    )
    refuses((*SCHEMA, "vendor.compose-spec"), wrong, "healthchek")


def test_every_manifest_is_what_kubernetes_takes() -> None:
    takes(KUBERNETES, *MANIFESTS)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("backoffLimit: 2", 'backoffLimit: "2"', "integer"),
        ("restartPolicy: Never", "restartpolicy: Never", "restartpolicy"),
        ("podFailurePolicy:", "podFailurePolicies:", "podFailurePolicies"),
    ],
)
def test_a_broken_manifest_is_refused(tmp_path: Path, old: str, new: str, why: str) -> None:
    refuses(
        KUBERNETES, broken(INFRA / "kubernetes/triage.yaml", old, new, to=tmp_path / "f.yaml"), why
    )


def test_kustomize_names_every_manifest_and_no_other() -> None:
    (found,) = documents(KUSTOMIZATION)
    assert sorted(found["resources"]) == [path.name for path in MANIFESTS]
    if shutil.which("kubectl"):
        code, words = said(("kubectl", "kustomize"), KUSTOMIZATION.parent)
        assert code == 0, words
        written = [one for one in yaml.safe_load_all(words) if one]
        assert len(written) == sum(len(documents(path)) for path in MANIFESTS)


def test_our_yaml_is_written_one_way(tmp_path: Path) -> None:
    takes(YAMLLINT, *tracked_yaml())
    twice = tmp_path / "f.yaml"
    twice.write_text("a: 1\na: 2\n", encoding="utf-8")
    refuses(YAMLLINT, twice, "duplication of key")


def test_every_script_is_as_shellcheck_demands(tmp_path: Path) -> None:
    takes(SHELLCHECK, *SCRIPTS)
    unquoted = broken(INFRA / "compose/night.sh", '"$policy"', "$policy", to=tmp_path / "f.sh")
    refuses(SHELLCHECK, unquoted, "SC2086")


@pytest.mark.parametrize("whose", ["ours", "a new workspace's"])
def test_every_script_of_a_workflow_is_as_shellcheck_demands(whose: str, tmp_path: Path) -> None:
    ours = ROOT / ".github" / "workflows" / "ci.yml"
    workflow = ours if whose == "ours" else starter_workflow(tmp_path / "new")
    for number, (_, script) in enumerate(run_scripts(workflow)):
        file = tmp_path / f"{number}.sh"
        file.write_text(f"#!/usr/bin/env bash\n{script}\n", encoding="utf-8")
        takes(SHELLCHECK, file)


def test_the_night_in_kubernetes_runs_once_and_is_tried_again_by_us_only() -> None:
    (cron,) = documents(INFRA / "kubernetes" / "triage.yaml")
    assert cron["spec"]["concurrencyPolicy"] == "Forbid"
    job = cron["spec"]["jobTemplate"]["spec"]
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    rules = job["podFailurePolicy"]["rules"]
    assert {
        "action": "Ignore",
        "onPodConditions": [{"type": "DisruptionTarget", "status": "True"}],
    } in rules
    (wrong_usage,) = [rule for rule in rules if "onExitCodes" in rule]
    assert wrong_usage["onExitCodes"]["values"] == [2]
    assert (
        wrong_usage["onExitCodes"]["containerName"]
        == job["template"]["spec"]["containers"][0]["name"]
    )


def test_nothing_that_is_deployed_holds_a_secret_or_runs_as_root() -> None:
    for path in MANIFESTS:
        for document in documents(path):
            assert document["kind"] != "Secret", path.name
            text = path.read_text(encoding="utf-8")
            if "containers:" in text:
                assert "runAsNonRoot: true" in text
                assert "readOnlyRootFilesystem: true" in text
                assert "automountServiceAccountToken: false" in text
    for name, service in services().items():
        for variable, value in service.get("environment", {}).items():
            if re.search(r"PASSWORD|SECRET|KEY|STATE", variable):
                assert "${" in value, f"{name} {variable}"
                assert ":?" in value, f"{name} starts without {variable}"


def test_only_what_signs_has_the_key_that_signs() -> None:
    holders = {n for n, s in services().items() if "GATE_KEY" in s.get("environment", {})}
    assert holders == {"night", "gate"}


def test_no_container_of_the_gate_writes_to_its_image_or_workspace() -> None:
    for name in ("annotators", "night", "gate"):
        service = services()[name]
        assert service["read_only"] is True
        assert service["tmpfs"] == ["/tmp"]
        assert service["cap_drop"] == ["ALL"]
        (workspace,) = [v for v in service["volumes"] if "/workspace" in v]
        assert workspace.endswith(":/workspace:ro")


def test_every_setting_of_compose_is_in_the_example_and_no_other() -> None:
    example = (INFRA / "compose" / "settings.example").read_text(encoding="utf-8")
    written = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    assert written == set(re.findall(r"(?<!\$)\$\{([A-Z_]+)", COMPOSE.read_text(encoding="utf-8")))
