"""A workspace begins to trust with one command, and what it wrote is believed as it is."""

from datetime import timedelta
from pathlib import Path

import pytest

from gates.trust.signers import signer_from_file
from gates.trust.trust_document import Role
from gates.trust.trust_file import read_trust
from gates.trust_upkeep.beginning import begin_trust
from gates.trust_upkeep.signing import read_draft, trust_files
from gates.trusting import pins_of, signer_in
from gates.workspace import Workspace, load_workspace
from policies.errors import PolicyError, WrongUsage
from policies.load import load_policy
from tests.gates.trust_upkeep.conftest import NOW


def test_what_was_begun_is_believed_and_signs(workspace: Workspace) -> None:
    files = trust_files(workspace)
    trust = read_trust(files.signed, pins=pins_of(workspace), at=NOW)
    signer = signer_in(workspace)
    assert signer is not None
    owner = trust.owner_of(signer.public)
    assert owner is not None
    assert (owner.owner, owner.roles) == ("ann", frozenset(Role))
    assert read_draft(files).version == trust.version == 1


def test_the_policies_of_the_settings_are_in_force_from_now_as_they_are(
    workspace: Workspace,
) -> None:
    trust = read_trust(trust_files(workspace).signed, pins=pins_of(workspace), at=NOW)
    path = workspace.policy_path("assistant", "champion")
    assert path is not None
    policy = load_policy(path)

    def in_force(sha256: str, hours: int) -> bool:
        at = NOW + timedelta(hours=hours)
        return trust.in_force("assistant", "champion", policy="first", sha256=sha256, at=at)

    assert in_force(policy.sha256, 0)
    assert not in_force(policy.sha256, -1)
    assert not in_force("a" * 64, 0)


def test_nothing_is_begun_twice(workspace: Workspace) -> None:
    before = {path: path.read_bytes() for path in workspace.root.rglob("*") if path.is_file()}
    with pytest.raises(WrongUsage, match="has a trust file already"):
        begin_trust(workspace, owner="bob", at=NOW)
    assert before == {p: p.read_bytes() for p in workspace.root.rglob("*") if p.is_file()}


@pytest.mark.parametrize("name", ["trust.json", "trust.yaml"])
def test_a_trust_file_that_no_setting_names_is_not_written_over(bare: Path, name: str) -> None:
    (bare / name).write_text("mine", encoding="utf-8")
    with pytest.raises(WrongUsage, match="has a trust file already"):
        begin_trust(load_workspace(bare, {}), owner="ann", at=NOW)
    assert (bare / name).read_text("utf-8") == "mine"


def test_a_folder_without_settings_is_told_what_writes_them(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="no workspace to trust") as caught:
        begin_trust(load_workspace(tmp_path, {}), owner="ann", at=NOW)
    assert "gate init" in caught.value.fix


def test_a_key_in_the_environment_is_used_and_none_is_made(bare: Path, tmp_path: Path) -> None:
    begin_trust(load_workspace(bare, {}), owner="ann", at=NOW)
    pem = (bare / ".gate" / "keys" / "signing.pem").read_text("utf-8")
    other = tmp_path / "other"
    other.mkdir()
    (other / "gate.toml").write_text("", encoding="utf-8")
    begun = begin_trust(load_workspace(other, {"GATE_KEY": pem}), owner="ann", at=NOW)
    assert not (other / ".gate").exists()
    assert begun.keyid == signer_from_file(bare / ".gate" / "keys" / "signing.pem").public.keyid
    assert "key =" not in (other / "gate.toml").read_text("utf-8")


def test_a_password_encrypts_the_key(bare: Path) -> None:
    variables = {"GATE_KEY_PASSWORD": "correct horse"}
    begin_trust(load_workspace(bare, variables), owner="ann", at=NOW)
    pem = (bare / ".gate" / "keys" / "signing.pem").read_text("utf-8")
    assert "ENCRYPTED" in pem
    assert signer_in(load_workspace(bare, variables)) is not None


def test_a_policy_that_cannot_be_used_stops_it_before_anything_is_in_force(bare: Path) -> None:
    (bare / "policies" / "first.yaml").write_text("policy: [", encoding="utf-8")
    with pytest.raises(PolicyError):
        begin_trust(load_workspace(bare, {}), owner="ann", at=NOW)
    assert not (bare / "trust.json").exists()
    assert "[trust]" not in (bare / "gate.toml").read_text("utf-8")


def test_a_name_that_cannot_stand_in_records_is_told(bare: Path) -> None:
    with pytest.raises(WrongUsage, match="a key of Ann Lee"):
        begin_trust(load_workspace(bare, {}), owner="Ann Lee", at=NOW)
    assert not (bare / "trust.json").exists()
