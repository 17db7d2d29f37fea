"""A trust file that has expired promotes nothing, and keeps nobody from looking or going back."""

from datetime import timedelta

import pytest

from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.gates.promotion.scene import Scene
from tests.trusting import Keyring


@pytest.fixture
def keyring(passed: Scene) -> Keyring:
    """Version 2 was promoted under a trust file that expired since; Bob is on call."""
    until = (passed.place.now + timedelta(days=1)).isoformat()
    passed.publish(expires=until)
    assert said("promote", "assistant/2").code == 0
    passed.place.later(days=2)
    return passed.keyring


@pytest.mark.parametrize("command", [("status",), ("history",), ("rollback", "--reason", "x")])
def test_it_is_told_loudly_and_the_command_goes_on(
    keyring: Keyring, command: tuple[str, ...]
) -> None:
    del keyring
    name, *more = command
    found = said(name, "assistant", *more)
    assert found.code == 0
    assert "warning: THE TRUST FILE EXPIRED at 2026-03-02" in found.err
    assert "gate trust sign" in found.err
    document = said(name, "assistant", *more, "--json") if name != "rollback" else None
    assert document is None or "THE TRUST FILE EXPIRED" in str(document.json["warnings"])


def test_somebody_on_call_goes_back_and_the_record_counts_once_it_is_prolonged(
    place: Workplace, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GATE_KEY", keyring.files["bob"].read_text())
    found = said("rollback", "assistant", "--reason", "it is rude", "--json")
    assert (found.code, found.json["version"]) == (0, "models:/assistant/1")
    assert place.ledger.aliases["assistant"]["champion"] == "1"
    monkeypatch.delenv("GATE_KEY")
    keyring.publish(keyring.document.model_copy(update={"version": 3, "expires": None}))
    whole = said("verify", "assistant", "--json")
    assert (whole.code, whole.json["chains"][0]["void"]) == (0, [])  # type: ignore[index]
    assert said("status", "assistant").err == ""


def test_a_key_that_was_revoked_rolls_nothing_back(
    place: Workplace, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Expiry makes nobody's word count that did not count before."""
    document = keyring.document.model_copy(update={"version": 3})
    keys = [
        key.model_copy(update={"until": "2026-03-01T12:00:00+00:00"}) if key.owner == "bob" else key
        for key in document.keys
    ]
    keyring.publish(document.model_copy(update={"keys": tuple(keys)}))
    monkeypatch.setenv("GATE_KEY", keyring.files["bob"].read_text())
    found = said("rollback", "assistant", "--reason", "x")
    assert (found.code, found.out) == (2, "")
    assert "may not sign this record" in found.err
    assert place.ledger.aliases["assistant"]["champion"] == "2"


def test_an_older_file_that_has_expired_is_refused_to_everybody(
    place: Workplace, keyring: Keyring
) -> None:
    """Expiry is no way around the newest version that was seen."""
    old = keyring.trust_file.read_bytes()
    keyring.publish(keyring.document.model_copy(update={"version": 3}))
    assert said("status", "assistant").code == 0
    keyring.trust_file.write_bytes(old)
    for command in (("status",), ("history",), ("rollback", "--reason", "x")):
        found = said(command[0], "assistant", *command[1:])
        assert found.code == 4
        assert "version 3 was seen before" in found.err
    assert place.ledger.aliases["assistant"]["champion"] == "2"


@pytest.mark.parametrize(
    "command",
    [
        ("promote", "assistant/2"),
        ("promote", "assistant/2", "--dry-run"),
        ("approve", "assistant/2", "--reason", "x"),
        ("revoke", "assistant/2", "--reason", "x"),
        ("verify", "assistant"),
    ],
)
def test_whatever_else_rests_on_it_is_refused(
    place: Workplace, keyring: Keyring, command: tuple[str, ...]
) -> None:
    del keyring
    records = len(place.ledger.envelopes["assistant"])
    found = said(*command)
    assert found.code == 4
    assert "it expired at 2026-03-02" in found.err
    assert len(place.ledger.envelopes["assistant"]) == records
