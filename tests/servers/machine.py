"""A machine of its own for the command `gate`: home, folders and temporary files that die with it.

    with Machine(folder, workspace, variables) as machine:
        running = machine.start("run", "policies/release.yaml")
        running.kill()

Nothing but the URLs in the variables is shared with another machine.
"""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_GATE = "from gates.cli.main import main; main()"


@dataclass(frozen=True)
class Machine:
    """Where processes of one machine run.

    Attributes:
        folder: All that it has.
        workspace: Files of the workspace, copied to it.
        variables: Its environment beside the path.
    """

    folder: Path
    workspace: Path
    variables: Mapping[str, str]

    def __enter__(self) -> Self:
        for name in ("home", "tmp"):
            (self.folder / name).mkdir(parents=True)
        shutil.copytree(self.workspace, self.folder / "workspace")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        shutil.rmtree(self.folder)

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        """The command in a process of its own, in the copy of the workspace."""
        return subprocess.Popen(
            [sys.executable, "-c", _GATE, *arguments],
            cwd=self.folder / "workspace",
            env={
                "PATH": os.environ["PATH"],
                "PYTHONPATH": str(Path(__file__).parents[2]),
                "HOME": str(self.folder / "home"),
                "TMPDIR": str(self.folder / "tmp"),
                **self.variables,
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
