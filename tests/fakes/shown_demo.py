"""The demo runs once for every test that looks at it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gates.demo.show import Demo


NOW = datetime(2026, 3, 20, 9, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The demo, its folder and what it said on the way."""

    demo: "Demo"
    folder: Path
    lines: tuple[str, ...]


@pytest.fixture(scope="session")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    from gates.demo.show import run_demo
    from stages.engine.progress import Silent

    folder = tmp_path_factory.mktemp("shown") / "demo"
    lines: list[str] = []
    demo = run_demo(folder, now=NOW, progress=Silent(), say=lines.append)
    return Shown(demo=demo, folder=folder, lines=tuple(lines))
