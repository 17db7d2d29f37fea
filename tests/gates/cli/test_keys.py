"""`gate keys`: made, listed, rotated and revoked; no private key is ever printed."""

from datetime import timedelta
from pathlib import Path

import pytest

from gates.chain.opening import open_anchor
from gates.chain.record import Head
from gates.trust.signers import new_private_key, signer_of
from gates.workspace import load_workspace
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace

PUBLIC = signer_of(new_private_key()).public


@pytest.fixture
def trusting(place: Workplace) -> Workplace:
    """A workspace that Ann trusts, with a policy."""
    place.policy()
    assert said("trust", "init", "--owner", "ann").code == 0
    return place


def keys(place: Workplace) -> Path:
    return place.folder / ".gate" / "keys"


def test_a_key_is_made_for_somebody_who_keeps_no_trust_file(place: Workplace) -> None:
    found = said("keys", "new", "bob")
    assert found.code == 0
    pem = (keys(place) / "bob.pem").read_text("utf-8")
    assert pem.splitlines()[1] not in found.out
    assert "next: gate keys new bob --public " in found.out
    assert said("keys", "new", "bob").code == 2, "never written over"


def test_a_key_is_encrypted_by_the_password_of_the_environment(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_KEY_PASSWORD", "correct horse")
    file = place.folder / "mine.pem"
    assert said("keys", "new", "bob", "--file", str(file)).code == 0
    assert "ENCRYPTED" in file.read_text("utf-8")


def test_a_public_key_is_taken_into_the_draft(trusting: Workplace) -> None:
    arguments = ("--public", PUBLIC.base64, "--role", "approve", "--account", "github:bob")
    found = said("keys", "new", "bob", *arguments, "--json")
    assert found.json == {
        "schema": "gate.key/1",
        "owner": "bob",
        "keyid": PUBLIC.keyid,
        "public": PUBLIC.base64,
        "file": None,
        "drafted": True,
    }
    assert not (keys(trusting) / "bob.pem").exists()
    listed = said("keys", "list", "--json")
    assert listed.schema == "gate.keys/1"
    assert [key["owner"] for key in listed.json["keys"]] == ["ann", "bob"]  # type: ignore[union-attr, attr-defined]
    assert "ann    person  root, decide" in said("keys", "list").out


def test_a_cis_key_approves_nothing(trusting: Workplace) -> None:
    del trusting
    arguments = ("keys", "new", "github", "--ci", "--public", PUBLIC.base64)
    found = said(*arguments, "--role", "approve")
    assert found.code == 2
    assert "a person's, never a CI's" in found.err
    assert said(*arguments, "--role", "decide", "--role", "release").code == 0


@pytest.mark.parametrize("owner", ["Ann", "../../etc/bob", "a b"])
def test_a_name_that_cannot_stand_in_records_is_refused(trusting: Workplace, owner: str) -> None:
    found = said("keys", "new", owner, "--role", "approve")
    assert found.code == 2
    assert "into the trust file" in found.err
    assert [path.name for path in keys(trusting).glob("*.pem")] == ["signing.pem"]


def test_a_key_file_stays_in_its_folder_whatever_its_owner_is_called(place: Workplace) -> None:
    assert said("keys", "new", "../../bob").code == 0
    assert [path.name for path in keys(place).glob("*.pem")] == [".._.._bob.pem"]


def test_a_public_key_that_is_none_is_wrong_usage(trusting: Workplace) -> None:
    del trusting
    found = said("keys", "new", "bob", "--public", "AAAA")
    assert found.code == 2
    assert "32 bytes in base64" in found.err


def test_a_key_is_rotated_with_the_old_one_signing_for_its_successor(trusting: Workplace) -> None:
    found = said("keys", "rotate")
    assert found.code == 0
    sign = found.out.splitlines()[-1].removeprefix("next: gate ").split()
    assert said(*sign).code == 0
    assert said("trust", "check").out.count("note: the key") == 1, "the old one ends soon"
    trusting.now += timedelta(days=1)
    document = said("keys", "rotate", "--overlap-days", "0", "--json")
    assert (document.schema, document.json["pinned"]) == ("gate.key-rotation/1", True)
    assert len(list(keys(trusting).glob("*.pem"))) == 3


def test_a_key_is_revoked_by_the_beginning_of_its_keyid(trusting: Workplace) -> None:
    said("keys", "new", "bob", "--public", PUBLIC.base64, "--role", "decide")
    found = said("keys", "revoke", PUBLIC.keyid[:8], "--reason", "stolen", "--head", "assistant=7")
    assert found.code == 0
    assert "of bob counts for nothing from" in found.out
    text = (trusting.folder / "trust.yaml").read_text("utf-8")
    assert "heads:\n        assistant: 7" in text
    earlier = ("--at", "2020-01-01T00:00:00Z", "--json")
    again = said("keys", "revoke", PUBLIC.keyid, "--reason", "stolen", *earlier)
    assert (again.schema, again.json["at"]) == (
        "gate.key-revocation/1", "2020-01-01T00:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize("head", ["assistant", "assistant=", "=7", "assistant=-1", "assistant=²"])
def test_a_head_that_is_no_number_is_wrong_usage(trusting: Workplace, head: str) -> None:
    del trusting
    found = said("keys", "revoke", "ann", "--reason", "stolen", "--head", head)
    assert found.code == 2
    assert "MODEL=NUMBER" in found.err


def test_whoever_revokes_is_told_how_far_a_thief_could_date_back(trusting: Workplace) -> None:
    said("keys", "new", "bob", "--public", PUBLIC.base64, "--role", "decide")
    anchor = open_anchor(load_workspace(trusting.folder, {}))
    anchor.grow("assistant", Head(sequence=41, sha256="a" * 64))
    found = said("keys", "revoke", "bob", "--reason", "stolen")
    assert "note: assistant has 41 records, as seen here" in found.out
    earlier = ("--at", "2020-01-01T00:00:00Z", "--head", "assistant=41")
    assert "note:" not in said("keys", "revoke", PUBLIC.keyid, "--reason", "stolen", *earlier).out


@pytest.mark.usefixtures("place")
def test_a_key_is_not_revoked_without_a_reason() -> None:
    found = said("keys", "revoke", "ann", "--reason", " ")
    assert found.code == 2
    assert "without a reason" in found.err
