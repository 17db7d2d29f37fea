"""The page on audits: its commands are run, its tables are what a dossier is."""

import subprocess
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from gates.audit import verify
from gates.chain.bodies import Rollback
from gates.gate_toml import parse_gate_toml
from tests.docs.page import DOCS, read, rows, section
from tests.docs.transcript import Step, replay, steps, write_anew
from tests.fakes.audited import Story, story
from tests.fakes.workplace import Workplace

PAGE = read("audit.md")
HEADS = ("9a1f0c3e" * 8, "4b7d2e68" * 8)
ROOT_KEY = "281bdd693da4c35f3d3ba4c6a1ec4ec5ad9fb05b2d5a1fce6ee1d0e4f5f4b1a0"
EVIDENCE = "70d2a3b6" * 8


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Story:
    place = Workplace(tmp_path)
    monkeypatch.setattr("gates.ledger.mlflow_ledger.ledger.MlflowLedger", lambda *_: place.ledger)
    monkeypatch.setattr("gates.cli.clock.now", lambda: place.now)
    monkeypatch.setattr("secrets.token_hex", lambda _: "5e884898")
    for name in ("GITHUB_ACTIONS", "MLFLOW_TRACKING_URI", "GATE_STATE", "GATE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.chdir(tmp_path)
    place.toml(
        '[mlflow]\ntracking_uri = "sqlite:///never-opened.db"\n'
        '[state]\nurl = "state"\nretention_days = 400\n'
    )
    return story(place)


def python(command: str, real: Mapping[str, str]) -> Step:
    typed = command
    for page, meant in real.items():
        typed = typed.replace(page, meant)
    done = subprocess.run(
        [sys.executable, "-I", *typed.split()[1:]], capture_output=True, text=True, check=False
    )
    text = done.stdout + done.stderr
    for page, meant in real.items():
        text = text.replace(meant, page)
    code = (f"[exit code {done.returncode}]",) if done.returncode else ()
    return Step(command=command, output=(*text.rstrip().split("\n"), *code))


def run(step: Step, told: Story, real: dict[str, str]) -> Step:
    if step.command.startswith("unzip"):
        with zipfile.ZipFile("dossier.zip") as archive:
            archive.extractall("dossier")
        return Step(command=step.command, output=())
    if step.command.startswith("python"):
        return python(step.command, real)
    if step.command.startswith("gate audit prune") and HEADS[1] not in real:
        adopted = told.custody.chain("assistant").records[0].record.subject
        before = "models:/assistant/2"
        last = told.write(adopted, Rollback(alias="champion", before=before, reason="rude"))
        told.place.later(days=500)
        blobs = told.decision.record.body.evidence_sha256  # type: ignore[union-attr]
        real |= {HEADS[1]: last.sha256, EVIDENCE: next(iter(blobs.values()))}
    return replay(step.command, real=real)


def test_the_commands_shown_print_what_is_shown(told: Story, tmp_path: Path) -> None:
    head = told.custody.chain("assistant").records[-1].sha256
    real = {ROOT_KEY: told.root_key, HEADS[0]: head, "/home/you/release": str(tmp_path)}
    replayed = [run(step, told, real) for step in steps(PAGE)]
    write_anew(DOCS / "audit.md", replayed)
    assert replayed == list(steps(read("audit.md")))
    assert not any(line.startswith("[exit") for step in replayed for line in step.output)


def test_every_file_and_folder_of_a_dossier_is_in_the_table(told: Story) -> None:
    found = {name.partition("/")[0] for name in told.export().files}
    assert set(rows(section(PAGE, "What is in it"))) == found | {"erasures"}


def test_every_option_and_ending_of_the_verifier_is_described() -> None:
    text = section(PAGE, "Verify one")
    program = Path(verify.__file__).read_text(encoding="utf-8")
    options = {name for name in rows(text) if name.startswith("--")}
    assert options == {word for word in program.split('"') if word.startswith("--")}
    for ending in ("VERIFIED", "NOT VERIFIED", "INCOMPLETE"):
        assert f"`{ending}`" in text
        assert f'"{ending}"' in program


def test_the_settings_shown_are_read() -> None:
    (text,) = [block.split("```")[0] for block in PAGE.split("```toml\n")[1:]]
    assert parse_gate_toml(text, where="gate.toml").content.state.retention_days == 400
