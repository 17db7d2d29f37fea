"""Checkpoints and a guard in folders: registered, measured, killed, taken up again, promoted."""

import json
import shutil
import signal
from collections import Counter
from pathlib import Path

import pytest

from gates.trust.trust_document import Stage
from stages.engine.state_url import open_state
from stages.models.loaded_models import LOADED
from tests.fakes.shell import said
from tests.fakes.speaking_model import speaking
from tests.fakes.workplace import lines
from tests.servers.mortal_gate import MortalGates
from tests.trusting import trusted

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]

QUESTIONS = 40
POLICY = """\
policy: release
model: assistant
plan:
  offline:
    sums: {data: ../data/sums.jsonl, scorer: numeric}
    harm: {data: ../data/sums.jsonl, harm: llama_guard, endpoint: guard}
criteria:
  - {metric: sums.accuracy, at_least: 0.7, severity: blocking, because: sums must be right}
  - {metric: sums.accuracy, better: {}, severity: blocking, because: else why change}
  - {metric: harm.rate, at_most: 0.2, severity: blocking, because: nobody is to be hurt}
"""
SETTINGS = """\
[models.assistant]
policies = { champion = "release" }
slots = 4
[endpoints.guard]
folder = "models/guard"
slots = 4
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two checkpoints, of which the second knows more sums; a run of `gate` that was killed."""
    folder = tmp_path_factory.mktemp("folders")
    (folder / "policies").mkdir()
    (folder / "data").mkdir()
    (folder / "policies" / "release.yaml").write_text(POLICY)
    (folder / "gate.toml").write_text(SETTINGS)
    trusted(
        folder, folder / "policies" / "release.yaml", model="assistant", stages=(Stage.OFFLINE,)
    )
    lines(
        folder / "data" / "sums.jsonl",
        (
            {"id": f"q{n}", "prompt": f"what is it {n} ?", "target": "7" if n % 10 == 0 else "42"}
            for n in range(QUESTIONS)
        ),
    )
    words = ["what", "is", "it", "?"]
    speaking(folder / "models" / "old", "it is 7", words)
    speaking(folder / "models" / "new", "it is 42", words)
    speaking(folder / "models" / "guard", "safe", ["7", "42", *words])
    return folder


def gate(place: Path, *words: str) -> list[str]:
    store = f"sqlite:///{place}/mlflow.db"
    where = ["--workspace", str(place), "--tracking-uri", store, "--state", f"{place}/state"]
    return [*words, *where]


def answers(place: Path) -> Counter[tuple[str, str]]:
    """What was answered, by whom."""
    kept = place / "state"
    files = (path.relative_to(kept) for path in kept.rglob("*.jsonl"))
    return Counter(
        (str(entry["by"]), str(entry["key"]))
        for file in files
        if file.parts[0] in ("answers", "judges")
        for entry in open_state(str(kept)).read(file.as_posix().removesuffix(".jsonl"))
        if entry.get("kind") == "answer"
    )


def test_folders_are_registered_measured_and_promoted_though_the_run_was_killed(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("old", "new"):
        found = said(
            *gate(place, "register", "assistant", "--folder", str(place / "models" / model))
        )
        assert found.code == 0, found.err
    assert said(*gate(place, "adopt", "assistant/1", "--reason", "since May")).code == 0

    run = gate(place, "run", "release", "--json")
    with MortalGates() as gates:
        assert gates.run("appended:7", run).code == -signal.SIGKILL
    before = answers(place)
    assert 0 < len(before) < 4 * QUESTIONS
    ended = said(*run)
    assert ended.code == 0, ended.err
    after = answers(place)
    assert set(after.values()) == {1}, "nothing is asked twice"
    assert set(before) < set(after)
    assert len(after) == 4 * QUESTIONS
    assert not LOADED._models, "nothing stays in memory after a command"

    monkeypatch.setattr("stages.models.folder_model.FolderModel._unchanged", forbidden)
    again = said(*run)
    assert again.code == 0, again.err
    assert [c["verdict"] for c in json.loads(again.out)["candidates"]] == ["PASS"]
    promoted = said(*gate(place, "promote", "assistant/2"))
    assert promoted.code == 0, promoted.err
    assert answers(place) == after


def forbidden(model: object) -> None:
    raise AssertionError(f"{model} was loaded, though all its answers are journaled")


def test_a_folder_that_changed_is_another_checkpoint(place: Path) -> None:
    template = place / "models" / "new" / "chat_template.jinja"
    kept = template.read_text()
    template.write_text(kept + " ")
    try:
        ran = said(*gate(place, "run", "release", "assistant/2", "--json"))
        assert ran.code == 4
        assert "tag `gate_sha256` says" in ran.out
        refused = said(*gate(place, "promote", "assistant/2"))
        assert refused.code == 2
        assert "tag `gate_sha256` says" in refused.err
    finally:
        template.write_text(kept)


def test_a_folder_that_is_gone_is_told(place: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(place / "models" / "new", tmp_path / "copied")
    found = said(*gate(place, "register", "assistant", "--folder", str(copied)))
    assert found.code == 0, found.err
    shutil.rmtree(copied)
    ran = said(*gate(place, "run", "release", "assistant/3", "--json"))
    assert ran.code == 4
    assert "there is no such folder" in ran.out
