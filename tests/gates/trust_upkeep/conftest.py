"""A workspace with a trust file, for keys and policies to be kept in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.starter.scaffold import write_workspace
from gates.trust_upkeep.beginning import begin_trust
from gates.workspace import Workspace, load_workspace

NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """A workspace that trusts nobody."""
    folder = tmp_path / "workspace"
    write_workspace(folder, name="assistant", tracking_uri="sqlite:///mlflow.db")
    return folder


@pytest.fixture
def workspace(bare: Path) -> Workspace:
    """A workspace in which Ann may do everything, since the first of May."""
    begin_trust(load_workspace(bare, {}), owner="ann", at=NOW)
    return load_workspace(bare, {})
