import logging
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest

from gates.ledger.ledger import LedgerDown
from gates.ledger.mlflow_ledger.connection import Connection, quoted, without_credentials
from gates.ledger.mlflow_ledger.ledger import MlflowLedger
from policies.errors import Broken, InputError
from tests.servers.mlflow_server import free_port


@contextmanager
def answering_with(status: int, body: bytes = b"<html></html>") -> Iterator[str]:
    """A web server that says the same to everything but /health."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            healthy = self.path.startswith("/health") and status != 503
            self.send_response(200 if healthy else status)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET  # noqa: N815 - the library's name

        def log_message(self, *_: object) -> None: ...

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def seconds_until_down(uri: str) -> float:
    import mlflow  # noqa: F401 - once a process, and nothing to do with the store

    start = time.monotonic()
    with pytest.raises(LedgerDown) as error:
        MlflowLedger(uri).ping()
    assert error.value.fix
    return time.monotonic() - start


def test_a_server_that_is_not_there_is_down_within_ten_seconds() -> None:
    assert seconds_until_down(f"http://127.0.0.1:{free_port()}") < 10


def test_a_server_that_never_answers_is_down_within_ten_seconds() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        assert seconds_until_down(f"http://127.0.0.1:{listener.getsockname()[1]}") < 10


def test_a_database_that_is_not_there_is_down_within_ten_seconds() -> None:
    assert seconds_until_down(f"postgresql://u:secret@127.0.0.1:{free_port()}/mlflow") < 10


def test_a_database_in_a_missing_folder_is_down_and_makes_no_folder(tmp_path: Path) -> None:
    assert seconds_until_down(f"sqlite:///{tmp_path}/nowhere/mlflow.db") < 10
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_is_no_database_is_down(tmp_path: Path) -> None:
    file = tmp_path / "mlflow.db"
    file.write_bytes(b"not a database, but long enough to be looked at" * 50)
    with pytest.raises(Broken):
        MlflowLedger(f"sqlite:///{file}").ping()


def test_a_server_that_closes_what_was_idle_is_not_down() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer_once_each() -> None:
            for _ in range(2):
                client, _ = listener.accept()
                with client:
                    asked = client.recv(65_536).lower()
                    kept = b"close" if b"connection: close" in asked else b"keep-alive"
                    head = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: %s\r\n\r\nOK"
                    client.sendall(head % kept)
                    client.recv(65_536)  # whatever is asked next on this connection

        thread = Thread(target=answer_once_each, daemon=True)
        thread.start()
        connection = Connection(f"http://127.0.0.1:{listener.getsockname()[1]}")
        connection.knock()
        connection.knock()
        thread.join(10)
        assert not thread.is_alive()


def test_a_server_that_says_it_is_ill_is_down() -> None:
    with answering_with(503) as uri:
        seconds_until_down(uri)


@pytest.mark.parametrize(
    ("status", "word"), [(401, "MLFLOW_TRACKING_TOKEN"), (403, "MLFLOW_TRACKING_TOKEN"), (404, "")]
)
def test_a_server_that_refuses_is_broken_and_not_down(status: int, word: str) -> None:
    with answering_with(status) as uri, pytest.raises(Broken) as error:
        MlflowLedger(uri).versions("assistant")
    assert not isinstance(error.value, LedgerDown)
    assert word in error.value.fix


def test_a_server_that_fails_is_down() -> None:
    with answering_with(500) as uri, pytest.raises(LedgerDown):
        MlflowLedger(uri).versions("assistant")


@pytest.mark.parametrize(
    ("uri", "shown"),
    [
        ("http://ann:secret@mlflow.example:5000/x", "http://mlflow.example:5000/x"),
        ("postgresql://ann:secret@db/mlflow", "postgresql://db/mlflow"),
        ("postgresql://db/mlflow?password=secret", "postgresql://db/mlflow?password=***"),
        ("sqlite:////tmp/a@b.db", "sqlite:////tmp/a@b.db"),
        ("databricks", "databricks"),
    ],
)
def test_credentials_are_never_shown(uri: str, shown: str) -> None:
    assert without_credentials(uri) == shown
    assert MlflowLedger(uri).uri == shown


def test_an_error_never_shows_credentials() -> None:
    uri = f"http://ann:secret@127.0.0.1:{free_port()}"
    with pytest.raises(LedgerDown) as error:
        MlflowLedger(uri).ping()
    assert "secret" not in str(error.value)
    down = Connection(uri).down("try", f"API request to {uri} failed")
    assert "secret" not in str(down)
    uri = "postgresql://db/mlflow?user=ann&password=secret"
    down = Connection(uri).down("try", f"cannot connect to {uri}")
    assert "secret" not in str(down)


def test_files_of_a_bare_database_stand_beside_it(tmp_path: Path) -> None:
    assert (
        Connection(f"sqlite:///{tmp_path}/mlflow.db").artifacts
        == (tmp_path / "mlartifacts").as_uri()
    )
    assert Connection("sqlite:///mlflow.db").artifacts == (Path.cwd() / "mlartifacts").as_uri()
    assert Connection("http://x").artifacts is None
    assert Connection("sqlite://").artifacts is None


def test_pages_are_those_of_a_server_only() -> None:
    assert Connection("http://u:p@x:5000").pages == "http://x:5000/"
    assert Connection("sqlite:///x.db").pages == ""


def test_a_name_is_quoted_whatever_quotation_marks_it_has() -> None:
    assert quoted("it") == "'it'"
    assert quoted("it's") == '"it\'s"'
    with pytest.raises(InputError):
        quoted('it\'s "it"')


def test_the_default_tracking_uri_is_given_back() -> None:
    import mlflow

    before = os.environ.get("MLFLOW_TRACKING_URI")
    mlflow.set_tracking_uri("http://someone.else")
    with Connection("http://ours").as_default():
        assert mlflow.get_tracking_uri() == "http://ours"
    assert mlflow.get_tracking_uri() == "http://someone.else"
    mlflow.set_tracking_uri(before)
    with Connection("http://ours").as_default():
        pass
    assert mlflow.is_tracking_uri_set() == (before is not None)


def test_mlflow_writes_nothing_of_its_own(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path\n"
        "from gates.ledger.mlflow_ledger.ledger import MlflowLedger\n"
        "from gates.ledger.ledger import NewVersion\n"
        "ledger = MlflowLedger(sys.argv[1])\n"
        "file = Path(sys.argv[2]); file.write_text('{}')\n"
        "version = ledger.register(NewVersion(name='assistant', tags={}, file=file))\n"
        "ledger.fetch_file(version, file.parent / 'there')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, f"sqlite:///{tmp_path}/m.db", str(tmp_path / "o.jsonl")],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[4],
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_loggers_of_others_are_left_alone() -> None:
    Connection("sqlite://").knock()
    assert logging.getLogger("gates").level == logging.NOTSET
    assert logging.getLogger("mlflow").level == logging.CRITICAL
