"""A workspace believes what its operator pinned, remembers it, and signs with the key it names."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.starter.scaffold import write_workspace
from gates.trust.pins import Pins, Seen
from gates.trust.untrusted import Untrusted
from gates.trust_upkeep.signing import Signed, sign_draft, trust_files, write_draft
from gates.trusting import STREAM, pins_of, seen_here, signer_in, trust_in
from gates.workspace import Workspace, load_workspace
from policies.errors import Broken, WrongUsage
from stages.engine.state import State
from stages.engine.state_url import open_state
from tests.trusting import Keyring, trusted

NOW = datetime(2026, 5, 1, tzinfo=UTC)
END = "2030-01-01T00:00:00+00:00"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    write_workspace(folder, name="assistant", tracking_uri="sqlite:///mlflow.db")
    return folder


@pytest.fixture
def keyring(folder: Path) -> Keyring:
    return trusted(folder, folder / "policies" / "first.yaml", people=("bob",), ci=("github",))


@pytest.fixture
def state(tmp_path: Path) -> State:
    return open_state(str(tmp_path / "state"))


def opened(keyring: Keyring, variables: Mapping[str, str] | None = None) -> Workspace:
    return load_workspace(keyring.root, variables or {})


def edited(keyring: Keyring, old: str, new: str) -> Workspace:
    settings = keyring.root / "gate.toml"
    text = settings.read_text("utf-8")
    assert old in text
    settings.write_text(text.replace(old, new), encoding="utf-8")
    return opened(keyring)


def version(keyring: Keyring, number: int) -> Keyring:
    return keyring.publish(keyring.document.model_copy(update={"version": number}))


def test_a_workspace_without_a_trust_file_believes_nothing(folder: Path, state: State) -> None:
    workspace = load_workspace(folder, {})
    assert trust_in(workspace, state, at=NOW) is None
    assert signer_in(workspace) is None
    assert pins_of(workspace).keyids == ()


def test_what_the_pinned_key_signed_is_believed_and_remembered(
    keyring: Keyring, state: State
) -> None:
    trust = trust_in(opened(keyring), state, at=NOW)
    assert trust is not None
    assert trust.signed_by == ("ann",)
    assert seen_here(state) == Seen(version=1, sha256=trust.sha256)


def test_each_version_is_remembered_once(keyring: Keyring, state: State) -> None:
    for number in (1, 1, 2, 2, 3):
        version(keyring, number)
        assert trust_in(opened(keyring), state, at=NOW) is not None
    assert [entry["version"] for entry in state.read(STREAM)] == [1, 2, 3]


def test_an_older_trust_file_in_the_place_of_a_newer_is_refused(
    keyring: Keyring, state: State
) -> None:
    old = keyring.trust_file.read_bytes()
    version(keyring, 2)
    trust_in(opened(keyring), state, at=NOW)
    keyring.trust_file.write_bytes(old)
    with pytest.raises(Untrusted) as caught:
        trust_in(opened(keyring), state, at=NOW)
    assert "version 2 was seen before" in caught.value.why


def test_what_the_anchor_remembers_counts_where_the_state_is_new(
    keyring: Keyring, state: State
) -> None:
    with pytest.raises(Untrusted):
        trust_in(opened(keyring), state, at=NOW, anchored=Seen(version=2, sha256="a" * 64))
    assert seen_here(state) is None, "what is not believed is not remembered"


def test_what_is_not_believed_is_not_remembered(keyring: Keyring, state: State) -> None:
    workspace = edited(keyring, keyring.signer.public.keyid, "a" * 64)
    with pytest.raises(Untrusted):
        trust_in(workspace, state, at=NOW)
    assert seen_here(state) is None


def test_a_memory_that_this_program_did_not_write_is_refused(
    keyring: Keyring, state: State
) -> None:
    state.append(STREAM, [{"version": "1", "sha256": "a"}])
    with pytest.raises(Broken, match="a trust file that was seen"):
        trust_in(opened(keyring), state, at=NOW)


def test_the_threshold_of_the_settings_holds(keyring: Keyring, state: State) -> None:
    pins = f'keys = ["{keyring.signer.public.keyid}"'
    bob = keyring.signers["bob"].public.keyid
    workspace = edited(keyring, f"{pins}]", f'{pins}, "{bob}"]\nthreshold = 2')
    with pytest.raises(Untrusted) as caught:
        trust_in(workspace, state, at=NOW)
    assert "2 must sign" in caught.value.why


def test_the_key_that_the_settings_name_signs(keyring: Keyring) -> None:
    signer = signer_in(opened(keyring))
    assert signer is not None
    assert signer.public == keyring.signer.public


def test_a_key_in_the_environment_wins(keyring: Keyring) -> None:
    pem = keyring.files["bob"].read_text("utf-8")
    signer = signer_in(opened(keyring, {"GATE_KEY": pem}))
    assert signer is not None
    assert signer.public == keyring.signers["bob"].public


def test_a_key_is_taken_from_the_variable_that_the_settings_name(keyring: Keyring) -> None:
    edited(keyring, 'key = ".gate/keys/ann.pem"', 'key_env = "SIGNING_KEY"')
    pem = keyring.files["ann"].read_text("utf-8")
    signer = signer_in(opened(keyring, {"SIGNING_KEY": pem}))
    assert signer is not None
    assert signer.public == keyring.signer.public
    with pytest.raises(WrongUsage, match="no key to sign with") as caught:
        signer_in(opened(keyring))
    assert "SIGNING_KEY, which is not set" in caught.value.why


def test_a_command_signs_from_where_the_workspace_is(keyring: Keyring) -> None:
    public = keyring.signer.public.base64
    sign = keyring.root / "ops" / "sign.sh"
    sign.parent.mkdir()
    sign.write_text("#!/bin/sh\necho no such key >&2\nexit 3\n", encoding="utf-8")
    sign.chmod(0o755)
    settings = f'key_command = ["./ops/sign.sh", "ann"]\nkey_public = "{public}"'
    signer = signer_in(edited(keyring, 'key = ".gate/keys/ann.pem"', settings))
    assert signer is not None
    assert signer.public == keyring.signer.public
    with pytest.raises(Broken) as caught:
        signer.sign(b"message")
    assert "exit code 3: no such key" in caught.value.why


def test_a_bare_program_is_looked_for_where_programs_are(keyring: Keyring) -> None:
    settings = f'key_command = ["true"]\nkey_public = "{keyring.signer.public.base64}"'
    signer = signer_in(edited(keyring, 'key = ".gate/keys/ann.pem"', settings))
    assert signer is not None
    with pytest.raises(Broken, match="true does not sign") as caught:
        signer.sign(b"message")
    assert "no signature" in caught.value.why


def test_a_public_key_that_is_none_is_refused(keyring: Keyring) -> None:
    settings = 'key_command = ["true"]\nkey_public = "AAAA"'
    workspace = edited(keyring, 'key = ".gate/keys/ann.pem"', settings)
    with pytest.raises(WrongUsage, match="key_public"):
        signer_in(workspace)


def test_two_workspaces_with_roots_of_their_own_never_lock_each_other_out(
    keyring: Keyring, state: State, tmp_path: Path
) -> None:
    """The second is told whose trust file it is; with a shared root it goes on above it."""
    assert trust_in(opened(keyring), state, at=NOW) is not None
    other = tmp_path / "other"
    write_workspace(other, name="assistant", tracking_uri="sqlite:///mlflow.db")
    second = trusted(other, other / "policies" / "first.yaml", owner="zoe")
    workspace = opened(second)
    files = trust_files(workspace)
    write_draft(files, second.document.model_copy(update={"expires": END}))
    before = second.trust_file.read_bytes()

    def signed(pins: Pins) -> Signed:
        return sign_draft(files, [second.signer], pins=pins, at=NOW, seen=seen_here(state))

    with pytest.raises(WrongUsage, match="would lock another workspace out") as refused:
        signed(pins_of(workspace))
    assert keyring.signer.public.keyid[:12] in refused.value.why
    assert second.trust_file.read_bytes() == before
    with pytest.raises(Untrusted):
        trust_in(workspace, state, at=NOW)
    assert trust_in(opened(keyring), state, at=NOW) is not None

    both = (keyring.signer.public.keyid, second.signer.public.keyid)
    assert signed(Pins(keyids=both)).version == 2


def test_other_pins_never_make_an_older_trust_file_believed(keyring: Keyring, state: State) -> None:
    """Rotated from ann to bob: what bob had signed before is as old as ever."""
    old = keyring.trust_file.read_bytes()
    version(keyring, 2)
    trust_in(opened(keyring), state, at=NOW)
    keyring.trust_file.write_bytes(old)
    pinned = keyring.signer.public.keyid
    workspace = edited(keyring, f'"{pinned}"', f'"{"b" * 64}", "{pinned}"')
    with pytest.raises(Untrusted) as caught:
        trust_in(workspace, state, at=NOW)
    assert "version 2 was seen before" in caught.value.why


def test_what_a_version_before_remembered_counts_as_ever(keyring: Keyring, state: State) -> None:
    state.append(STREAM, [{"version": 2, "sha256": "a" * 64}])
    with pytest.raises(Untrusted):
        trust_in(opened(keyring), state, at=NOW)
