"""The operator's script that puts a version into production."""

import os
import signal
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO

from gates.masking import mask_said

_LAST_CHARACTERS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One call of the script.

    Attributes:
        script: What is called; relative to the workspace's folder.
        model: Registered model name.
        version: The number it is called with.
        alias: The alias that moved.
        seconds_at_most: After which it is ended, with all that it started.
    """

    script: str
    model: str
    version: str
    alias: str
    seconds_at_most: float


@dataclass(frozen=True, slots=True)
class Deployed:
    """The script ended well."""


@dataclass(frozen=True, slots=True)
class NotDeployed:
    """Why the script did not end well, in one sentence, with the end of what it said."""

    reason: str


def deploy(
    deployment: Deployment, *, root: Path, environment: Mapping[str, str]
) -> Deployed | NotDeployed:
    """Calls the script as `SCRIPT MODEL VERSION ALIAS`, in the workspace's folder.

    It is no shell line, so that no name can say more than itself.

    Args:
        deployment: What is called.
        root: The workspace's folder.
        environment: Variables that it gets; none that opens a signing key may be among them.
    """
    script = str(root / deployment.script)
    called = [script, deployment.model, deployment.version, deployment.alias]
    with TemporaryFile() as said:
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own script, from gate.toml
                called,
                cwd=root,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        except OSError as error:
            return NotDeployed(f"{script} cannot be called: {error.strerror}")
        code = _code(process, deployment.seconds_at_most)
        if code == 0:
            return Deployed()
        ended = (
            f"did not end within {deployment.seconds_at_most:g} seconds and was stopped"
            if code is None
            else f"ended with code {code}"
        )
        return NotDeployed(f"{script} {ended}{_end_of(said, environment)}")


def _code(process: subprocess.Popen[bytes], seconds_at_most: float) -> int | None:
    """What it ended with; None when it had to be ended."""
    try:
        return process.wait(timeout=seconds_at_most)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        return None


def _end_of(said: IO[bytes], environment: Mapping[str, str]) -> str:
    """The last of it; more is read, so that no secret is cut in two and known no more."""
    size = said.seek(0, os.SEEK_END)
    said.seek(max(0, size - 4 * _LAST_CHARACTERS))
    text = mask_said(said.read().decode(errors="replace"), environment).strip()
    text = text[-_LAST_CHARACTERS:]
    return f"; it said: {text}" if text else ""
