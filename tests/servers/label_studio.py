"""A real Label Studio in a process group of its own, with one owner and a token for its API."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.servers.mlflow_server import end, free_port

PROGRAM = Path(__file__).parents[2] / ".venv-label-studio" / "bin" / "label-studio"
STARTS_WITHIN_SECONDS = 240
TOKEN = "0123456789abcdef0123456789abcdef01234567"
OWNER, PASSWORD = "ann@example.org", "a long pass phrase"


@dataclass(frozen=True)
class LabelStudio:
    """A server, asked as its owner.

    Attributes:
        address: Where it is.
    """

    address: str

    def ask(self, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - foreign JSON
        """What its API answers, as JSON."""
        data = None if body is None else json.dumps(body).encode()
        return json.loads(self.answer(method, path, data) or b"null")

    def answer(self, method: str, path: str, data: bytes | None = None) -> bytes:
        """What its API answers, as bytes."""
        headers = {"Authorization": f"Token {TOKEN}", "Content-Type": "application/json"}
        url = self.address + path
        request = urllib.request.Request(url, method=method, data=data, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return bytes(response.read())
        except urllib.error.HTTPError as error:
            pytest.fail(f"{method} {path}: {error.code} {error.read()[:500]!r}")


def label_studio_needed() -> None:
    """Without Label Studio a test is skipped, or fails where every tool is required."""
    if PROGRAM.exists():
        return
    why = f"there is no Label Studio at {PROGRAM}; install it with: make label-studio"
    if os.environ.get("GATE_REQUIRE_ALL"):
        pytest.fail(why)
    pytest.skip(why)


@contextmanager
def running_label_studio(folder: Path) -> Iterator[LabelStudio]:
    """A Label Studio that keeps its SQLite database and files in a folder."""
    label_studio_needed()
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(str(PROGRAM), "start", "--no-browser", "--log-level", "WARNING"),
                *("--internal-host", "127.0.0.1", "--port", str(port)),
                *("--data-dir", str(folder / "data")),
                *("--username", OWNER, "--password", PASSWORD),
                *("--user-token", TOKEN, "--enable-legacy-api-token"),
            ],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(address, process, folder / "server.log")
        yield LabelStudio(address)
    finally:
        end(process)


def _environment(folder: Path) -> dict[str, str]:
    quiet = {
        "COLLECT_ANALYTICS": "False",
        "LATEST_VERSION_CHECK": "False",
        "SENTRY_DSN": "",
        "FRONTEND_SENTRY_DSN": "",
        "LABEL_STUDIO_BASE_DATA_DIR": str(folder / "data"),
        "HOME": str(folder),
    }
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "LABEL_STUDIO_"))}
    return kept | quiet


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    until = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.5)
    pytest.fail(f"Label Studio did not start: {log.read_text(errors='replace')[-2000:]}")
