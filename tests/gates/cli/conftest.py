"""A workspace in the working folder, with a ledger in memory, for the commands to work in."""

from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes.workplace import Workplace


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workplace:
    """A quiet environment, a `gate.toml`, and a clock that stands until a test moves it."""
    found = Workplace(tmp_path)

    def now() -> datetime:
        return found.now

    monkeypatch.setattr("gates.ledger.mlflow_ledger.ledger.MlflowLedger", lambda *_: found.ledger)
    monkeypatch.setattr("gates.cli.clock.now", now)
    for name in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "MLFLOW_TRACKING_URI", "GATE_STATE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.chdir(tmp_path)
    found.toml(
        '[mlflow]\ntracking_uri = "sqlite:///never-opened.db"\n[state]\nurl = "state"\n'
        '[models.assistant]\npolicies = { champion = "release" }\n'
    )
    return found
