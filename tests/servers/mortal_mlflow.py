"""An MLflow server that dies by SIGKILL in the middle of a request, and is started again.

with MortalMlflow(folder, database) as server:
    server.die_at(b"runs/log-batch", 2)                  # before it did what the second asks
    server.die_at(b"runs/log-batch", 2, done=True)       # after it did, before it says so
    server.rise()                                        # at the same address
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.servers.line import Line
from tests.servers.mlflow_server import NEVER_IDLE, _environment, _wait, end, free_port


class MortalMlflow:
    """A server with everything it keeps in a folder and a database, which outlive it."""

    def __init__(self, folder: Path, database: str) -> None:
        self._folder = folder
        self._database = database.replace("postgresql://", "postgresql+psycopg://")
        self._port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._line = _DeadlyLine(f"http://127.0.0.1:{self._port}", self._kill)

    @property
    def address(self) -> str:
        """Where to ask, dead or alive."""
        return self._line.address

    def __enter__(self) -> Self:
        self._start()
        self._line.mend()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._line.cut()
        if self._process is not None:
            end(self._process)

    def die_at(self, words: bytes, number: int, *, done: bool = False) -> None:
        """Dies when words are sent to it for the n-th time from now."""
        self._line.done = done
        self._line.cut_at(words, number)

    def rise(self) -> None:
        """Starts again what died; whom it answered hears of its death before it is buried."""
        patience = time.monotonic() + 30
        while self._process is not None or self._line.whole:
            assert time.monotonic() < patience, f"it lives: {self._line.waits_for}"
            time.sleep(0.01)
        self._start()
        self._line.mend()

    def _start(self) -> None:
        log = self._folder / "server.log"
        with log.open("ab") as said:
            self._process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "mlflow", "server", "--workers", "1"),
                    *("--host", "127.0.0.1", "--port", str(self._port)),
                    *("--backend-store-uri", self._database),
                    *("--artifacts-destination", str(self._folder / "artifacts")),
                    *NEVER_IDLE,
                ],
                cwd=self._folder,
                env=_environment(),
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        _wait(f"http://127.0.0.1:{self._port}", self._process, log)

    def _kill(self) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()
            self._process = None


class _DeadlyLine(Line):
    """A line whose end is the server's."""

    def __init__(self, address: str, kill: Callable[[], None]) -> None:
        super().__init__(address)
        self._kill = kill
        self._condemned = False
        self.done = False

    @property
    def waits_for(self) -> object:
        """The words that it was to die at."""
        return self._cut_at

    def _ends_at(self, before: bytes, block: bytes) -> bool:
        if self._condemned or not super()._ends_at(before, block):
            return False
        if self.done:
            self._condemned = True  # it does what it is asked; nobody gets the answer
            return False
        self._kill()
        return True

    def _keeps_the_answer(self) -> bool:
        if not self._condemned:
            return False
        self._condemned = False
        self._kill()
        return True
