"""A `serve` script that notes every call, for tests of what calls it."""

from dataclasses import dataclass
from pathlib import Path

_SCRIPT = """#!/bin/sh
here=$(dirname "$0")
echo "$1 $2" >> "$here/calls"
case $1 in
start) [ ! -e "$here/start-fails" ] || { echo "no GPU, password=hunter2"; exit 7; }
       [ ! -e "$here/start-hangs" ] || sleep 60
       env > "$here/environment"; touch "$here/up-$2";;
health) [ ! -e "$here/never-healthy" ] || { echo "loading weights"; exit 1; }
        [ -e "$here/up-$2" ];;
stop) [ ! -e "$here/stop-fails" ] || exit 1
      rm -f "$here/up-$2";;
esac
"""


@dataclass(frozen=True)
class ServerScript:
    """The script in a folder; its behaviour is switched by files beside it."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "serve.sh"

    def write(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self.path.write_text(_SCRIPT)
        self.path.chmod(0o755)

    def switch(self, name: str) -> None:
        (self.folder / name).touch()

    def switch_off(self, name: str) -> None:
        (self.folder / name).unlink()

    @property
    def calls(self) -> list[str]:
        """Every call, without those of `health` that follow another."""
        said = self.folder / "calls"
        lines = said.read_text().splitlines() if said.exists() else []
        return [a for a, b in zip(lines, ["", *lines], strict=False) if a != b]

    @property
    def up(self) -> set[str]:
        """Versions that are served now."""
        return {path.name.removeprefix("up-") for path in self.folder.glob("up-*")}
