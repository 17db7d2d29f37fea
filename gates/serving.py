"""The operator's script that serves a version: started, waited for, and stopped whatever happens.

A small shell outlives this process: it calls `start`, then waits for the end of a pipe that only
this process holds, then calls `stop`. So the server is stopped too when this process is killed. A
machine that dies takes the shell with it: what was started is journaled, and stopped by the next
call.
"""

import os
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from gates.ledger.ledger import Version
from gates.masking import mask_said
from gates.services import Services
from policies.canonical import sha256_of_bytes
from policies.errors import Broken
from stages.models.build import Source

STOP_SECONDS = 120.0
"""How long `stop` may take."""

HEALTH_SECONDS = 10.0
"""How long one call of `health` may take."""

_POLL_SECONDS = 0.2
_MOST_POLL_SECONDS = 5.0
_LAST_WORDS = 300

_SIGNING_KEY = "GATE_KEY"
"""The variable that a script never gets: whoever has it can sign."""

_GUARD = (
    'say=$2; "$0" start "$1" >"$say" 2>&1 </dev/null; echo $?; '
    'read -r _; exec "$0" stop "$1" >>"$say" 2>&1 </dev/null'
)


def needs_server(version: Version, services: Services) -> bool:
    """Whether the workspace's script serves a version.

    It does where the model has one and the version answers at the workspace's endpoint; a version
    with an address of its own is served by others.
    """
    section = services.workspace.models.get(version.name)
    if section is None or section.serve is None:
        return False
    source = version.tags.get("gate_source", Source.ENDPOINT)
    return source == Source.ENDPOINT and "gate_base_url" not in version.tags


@contextmanager
def served(version: Version, services: Services) -> Iterator[None]:
    """A version's server, healthy inside; of a model one version at a time, in any process.

    A server that cannot be stopped at the end fails nothing that was measured: `still_running`
    names it, and no other is started before it stops.

    Args:
        version: What is served; nothing is called when `needs_server` says no.
        services: The workspace that names the script, and the journal.

    Raises:
        Broken: When it was not healthy in time, or an earlier one cannot be stopped.
    """
    if not needs_server(version, services):
        yield
        return
    script = _Script.of(version, services)
    until = time.monotonic() + script.seconds
    with _alone(version.name, services, until):
        for number in still_running(version.name, services):
            script.of_version(number).stop_left(services)
        guard = script.start(services)
        try:
            guard.wait_until_healthy(until)
            yield
        finally:
            guard.stop()


def still_running(model: str, services: Services) -> tuple[str, ...]:
    """Versions of a model whose server was started and is not known to have stopped.

    Raises:
        Broken: When the journal cannot be read.
    """
    running: dict[str, None] = {}
    for entry in services.state.read(_stream(model)):
        if "started" in entry:
            running[str(entry["started"])] = None
        else:
            running.pop(str(entry.get("stopped")), None)
    return tuple(running)


