"""Programs of strangers, run where they can do no harm; how each ended is a value.

A pass is proven, not claimed: see `sandbox_launcher`. Leaving early, printing, raising or keeping
the tests from running is no pass. Not prevented: program and tests share one interpreter and its
names, as in HumanEval's own harness. An object that equals everything passes `assert f(x) == y`; so
does a program that replaces what the tests call (`abs`, `builtins.all`, `math.isclose`), that takes
the expected value from the calling frame, or that finds the token there and sends it back.
"""

import contextlib
import json
import os
import platform
import signal
import subprocess
import tempfile
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import IO

from policies.canonical import Json, sha256_of
from policies.errors import Broken
from stages.engine.sandbox_launcher import send
from stages.engine.sandbox_walls import ENVIRONMENT, Walls

_GRACE_SECONDS = 20.0
"""What starting the sandbox may take, on a busy machine, beyond the program's own time."""

_WALL_PER_CPU_SECOND = 5
_REPORT_BYTES = 16_384
_ERRORS_BYTES = 4_096


class SandboxBroken(Broken):
    """The sandbox did not start, or did not answer: nothing is known of the program."""


class Ended(StrEnum):
    """How a program ended."""

    PASSED = "passed"
    """Program and tests ran to their end."""
    FAILED = "failed"
    """It raised, or left early."""
    TIMED_OUT = "timed_out"
    """It used up its CPU time, or five times that by the clock on the wall."""
    OUT_OF_MEMORY = "out_of_memory"
    """It asked for more memory than it may have."""
    KILLED = "killed"
    """A signal ended it (a crash; or the system was out of memory)."""
    LOST = "lost"
    """It took its supervisor with it; whatever it did, it is no pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a program ended, and its last words; untrusted text on one line."""

    ended: Ended
    reason: str = ""

    @property
    def passed(self) -> bool:
        """Whether all tests ran and held."""
        return self.ended is Ended.PASSED


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one program may use.

    Attributes:
        seconds: CPU time of a process, rounded up to whole seconds; the clock on the wall ends
            the program at five times that.
        megabytes: Address space of a process.
        processes: Processes and threads at once.
        file_megabytes: Size of a file, and of all files together.
    """

    seconds: float
    megabytes: int
    processes: int = 16
    file_megabytes: int = 16

    def as_json(self) -> Mapping[str, Json]:
        """For digests, and for the launcher."""
        return {
            "seconds": self.seconds,
            "megabytes": self.megabytes,
            "processes": self.processes,
            "file_megabytes": self.file_megabytes,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program and what it must do.

    Attributes:
        source: Python; its names are the tests'.
        tests: Python, run after it; passing is running to the end.
    """

    source: str
    tests: str

    @property
    def digest(self) -> str:
        """SHA-256 of both."""
        return sha256_of({"source": self.source, "tests": self.tests})


@dataclass(frozen=True, slots=True, kw_only=True)
class Sandbox:
    """Runs programs, from as many threads as one likes.

    Attributes:
        walls: How they are kept in.
        limits: What each may use.
    """

    walls: Walls
    limits: Limits

    @property
    def harness(self) -> str:
        """Digest of the launcher, and the interpreter's version."""
        return f"{sha256_of(_launcher())[:12]}, Python {platform.python_version()}"

    def run(self, program: Program) -> Outcome:
        """Runs a program and its tests.

        Raises:
            SandboxBroken: When the sandbox does not start.
        """
        with tempfile.TemporaryDirectory(prefix="gate-program-") as folder:
            Path(folder).chmod(0o777)
            running = _Running(self.walls.command(_launcher()), folder)
            try:
                running.tell(json.dumps({**self.limits.as_json(), "uid": self.walls.new_uid()}))
                running.tell(program.source)
                running.tell(program.tests)
                return running.outcome(
                    within=_WALL_PER_CPU_SECOND * self.limits.seconds + _GRACE_SECONDS
                )
            finally:
                running.end()


@dataclass(slots=True)
class _Running:
    """One process that runs the launcher."""

    command: tuple[str, ...]
    folder: str
    process: "subprocess.Popen[bytes]" = field(init=False)
    _errors: bytes = field(init=False, default=b"")
    _reader: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        try:
            self.process = subprocess.Popen(  # noqa: S603 - our own command; the program is its input
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.folder,
                env=ENVIRONMENT,
                start_new_session=True,
            )
        except OSError as error:
            raise _no_start(error.strerror or str(error)) from None
        self._reader = threading.Thread(target=self._read_errors, daemon=True)
        self._reader.start()

    def tell(self, message: str) -> None:
        with contextlib.suppress(BrokenPipeError):  # it has ended: the outcome says how
            send(_open(self.process.stdin).fileno(), message.encode("utf-8", "surrogatepass"))

    def outcome(self, *, within: float) -> Outcome:
        timer = threading.Timer(within, self._kill)
        timer.start()
        try:
            reports = _open(self.process.stdout)
            if not reports.readline(_REPORT_BYTES):
                self._kill()
                self._reader.join(timeout=1)
                raise _no_start(self._errors.decode(errors="replace"))
            return _read(reports.readline(_REPORT_BYTES))
        finally:
            timer.cancel()

    def end(self) -> None:
        self._kill()
        self.process.wait()
        self._reader.join(timeout=1)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            with contextlib.suppress(OSError):
                _open(stream).close()

    def _kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)

    def _read_errors(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            while piece := _open(self.process.stderr).read1(65_536):  # type: ignore[attr-defined]
                self._errors = (self._errors + piece)[-_ERRORS_BYTES:]


def _open(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _read(line: bytes) -> Outcome:
    """What the launcher said of the program; no words at all mean that it was killed."""
    try:
        said = json.loads(line)
        return Outcome(ended=Ended(said["ended"]), reason=_one_line(said["said"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return Outcome(ended=Ended.LOST, reason="its supervisor ended without a verdict")


def _one_line(words: str) -> str:
    shown = " ".join("".join(c if c.isprintable() else " " for c in words).split())
    return shown if len(shown) <= 200 else f"{shown[:200]}..."  # noqa: PLR2004 - fits a table


@cache
def _launcher() -> str:
    return Path(__file__).with_name("sandbox_launcher.py").read_text("utf-8")


def _no_start(why: str) -> SandboxBroken:
    return SandboxBroken(
        "cannot run programs in a sandbox",
        why=_one_line(why) or "it ended without a word",
        fix="gate doctor says what this machine's sandbox can do; apt install bubblewrap",
    )
