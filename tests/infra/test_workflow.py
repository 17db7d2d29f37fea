"""The workflow of a new workspace: its scripts are run, with what `gate` and `gh` are told."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.infra.deployed import run_scripts, starter_workflow

STAND_IN = """\
#!/bin/sh
printf '%s\\n' "$0 $*" >> "$CALLS"
case "$*" in
  *--jq*) echo "$FOUND" ;;
  *policy\\ check*broken*) exit 1 ;;
  *policy\\ diff*) echo "# what changes"; exit "$DIFFERS" ;;
esac
"""
"""In the place of `gate` and `gh`: writes down how it is called."""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A pull request as actions/checkout leaves it: one policy changed, one new, one as it was."""
    folder = tmp_path / "checkout"
    (folder / "policies").mkdir(parents=True)
    starter_workflow(tmp_path / "new")
    programs = tmp_path / "bin"
    programs.mkdir()
    for name in ("gate", "gh"):
        (programs / name).write_text(STAND_IN)
        (programs / name).chmod(0o755)
    for name in ("kept", "changed"):
        (folder / "policies" / f"{name}.yaml").write_text("before\n")
    git(folder, "init", "--quiet")
    commit(folder)
    (folder / "policies" / "changed.yaml").write_text("after\n")
    (folder / "policies" / "new.yaml").write_text("new\n")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    git(folder, "add", ".")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "x")


def git(folder: Path, *words: str) -> None:
    subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)


def ran(checkout: Path, job: str, step: int, **variables: str) -> tuple[int, list[str]]:
    """A script as a runner calls it; its exit code, and what it called."""
    workflow = checkout.parent / "new" / ".github" / "workflows" / "gate.yml"
    scripts = [script for name, script in run_scripts(workflow) if name == job]
    calls = checkout.parent / "calls"
    calls.write_text("")
    ended = subprocess.run(
        ["bash", "-eo", "pipefail", "-c", scripts[step]],
        cwd=checkout,
        env={
            "PATH": f"{checkout.parent / 'bin'}:{os.environ['PATH']}",
            "CALLS": str(calls),
            "DIFFERS": "0",
            "FOUND": "",
            **variables,
        },
        check=False,
    )
    programs = f"{checkout.parent / 'bin'}/"
    said = calls.read_text().replace(programs, "").splitlines()
    return ended.returncode, said


def test_every_policy_is_checked_and_one_that_is_wrong_fails_the_job(checkout: Path) -> None:
    code, calls = ran(checkout, "check", -1)
    assert (code, len(calls)) == (0, 3)
    (checkout / "policies" / "broken.yaml").write_text("")
    code, calls = ran(checkout, "check", -1)
    assert code == 1
    assert "gate policy check policies/new.yaml" in calls


@pytest.mark.parametrize("differs", ["0", "1"])
def test_the_comment_is_about_what_changed(checkout: Path, differs: str) -> None:
    code, calls = ran(checkout, "replay", -2, DIFFERS=differs)
    assert code == 0
    assert calls == ["gate policy diff before.yaml policies/changed.yaml --markdown --replay"]
    assert (checkout / "before.yaml").read_text() == "before\n"
    comment = (checkout / "comment.md").read_text()
    assert comment == "<!-- gate policy diff -->\n# what changes\n"


@pytest.mark.parametrize("code", ["2", "4"])
def test_a_replay_that_broke_fails_the_job_and_posts_nothing(checkout: Path, code: str) -> None:
    assert ran(checkout, "replay", -2, DIFFERS=code)[0] == int(code)
    assert not (checkout / "comment.md").exists()


def test_our_comment_is_written_once_and_edited_from_then_on(checkout: Path) -> None:
    where = {"NUMBER": "7", "GH_REPO": "acme/gate"}
    _, calls = ran(checkout, "replay", -1, **where)
    assert calls[-1] == "gh pr comment 7 --body-file comment.md"
    _, calls = ran(checkout, "replay", -1, FOUND="99", **where)
    assert "--method PATCH repos/acme/gate/issues/comments/99" in calls[-1]


@pytest.mark.parametrize(("strand", "said"), [("", ""), ("yes", " --strand")])
def test_what_is_promoted_is_what_the_dry_run_showed(
    checkout: Path, strand: str, said: str
) -> None:
    asked = {"VERSION": "assistant/12", "EXPECT": "11", "STRAND": strand}
    _, dry = ran(checkout, "dry-run", -1, **asked)
    _, moved = ran(checkout, "promote", -1, **asked)
    assert moved == [f"gate promote assistant/12 --expect 11{said}"]
    assert dry == [f"{moved[0]} --dry-run"]
