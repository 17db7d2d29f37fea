"""CI, pre-commit and make run the same checks, and their files are what their readers take."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from gates.starter.scaffold import write_workspace

ROOT = Path(__file__).parents[2]
CI = ROOT / ".github" / "workflows" / "ci.yml"


def tool(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], check=False, capture_output=True, text=True, cwd=ROOT
    )


@pytest.mark.parametrize("whose", ["ours", "a new workspace's"])
def test_the_workflows_are_what_github_takes(whose: str, tmp_path: Path) -> None:
    path = CI
    if whose != "ours":
        write_workspace(tmp_path, name="assistant", tracking_uri="sqlite:///mlflow.db")
        path = tmp_path / ".github" / "workflows" / "gate.yml"
    found = tool("check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(path))
    assert found.returncode == 0, found.stdout + found.stderr


def test_a_broken_workflow_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.yml"
    broken.write_text(CI.read_text().replace("runs-on", "runs_on"))
    found = tool("check_jsonschema", "--builtin-schema", "vendor.github-workflows", str(broken))
    assert found.returncode == 1


def test_ci_runs_what_the_readme_says() -> None:
    jobs = yaml.safe_load(CI.read_text())["jobs"]
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step] == [".ci/run"]
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    assert "exec make test" in script.read_text()
    assert subprocess.run(["bash", "-n", str(script)], check=False).returncode == 0


def test_pre_commit_runs_what_make_check_runs() -> None:
    makefile = (ROOT / "Makefile").read_text()
    check = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert check
    made = [line.strip().replace("$(BIN)", ".venv/bin") for line in check[1].splitlines()]
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [hook["entry"] for hook in local["hooks"]] == made
    assert tool("pre_commit", "validate-config").returncode == 0


def test_the_demo_may_be_made_again() -> None:
    makefile = (ROOT / "Makefile").read_text()
    demo = re.search(r"^demo:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert demo
    assert demo[1].index("rm -rf demo") < demo[1].index("gate demo")