@contextmanager
def _alone(model: str, services: Services, until: float) -> Iterator[None]:
    """Holds a model's place on the accelerators, as soon as no other process does."""
    lock = services.state.lock(_stream(model))
    while True:
        try:
            lock.__enter__()
            break
        except Broken:
            if time.monotonic() >= until:
                raise
        time.sleep(_POLL_SECONDS)
        lock = services.state.lock(_stream(model))
    try:
        yield
    finally:
        lock.__exit__(None, None, None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Script:
    """The script, about one version."""

    path: Path
    model: str
    version: str
    seconds: float
    log: Path
    environment: dict[str, str]

    @classmethod
    def of(cls, version: Version, services: Services) -> "_Script":
        workspace = services.workspace
        section = workspace.models[version.name]
        return cls(
            path=workspace.root / str(section.serve),
            model=version.name,
            version=version.version,
            seconds=section.serve_healthy_within_seconds,
            log=_log(services, version.name),
            environment=_environment(services),
        )

    def of_version(self, number: str) -> "_Script":
        return replace(self, version=number)

    def start(self, services: Services) -> "_Guard":
        """Begins to serve; journaled first, so that a dead machine's server is known."""
        services.state.append(
            _stream(self.model), [{"started": self.version, "at": services.clock().isoformat()}]
        )
        process = subprocess.Popen(  # noqa: S603 - the operator's own script, from gate.toml
            ["/bin/sh", "-c", _GUARD, str(self.path), self.version, str(self.log)],
            cwd=self.path.parent,
            env=self.environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        return _Guard(script=self, process=process, services=services)

    def call(self, what: str, *, seconds: float) -> int | None:
        """Exit code of a call; None when it took too long, and was ended with all it started."""
        with self.log.open("ab") as said:
            process = subprocess.Popen(  # noqa: S603 - the operator's own script, from gate.toml
                [str(self.path), what, self.version],
                cwd=self.path.parent,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            end_group(process)
            return None

    def stop_left(self, services: Services) -> None:
        """Stops what a process that died has left.

        Raises:
            Broken: When it does not stop.
        """
        if self._stopped():
            services.state.append(_stream(self.model), [{"stopped": self.version}])
            return
        raise self.fault(f"the server of version {self.version} cannot be stopped")

    def fault(self, message: str) -> Broken:
        return Broken(
            message,
            why=f"{self.path} said: {_last_words(self.log, self.environment)}",
            fix=f"try it by hand: {self.path} start|health|stop {self.version}",
        )

    def _stopped(self) -> bool:
        try:
            return self.call("stop", seconds=STOP_SECONDS) == 0
        except OSError:
            return False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Guard:
    """The shell that started a server, and stops it once its pipe ends."""

    script: _Script
    process: "subprocess.Popen[bytes]"
    services: Services

    def wait_until_healthy(self, until: float) -> None:
        """Returns when the server answers.

        Raises:
            Broken: When it cannot be started, or is not healthy in time.
        """
        version = self.script.version
        code = self._start_code(until)
        if code is None:
            end_group(self.process)
            raise self.script.fault(f"the server of version {version} did not start in time")
        if code != b"0":
            raise self.script.fault(
                f"the server of version {version} did not start (exit code {code.decode()})"
            )
        pause = _POLL_SECONDS
        while self.script.call("health", seconds=HEALTH_SECONDS) != 0:
            if time.monotonic() + pause > until:
                raise self.script.fault(
                    f"the server of version {version} was not healthy within "
                    f"{self.script.seconds:g} s"
                )
            time.sleep(pause)
            pause = min(2 * pause, _MOST_POLL_SECONDS)

    def stop(self) -> None:
        """Stops the server; that it did is journaled."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        with suppress(OSError):
            self.process.stdin.close()  # the shell goes on, and calls `stop`
        try:
            code: int | None = self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            end_group(self.process)
            code = None
        self.process.stdout.close()
        if code != 0:  # the shell was ended, or its `stop` failed
            with suppress(Broken):
                self.script.stop_left(self.services)
            return
        self.services.state.append(_stream(self.script.model), [{"stopped": self.script.version}])

    def _start_code(self, until: float) -> bytes | None:
        """What `start` ended with; None when it has not in time."""
        assert self.process.stdout is not None
        left = max(0.0, until - time.monotonic())
        if not select.select([self.process.stdout], [], [], left)[0]:
            return None
        return self.process.stdout.readline().strip() or b"unknown"


def end_group(process: "subprocess.Popen[bytes]") -> None:
    """Ends a process that was started in a session of its own, and all that it started in it."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _environment(services: Services) -> dict[str, str]:
    hidden = {_SIGNING_KEY, services.workspace.settings_file.content.trust.key_env}
    given = services.workspace.environment
    return {name: value for name, value in given.items() if name not in hidden}


def _log(services: Services, model: str) -> Path:
    folder = services.cache / "serving"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(
            f"cannot write {folder}", why=error.strerror or "", fix="mend its permissions"
        ) from error
    return folder / f"{sha256_of_bytes(model.encode())[:16]}.log"


def _last_words(log: Path, environment: Mapping[str, str]) -> str:
    """The end of what the script said, on one line, without secrets."""
    try:
        said = log.read_bytes()[-4 * _LAST_WORDS :].decode(errors="replace")
    except OSError:
        said = ""
    said = mask_said(said, environment)
    words = " ".join("".join(c if c.isprintable() else " " for c in said).split())
    return words[-_LAST_WORDS:] or "nothing"


def _stream(model: str) -> str:
    return f"serving/{sha256_of_bytes(model.encode())}"
