"""A real `mlflow server` in a process group of its own; one a test session."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

STARTS_WITHIN_SECONDS = 90

NEVER_IDLE = ("--uvicorn-opts", "--timeout-keep-alive 600")
"""A server that closes connections after five idle seconds may close them under a request."""


@pytest.fixture(scope="session")
def mlflow_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a server that every test of the session may write to; names must differ."""
    with running_mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@contextmanager
def running_mlflow_server(
    folder: Path, *, database: str | None = None, workers: int = 1
) -> Iterator[str]:
    """An `mlflow server` that keeps its artifacts, and without another database that, in a folder.

    Args:
        folder: Its own.
        database: URL of an empty PostgreSQL database.
        workers: Processes that answer.
    """
    kept = f"sqlite:///{folder / 'server.db'}"
    if database is not None:
        kept = database.replace("postgresql://", "postgresql+psycopg://")
    port = free_port()
    address = f"http://127.0.0.1:{port}"
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [
                *(sys.executable, "-m", "mlflow", "server", "--workers", str(workers)),
                *("--host", "127.0.0.1", "--port", str(port)),
                *("--backend-store-uri", kept),
                *("--artifacts-destination", str(folder / "artifacts")),
                *NEVER_IDLE,
            ],
            cwd=folder,
            env=_environment(),
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        _wait(address, process, folder / "server.log")
        yield address
    finally:
        end(process)


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _environment() -> dict[str, str]:
    quiet = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false", "MLFLOW_DISABLE_TELEMETRY": "true"}
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("COVERAGE_", "MLFLOW_"))}
    return kept | quiet


def _wait(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + STARTS_WITHIN_SECONDS
    while time.monotonic() < end:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    pytest.fail(f"mlflow server did not start: {log.read_text(errors='replace')[-2000:]}")


def end(process: subprocess.Popen[bytes]) -> None:
    """Ends a server and all that it started: asked first, then killed."""
    for sign in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sign)
        except ProcessLookupError:
            break
        try:
            process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            continue
    process.wait(timeout=10)
