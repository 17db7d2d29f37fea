"""The operator's script is called with names and nothing else, and is ended in time."""

import os
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.promotion.deploying import Deployed, Deployment, NotDeployed, deploy


def deployed(
    root: Path, body: str, *, seconds: float = 20.0, environment: Mapping[str, str] | None = None
) -> Deployed | NotDeployed:
    script = root / "deploy.sh"
    script.write_text(f"#!/bin/sh\n{body}\n")
    script.chmod(0o755)
    asked = Deployment(
        script="./deploy.sh",
        model="assistant; rm -rf $HOME",
        version="12",
        alias="champion",
        seconds_at_most=seconds,
    )
    path = {"PATH": os.environ["PATH"]}
    return deploy(asked, root=root, environment={**path, **(environment or {})})


def test_it_is_called_with_model_version_and_alias_in_the_workspace(tmp_path: Path) -> None:
    body = 'printf "%s|" "$@" > called; pwd >> called; echo "$MINE" >> called'
    assert deployed(tmp_path, body, environment={"MINE": "yes"}) == Deployed()
    called = (tmp_path / "called").read_text().splitlines()
    assert called == [f"assistant; rm -rf $HOME|12|champion|{tmp_path}", "yes"]


def test_another_code_than_0_is_not_deployed_and_says_what_it_said(tmp_path: Path) -> None:
    found = deployed(tmp_path, "echo no such cluster >&2; echo password=hunter2; exit 7")
    assert isinstance(found, NotDeployed)
    assert "ended with code 7; it said: no such cluster" in found.reason
    assert "hunter2" not in found.reason


def test_secrets_that_it_was_given_are_not_repeated(tmp_path: Path) -> None:
    given = {"SECRET_TOKEN": "s3cr3t-" * 9, "REGION": "eu-west"}
    found = deployed(tmp_path, 'echo "token $SECRET_TOKEN in $REGION"; exit 1', environment=given)
    assert isinstance(found, NotDeployed)
    assert found.reason.endswith("it said: token *** in eu-west")
    fill = "head -c 1950 /dev/zero | tr '\\0' 'x'"
    found = deployed(tmp_path, f'printf "$SECRET_TOKEN"; {fill}; exit 1', environment=given)
    assert isinstance(found, NotDeployed)
    assert "s3cr3t" not in found.reason, "nor the half of one, where it is cut"


def test_a_script_that_is_not_there_is_not_deployed(tmp_path: Path) -> None:
    asked = Deployment(script="nowhere.sh", model="m", version="1", alias="a", seconds_at_most=1)
    found = deploy(asked, root=tmp_path, environment={})
    assert isinstance(found, NotDeployed)
    assert "cannot be called: No such file" in found.reason


def test_a_script_that_hangs_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    began = time.monotonic()
    found = deployed(tmp_path, "(sleep 3; touch late) & sleep 60", seconds=0.5)
    assert isinstance(found, NotDeployed)
    assert "did not end within 0.5 seconds" in found.reason
    assert time.monotonic() - began < 20
    time.sleep(3.5)
    assert not (tmp_path / "late").exists()


@pytest.mark.parametrize("size", [10, 100_000])
def test_only_the_end_of_what_it_said_is_told(tmp_path: Path, size: int) -> None:
    found = deployed(tmp_path, f"head -c {size} /dev/zero | tr '\\0' 'x'; echo the end; exit 1")
    assert isinstance(found, NotDeployed)
    assert found.reason.endswith("the end")
    assert len(found.reason) < 3_000
