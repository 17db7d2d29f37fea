"""Whatever will not work as one might think is said, though the trust file is believed."""

from datetime import timedelta
from pathlib import Path

import pytest

from gates.trust.signers import new_private_key, signer_of
from gates.trust.trust_document import TrustDocument
from gates.trust_upkeep.checking import remarks
from gates.workspace import load_workspace
from tests.gates.trust_upkeep.conftest import NOW
from tests.trusting import Keyring, trusted

SOON = (NOW + timedelta(days=10)).isoformat()


@pytest.fixture
def keyring(bare: Path) -> Keyring:
    return trusted(bare, bare / "policies" / "first.yaml", people=("bob",))


def said(keyring: Keyring, **more: object) -> str:
    return "\n".join(found(keyring, keyring.document.model_copy(update=more)))


def found(keyring: Keyring, document: TrustDocument) -> tuple[str, ...]:
    from gates.trust.trust import trust_of

    trust = trust_of(document, sha256="", signed_by=("ann",))
    return remarks(load_workspace(keyring.root, {}), trust, at=NOW)


def settings(keyring: Keyring, old: str, new: str) -> None:
    file = keyring.root / "gate.toml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_nothing_is_said_where_nothing_needs_a_person(keyring: Keyring) -> None:
    assert found(keyring, keyring.document) == ()


def test_a_threshold_that_is_not_pinned_is_told(keyring: Keyring) -> None:
    assert "set `threshold = 2`" in said(keyring, root_threshold=2)


def test_what_ends_soon_is_told(keyring: Keyring) -> None:
    assert "the trust file expires at" in said(keyring, expires=SOON)
    ann, bob = keyring.document.keys
    ending = bob.model_copy(update={"until": SOON})
    assert f"of bob ends at {SOON}" in said(keyring, keys=(ann, ending))


def test_a_root_key_that_does_not_count_here_is_told(keyring: Keyring) -> None:
    settings(keyring, keyring.signer.public.keyid, "a" * 64)
    told = said(keyring)
    assert "gate.toml pins aaaaaaaaaaaa, which is no root key in force" in told
    assert "of ann is not pinned: it does not count here" in told


def test_a_key_that_signs_here_and_does_not_count_is_told(keyring: Keyring) -> None:
    other = signer_of(new_private_key()).public.base64
    ann, bob = keyring.document.keys
    stranger = ann.model_copy(update={"public": other})
    assert "which signs here, does not count" in said(keyring, keys=(stranger, bob))
    ended = ann.model_copy(update={"until": NOW.isoformat()})
    assert "which signs here, does not count" in said(keyring, keys=(ended, bob))


def test_a_workspace_that_signs_nothing_is_told(keyring: Keyring) -> None:
    settings(keyring, 'key = ".gate/keys/ann.pem"', "")
    assert "it signs nothing" in said(keyring)


def test_a_policy_that_changed_since_is_told_with_what_puts_it_in_force(keyring: Keyring) -> None:
    policy = keyring.root / "policies" / "first.yaml"
    text = policy.read_text("utf-8")
    policy.write_text(text.replace("margin: 0.03", "margin: 0.05"), encoding="utf-8")
    assert "gate trust allow assistant champion first" in said(keyring)
