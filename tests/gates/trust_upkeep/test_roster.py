"""Keys are added, rotated and revoked in the draft, and count once it is signed."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from gates.trust.changes import key_entry
from gates.trust.keys import PublicKey
from gates.trust.signers import new_private_key, signer_from_file, signer_of
from gates.trust.trust import Trust
from gates.trust.trust_document import KeyEntry, Kind, Role
from gates.trust.trust_file import read_trust
from gates.trust.untrusted import Untrusted
from gates.trust_upkeep.roster import add_key, listed, revoke_key, rotate_key
from gates.trust_upkeep.signing import read_draft, sign_draft, trust_files
from gates.trusting import pins_of, signer_in
from gates.workspace import Workspace, load_workspace
from policies.errors import WrongUsage
from tests.gates.trust_upkeep.conftest import NOW

WEEK = timedelta(days=7)


def again(workspace: Workspace, variables: Mapping[str, str] | None = None) -> Workspace:
    return load_workspace(workspace.root, variables or {})


def entry(owner: str, *roles: Role, public: PublicKey | None = None) -> KeyEntry:
    key = public or signer_of(new_private_key()).public
    return key_entry(key.base64, owner, kind=Kind.PERSON, accounts=(), roles=roles, since=NOW)


def believed(workspace: Workspace, at: datetime = NOW) -> Trust:
    return read_trust(trust_files(workspace).signed, pins=pins_of(workspace), at=at)


def sign(workspace: Workspace, key: Path | None = None, at: datetime = NOW) -> None:
    signer = signer_from_file(key) if key else signer_in(workspace)
    assert signer is not None
    assert sign_draft(trust_files(workspace), (signer,), pins=pins_of(workspace), at=at).in_force


def revoke(workspace: Workspace, name: str, at: datetime = NOW) -> None:
    revoke_key(again(workspace), name, at=at, reason="stolen", now=NOW, heads={"assistant": 3})


def test_a_key_counts_once_the_draft_that_names_it_is_signed(workspace: Workspace) -> None:
    add_key(workspace, entry("bob", Role.APPROVE))
    assert [key.owner for key in believed(workspace).keys] == ["ann"]
    sign(workspace)
    assert [key.owner for key in believed(workspace).keys] == ["ann", "bob"]


def test_keys_are_listed_with_what_is_particular_about_them(workspace: Workspace) -> None:
    add_key(workspace, entry("bob", Role.APPROVE))
    revoke(workspace, "bob")
    ann, bob = listed(workspace, at=NOW)
    assert (ann.counts, ann.pinned, ann.here) == (True, True, True)
    assert ann.remark == "signs here; pinned"
    assert (bob.counts, bob.pinned, bob.here) == (False, False, False)
    assert bob.remark == f"revoked from {NOW.isoformat()}: stolen"


def test_a_root_key_is_rotated_without_a_moment_in_which_nothing_is_believed(
    workspace: Workspace,
) -> None:
    old_pins = pins_of(workspace)
    done = rotate_key(workspace, at=NOW, overlap=WEEK)
    assert done.old_file is not None
    after = again(workspace)
    assert after.trust.keys == [done.old, done.new]
    assert believed(after).version == 1
    sign(after, done.old_file)
    files = trust_files(after)
    assert read_trust(files.signed, pins=old_pins, at=NOW).version == 2, "where only old is pinned"
    signer = signer_in(after)
    assert signer is not None
    assert signer.public.keyid == done.new
    end = NOW + WEEK
    sign(after, at=end)
    assert believed(after, end).signed_by == ("ann",)


def test_a_key_elsewhere_is_rotated_by_its_successors_public_key(workspace: Workspace) -> None:
    pem = (workspace.root / ".gate" / "keys" / "signing.pem").read_text("utf-8")
    elsewhere = again(workspace, {"GATE_KEY": pem})
    with pytest.raises(WrongUsage, match="in no file here"):
        rotate_key(elsewhere, at=NOW, overlap=WEEK)
    successor = signer_of(new_private_key()).public
    done = rotate_key(elsewhere, at=NOW, overlap=WEEK, successor=successor)
    assert (done.new, done.old_file) == (successor.keyid, None)
    assert read_draft(trust_files(workspace)).keys[1].public == successor.base64


def test_a_workspace_that_signs_with_nothing_has_nothing_to_rotate(workspace: Workspace) -> None:
    settings = workspace.root / "gate.toml"
    text = settings.read_text("utf-8").replace('key = ".gate/keys/signing.pem"', "")
    settings.write_text(text, encoding="utf-8")
    with pytest.raises(WrongUsage, match="no key to rotate"):
        rotate_key(again(workspace), at=NOW, overlap=WEEK)


def test_a_key_that_the_draft_does_not_name_is_not_rotated_and_its_file_stays(
    workspace: Workspace,
) -> None:
    key = workspace.root / ".gate" / "keys" / "signing.pem"
    stranger = signer_of(new_private_key())
    key.unlink()
    from gates.trust.signers import write_private_key

    write_private_key(key, stranger._key, password=None)
    with pytest.raises(WrongUsage, match="names no key"):
        rotate_key(workspace, at=NOW, overlap=WEEK)
    assert signer_from_file(key).public == stranger.public
    assert not key.with_name("signing.next.pem").exists()


def test_a_stolen_root_key_is_replaced_and_signs_nothing_any_more(workspace: Workspace) -> None:
    """The thief writes a trust file in which it was never revoked."""
    done = rotate_key(workspace, at=NOW, overlap=WEEK)
    assert done.old_file is not None
    forged = trust_files(workspace).signed.read_bytes()
    revoke(workspace, done.old[:12])
    after = again(workspace)
    assert after.trust.keys == [done.new]
    sign(after)
    assert believed(after).keys[0].revoked is not None
    trust_files(after).signed.write_bytes(forged)
    with pytest.raises(Untrusted):
        believed(after)


def test_the_last_pinned_key_is_not_revoked(workspace: Workspace) -> None:
    add_key(workspace, entry("bob", Role.ROOT))
    before = read_draft(trust_files(workspace))
    with pytest.raises(WrongUsage, match="the last root key") as caught:
        revoke(workspace, "ann")
    assert "gate keys rotate" in caught.value.fix
    assert read_draft(trust_files(workspace)) == before


def test_a_revocation_may_be_dated_back_but_not_ahead(workspace: Workspace) -> None:
    add_key(workspace, entry("bob", Role.DECIDE))
    with pytest.raises(WrongUsage, match="is yet to come"):
        revoke(workspace, "bob", NOW + timedelta(seconds=1))
    revoke(workspace, "bob", NOW - WEEK)
    bob = read_draft(trust_files(workspace)).keys[1]
    assert bob.revoked is not None
    assert (bob.revoked.at, bob.revoked.heads) == ((NOW - WEEK).isoformat(), {"assistant": 3})
