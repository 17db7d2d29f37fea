"""The page on trust: its commands are replayed, its draft is read, its fields are all there are."""

import hashlib
import itertools
import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gates.cli.keys import command as keys_commands
from gates.cli.trust import command as trust_commands
from gates.gate_toml import parse_gate_toml
from gates.trust import trust_document
from gates.trust.draft import parse_draft
from gates.trust.trust_document import Role
from policies.base import Strict
from tests.docs.page import DOCS, files, read, rows, section
from tests.docs.transcript import Step, replay, steps, write_anew

PAGE = read("trust.md")


class World:
    """Keys in a known order, and a clock that moves an hour with every command."""

    def __init__(self) -> None:
        self.now = datetime(2026, 6, 1, 8, tzinfo=UTC)
        self.numbers = itertools.count(1)

    def key(self) -> Ed25519PrivateKey:
        seed = hashlib.sha256(f"key {next(self.numbers)} of the page".encode()).digest()
        return Ed25519PrivateKey.from_private_bytes(seed)

    def replay(self, step: Step, real: dict[str, str]) -> Step:
        self.now += timedelta(hours=1)
        return replay(step.command, real=real)


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    found = World()
    for name in ("MLFLOW_TRACKING_URI", "GATE_STATE", "GITHUB_ACTIONS", "GATE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GATE_ALLOW_LOCAL_STATE", "1")
    monkeypatch.setenv("USER", "ann")
    monkeypatch.setattr("gates.cli.clock.now", lambda: found.now)
    for module in ("trust.signers", "trust_upkeep.private_keys"):
        monkeypatch.setattr(f"gates.{module}.new_private_key", found.key)
    monkeypatch.chdir(tmp_path)
    return found


def test_the_commands_shown_print_what_is_shown(world: World, tmp_path: Path) -> None:
    shown = list(steps(PAGE))
    real = {"/home/you": str(tmp_path)}
    replayed = [world.replay(step, real) for step in shown]
    os.chdir(tmp_path)
    write_anew(DOCS / "trust.md", replayed)
    assert replayed == list(steps(read("trust.md")))
    assert {line for step in replayed for line in step.output if line.startswith("[exit")} == {
        "[exit code 1]"
    }


def test_every_command_is_shown_or_named() -> None:
    for group, commands in (("keys", keys_commands), ("trust", trust_commands)):
        for name in commands.commands:  # type: ignore[attr-defined] # a group
            assert f"gate {group} {name}" in PAGE


def test_the_draft_shown_is_one() -> None:
    draft = parse_draft(files(PAGE)["trust.yaml"], where="trust.yaml")
    assert draft.models["assistant"].aliases["champion"].approvals == 1
    assert draft.keys[1].revoked is not None


def test_the_settings_shown_are_read() -> None:
    for text in re.findall(r"^```toml\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL):
        assert parse_gate_toml(text, where="gate.toml").content.trust.threshold == 2


def test_every_field_is_described_with_its_default() -> None:
    said = re.findall(r"^\| (`[^|]+) \| ([^|]+) \|", section(PAGE, "The file"), re.MULTILINE)
    described = {name for names, _ in said for name in re.findall(r"`(\w+)`", names)}
    kinds = [k for k in vars(trust_document).values() if isinstance(k, type)]
    models = [k for k in kinds if issubclass(k, Strict) and k is not Strict]
    fields = {name for kind in models for name in kind.model_fields}
    assert described == fields - {"at", "reason", "heads"}


def test_every_role_is_described() -> None:
    assert set(rows(section(PAGE, "People"))) == {role.value for role in Role}


def test_every_refusal_named_is_one_of_the_code() -> None:
    code = (Path(trust_document.__file__).parent / "trust_file.py").read_text(encoding="utf-8")
    code += (Path(trust_document.__file__).parent / "canonical_bytes.py").read_text("utf-8")
    for name in rows(section(PAGE, "When it is not believed")):
        for part in re.split(r"\.\.\.| N$", name):
            assert part.strip() in re.sub(r'"\n\s+f?"', "", code), part
