"""Services of infra/compose.yaml as processes of this machine, walled in as their containers are.

Docker is not needed: Bubblewrap gives a service the mounts that compose names, and nothing else
that it could write to. Command, environment and volumes are read from the file; hosts and ports
are mapped to free ports of this machine. What stands in for images of others is said by the test.

    with Composed(folder, settings) as composed:
        composed.start("mlflow")
        ended = composed.run("gate", "status", "assistant")
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

from tests.infra.deployed import IMAGES, INFRA, ROOT, Document, services
from tests.servers.mlflow_server import end, free_port

PORTS = {"postgres": 5432, "store": 9000, "mlflow": 5000, "annotators": 8080}
"""What listens at which port in its container."""

_BIN = Path(sys.executable).parent
_OWN = ("proc", "dev", "tmp", "workspace", "night", "anchor")
"""Folders at the root that are no part of an image's system."""


@dataclass
class Composed:
    """The topology while a test runs.

    Attributes:
        folder: Its volumes and logs.
        settings: What `.env` says.
        ports: Port of this machine by service.
    """

    folder: Path
    settings: Mapping[str, str]
    ports: dict[str, int] = field(default_factory=lambda: {name: free_port() for name in PORTS})
    running: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def __enter__(self) -> Self:
        self.volumes.mkdir(parents=True)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for process in reversed(self.running):
            end(process)

    @property
    def volumes(self) -> Path:
        return self.folder / "volumes"

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def address(self, name: str) -> str:
        return f"http://127.0.0.1:{self.ports[name]}"

    def environment(self, name: str) -> dict[str, str]:
        """What a service finds in its environment, the image's part included."""
        said = services()[name].get("environment", {})
        return {key: self.expanded(value) for key, value in said.items()}

    def start(
        self,
        name: str,
        *,
        called: str | None = None,
        instead: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        """Starts a service, whose words go to its log; `instead` replaces texts of its command."""
        with self.log(called or name).open("wb") as log:
            process = subprocess.Popen(
                self._command(name, instead),
                env=self._all_environment(name),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self.running.append(process)

    def run(self, name: str, *words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """`docker compose run --rm NAME WORDS`, to its end; `settings` are set for it alone."""
        again = Composed(self.folder, {**self.settings, **settings}, self.ports)
        return subprocess.run(
            again._command(name, {}, words),
            env=again._all_environment(name),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def expanded(self, text: str) -> str:
        """A text as compose hands it on, with hosts and ports of this machine."""

        def value(match: re.Match[str]) -> str:
            name, how, default = match.groups()
            found = self.settings.get(name) or (default if how == ":-" else "")
            assert found, f"compose asks for {name}"
            return found

        text = re.sub(r"(?<!\$)\$\{(\w+)(?:(:[-?])([^}]*))?\}", value, str(text))
        for name, port in PORTS.items():
            hosts = f"{name}|localhost|127\\.0\\.0\\.1"
            text = re.sub(rf"\b({hosts}):{port}\b", f"127.0.0.1:{self.ports[name]}", text)
        return text.replace("$$", "$")

    def _command(
        self, name: str, instead: Mapping[str, str], words: Sequence[str] | None = None
    ) -> list[str]:
        service = services()[name]
        entry = service.get("entrypoint", ["gate"])
        said = [self.expanded(word) for word in (words or service.get("command", []))]
        listening = str(PORTS.get(name, ""))
        mapped = [self._own(word, listening, name) for word in said]
        for old, new in instead.items():
            mapped = [word.replace(old, new) for word in mapped]
        return [*self._walls(service), "--", *entry, *mapped]

    def _own(self, word: str, listening: str, name: str) -> str:
        """An argument that says where to listen."""
        if listening and word in (listening, f"--port={listening}"):
            return word.replace(listening, str(self.ports[name]))
        return word.replace("0.0.0.0", "127.0.0.1")

    def _all_environment(self, name: str) -> dict[str, str]:
        image = dict(re.findall(r"(\w+)=(\S+)", _lines_of("ENV")))
        path = (
            image["PATH"].replace("/opt/gate/bin", str(_BIN)).replace("$PATH", os.environ["PATH"])
        )
        return {**image, "PATH": path, "PYTHONPATH": str(ROOT), **self.environment(name)}

    def _walls(self, service: Document) -> list[str]:
        """Bubblewrap with the mounts of a container."""
        words = ["bwrap", "--die-with-parent", "--proc", "/proc", "--dev", "/dev"]
        for path in sorted(Path("/").iterdir()):
            if path.name in _OWN:
                continue
            if path.is_symlink():
                words += ["--symlink", str(path.readlink()), str(path)]
            elif path.is_dir():
                words += ["--ro-bind", str(path), str(path)]
        words += [w for mount in service.get("tmpfs", ["/tmp"]) for w in ("--tmpfs", mount)]
        for part in (ROOT, Path(sys.prefix)):
            words += ["--ro-bind", str(part), str(part)]
        words += ["--dir", "/workspace"]
        words += [word for volume in service.get("volumes", []) for word in self._mount(volume)]
        if service.get("read_only"):
            words += ["--remount-ro", "/"]
        return [*words, "--chdir", "/workspace"]

    def _mount(self, volume: str) -> list[str]:
        source, target, *mode = self.expanded(volume).split(":")
        if source.startswith("."):
            place = INFRA / source
        elif source.startswith("/"):
            place = Path(source)
        else:
            place = self.volumes / source
            place.mkdir(exist_ok=True)
        return ["--ro-bind" if mode == ["ro"] else "--bind", str(place), target]


def _lines_of(instruction: str) -> str:
    """What an instruction of the final images' stages says."""
    stage = IMAGES.read_text(encoding="utf-8").split(" AS base\n")[1]
    return " ".join(re.findall(rf"^{instruction} (.*)$", stage, re.MULTILINE))
