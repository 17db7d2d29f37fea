"""Two nights of a model whose versions are served by a script."""

import json
from pathlib import Path

import pytest

from tests.infra.examples.running import Shown, run_example


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    return run_example("night", Path(), tmp_path_factory.mktemp("night"))


def sorts(shown: Shown, night: int) -> dict[str, str]:
    text = (shown.folder / f"night{night}" / "report.json").read_text(encoding="utf-8")
    return {c["known_as"]: c["sort"] for c in json.loads(text)["checkpoints"]}


def test_each_checkpoint_is_sorted_as_the_readme_says(shown: Shown) -> None:
    assert sorts(shown, 1) == {
        "clerk/5": "advance",
        "clerk/2": "advance",
        "clerk/3": "regressed",
        "clerk/4": "infrastructure",
    }
    assert sorts(shown, 2) == {"clerk/6": "flaky", "clerk/4": "infrastructure"}
    assert {c["candidate"]: c["verdict"] for c in shown.decision["candidates"]} == {
        "models:/clerk/2": "PASS",
        "models:/clerk/3": "FAIL",
        "models:/clerk/5": "PASS",
    }


def test_the_monitor_sees_the_second_night(shown: Shown) -> None:
    text = (shown.folder / "gate.prom").read_text(encoding="utf-8")
    assert 'gate_triage_checkpoints{model="clerk",policy="nightly",sort="flaky"} 1.0' in text


def test_no_server_is_left(shown: Shown) -> None:
    assert not (shown.folder / "server.pid").exists()
