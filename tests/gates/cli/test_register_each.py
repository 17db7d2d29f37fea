import json
from pathlib import Path

import pytest

from gates.cli.frame import framed
from gates.cli.main import gate
from tests.fakes.memory_ledger import MemoryLedger


@pytest.fixture
def ledger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> MemoryLedger:
    """A workspace in the working directory, whose ledger is in memory."""
    found = MemoryLedger()
    monkeypatch.setattr(
        "gates.ledger.mlflow_ledger.ledger.MlflowLedger", lambda *_: found, raising=True
    )
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.chdir(tmp_path)
    Path("gate.toml").write_text(
        '[mlflow]\ntracking_uri = "sqlite:///x.db"\n[state]\nurl = "state"\n', encoding="utf-8"
    )
    return found


def written(*lines: object) -> str:
    Path("answers").mkdir(exist_ok=True)
    Path("answers/a.jsonl").write_text('{"id": "1", "output": "x"}\n', encoding="utf-8")
    Path("answers/broken.jsonl").write_text('{"id": "1"}\n', encoding="utf-8")
    text = "".join(json.dumps(line) + "\n" for line in lines)
    Path("answers/each.jsonl").write_text(text, encoding="utf-8")
    return "answers/each.jsonl"


def test_a_file_registers_a_version_per_line(
    ledger: MemoryLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    file = written({"known_as": "a", "outputs": "a.jsonl"}, {"known_as": "b", "external": True})
    assert framed(gate, ["register", "assistant", "--each", file, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["schema"] == "gate.registered_each/1"
    assert [(v["candidate"], v["known_as"]) for v in said["registered"]] == [
        ("models:/assistant/1", "a"),
        ("models:/assistant/2", "b"),
    ]
    assert [v.known_as for v in ledger.versions("assistant")] == ["a", "b"]


def test_a_file_with_one_unreadable_answer_file_registers_nothing(ledger: MemoryLedger) -> None:
    file = written({"external": True}, {"outputs": "broken.jsonl"})
    assert framed(gate, ["register", "assistant", "--each", file]) == 2
    assert ledger.models == {}


@pytest.mark.parametrize(
    "option", [["--external"], ["--known-as", "a"], ["--outputs", "answers/a.jsonl"]]
)
def test_a_file_goes_with_no_other_way_of_naming_a_version(
    ledger: MemoryLedger, option: list[str]
) -> None:
    file = written({"external": True})
    assert framed(gate, ["register", "assistant", "--each", file, *option]) == 2
    assert ledger.models == {}


def test_one_version_is_registered_by_its_options(
    ledger: MemoryLedger, capsys: pytest.CaptureFixture[str]
) -> None:
    written()
    named = ["--outputs", "answers/a.jsonl", "--known-as", "a"]
    assert framed(gate, ["register", "assistant", *named, "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["schema"], said["known_as"]) == ("gate.registered/1", "a")
    assert said["tags"]["gate_format"] == "jsonl"
    assert framed(gate, ["register", "assistant", "--external", "--pyfunc", "models:/m-1"]) == 2
    assert len(ledger.versions("assistant")) == 1
