"""A real PostgreSQL of this machine, in a folder of its own; started once a test session."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import pytest

from tests.servers.mlflow_server import free_port

NOBODY = 65534
PASSWORD = "opensesame"  # must never be seen in an error


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """URL of a server with password and user; databases are made by `fresh_database`."""
    with running_postgres() as url:
        yield url


@pytest.fixture
def postgres(postgres_server: str) -> str:
    """URL of an empty database that no other test uses."""
    return fresh_database(postgres_server)


def fresh_database(server: str) -> str:
    """URL of an empty database of a server."""
    import psycopg

    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@contextmanager
def running_postgres(user: str = "gate") -> Iterator[str]:
    """A server that asks for a password, of one who may do everything, on this machine only.

    Without PostgreSQL the test is skipped, or fails where every tool is required.
    """
    programs = _programs()
    folder = Path(tempfile.mkdtemp(prefix="gate-postgres-"))
    try:
        (folder / "password").write_text(PASSWORD)
        _give_away(folder)
        data, port = folder / "data", free_port()
        _run(
            [
                *(f"{programs}/initdb", "--pgdata", str(data), "--username", user),
                *("--auth", "scram-sha-256", "--pwfile", str(folder / "password")),
                *("--encoding", "UTF8", "--no-locale", "--no-sync"),
            ]
        )
        options = f"-p {port} -h 127.0.0.1 -k {folder} -c max_connections=150"
        control = [f"{programs}/pg_ctl", "--pgdata", str(data), "--wait"]
        _run([*control, "--log", str(folder / "log"), "--options", options, "start"])
        try:
            yield f"postgresql://{user}:{PASSWORD}@127.0.0.1:{port}"
        finally:
            _run([*control, "--mode", "immediate", "stop"])
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    found = shutil.which("initdb")
    if found is None:
        why = "there is no PostgreSQL; install it with: apt-get install postgresql"
        if os.environ.get("GATE_REQUIRE_ALL"):
            pytest.fail(why)
        pytest.skip(why)
    return Path(found).resolve().parent


def _give_away(folder: Path) -> None:
    """PostgreSQL refuses to run as root."""
    if os.getuid() == 0:
        for path in (folder, *folder.iterdir()):
            os.chown(path, NOBODY, NOBODY)


def _run(command: list[str]) -> None:
    """Runs a program as a user who is not root; what it says is shown when it fails."""
    user = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.getuid() == 0 else {}
    ended = subprocess.run(
        command,
        cwd="/",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        stdin=subprocess.DEVNULL,
        check=False,
        **user,
    )
    assert ended.returncode == 0, ended.stdout.decode()
