"""A workspace in the working folder, with a ledger in memory, for the commands to work in."""

import shutil
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest

from tests.fakes.workplace import Workplace
from tests.gates.promotion.scene import Scene, scene


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


@pytest.fixture(scope="session")
def decided(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(tmp_path_factory.mktemp("decided"))


@pytest.fixture
def passed(place: Workplace, decided: Scene) -> Scene:
    """Version 1 is the champion, version 2 passed everything; all is signed."""
    settings = (place.folder / "gate.toml").read_text()
    shutil.copytree(decided.place.folder, place.folder, dirs_exist_ok=True)
    place.ledger = deepcopy(decided.place.ledger)
    place.toml(settings + decided.keyring.settings)
    files = {
        owner: place.folder / ".gate" / "keys" / f"{owner}.pem" for owner in decided.keyring.files
    }
    keyring = replace(decided.keyring, root=place.folder, files=files)
    return Scene(place=place, file=decided.file, keyring=keyring)
