"""One decided workspace for all tests of the room; each gets a copy of its own."""

from pathlib import Path

import pytest

from tests.gates.promotion.scene import Scene, scene


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(tmp_path_factory.mktemp("decided"))


@pytest.fixture
def made(decided: Scene, tmp_path: Path) -> Scene:
    """Version 1 is the champion, version 2 passed everything; all is signed."""
    return decided.copied(tmp_path)
