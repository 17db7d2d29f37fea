"""What was registered again under the number of the champion is told, by whoever looks."""

from dataclasses import replace

import pytest

from gates.standing import aliases_now
from tests.fakes.shell import Said, said
from tests.fakes.workplace import Workplace
from tests.gates.promotion.scene import Scene


@pytest.fixture
def place(passed: Scene) -> Workplace:
    """Version 2 was promoted on a PASS."""
    assert said("promote", "assistant/2").code == 0
    return passed.place


def swap(place: Workplace) -> None:
    """The model was deleted, and other bytes have the number of the champion."""
    ledger, other = place.ledger, place.recorded(wrong_every=2)
    ledger.files["models:/assistant/2"] = ledger.files[other.uri]
    ledger.tag(ledger.version("assistant/2"), {"gate_sha256": other.tags["gate_sha256"]})


def looks() -> tuple[Said, Said, Said]:
    return said("status", "assistant"), said("history", "assistant"), said("verify", "assistant")


def test_nothing_is_said_of_what_is_as_it_was_recorded(place: Workplace) -> None:
    del place
    for found in looks():
        assert (found.code, "checkpoint" in found.out + found.err) == (0, False)
    assert said("status", "assistant/2").out.count("PASS") == 1


def test_other_bytes_behind_the_alias_are_told_everywhere(place: Workplace) -> None:
    swap(place)
    status, history, verified = looks()
    for found in (status, history, verified):
        told = found.out + found.err
        assert "other checkpoint: champion points to models:/assistant/2, whose digest is" in told
        assert "restore what was registered, or gate rollback assistant" in told
    assert (status.code, history.code, verified.code) == (0, 3, 3)
    row = next(line for line in status.out.splitlines() if "champion" in line)
    assert "REPLACED" in row
    assert "PASS" not in row


def test_the_documents_have_it(place: Workplace) -> None:
    swap(place)
    status = said("status", "assistant", "--json").json
    (alias,) = status["aliases"]  # type: ignore[misc]
    now = place.ledger.version("assistant/2")
    assert (alias["replaced"], alias["moved_outside"], alias["unread"]) == (True, False, None)  # type: ignore[index]
    assert [v["verdict"] for v in status["versions"] if v["candidate"] == now.uri] == ["REPLACED"]  # type: ignore[attr-defined]
    (chain,) = said("verify", "assistant", "--json").json["chains"]  # type: ignore[misc]
    (behind,) = chain["aliases"]  # type: ignore[index]
    assert (behind["replaced"], behind["sentences"]) == (True, alias["sentences"])  # type: ignore[index]
    assert said("history", "assistant", "--json").json["now"] == behind


def test_an_earlier_time_is_answered_as_ever(place: Workplace) -> None:
    before = place.now.isoformat()
    place.later(hours=1)
    assert said("rollback", "assistant", "--reason", "x", "--to", "1").code == 0
    ledger = place.ledger
    ledger.files["models:/assistant/1"] = ledger.files["models:/assistant/2"]
    sha256 = ledger.version("assistant/2").tags["gate_sha256"]
    ledger.tag(ledger.version("assistant/1"), {"gate_sha256": sha256})
    earlier = said("history", "assistant", "--at", before)
    assert (earlier.code, earlier.err) == (0, "")
    assert said("history", "assistant", "--at", place.now.isoformat()).code == 3


def test_a_version_that_cannot_be_opened_crashes_nobody(place: Workplace) -> None:
    del place.ledger.files["models:/assistant/2"]
    for found in looks():
        told = found.out + found.err
        assert found.code == 0
        assert "whether models:/assistant/2, which is champion, still is the checkpoint" in told
        assert "cannot be told: " in told
    (alias,) = said("status", "assistant", "--json").json["aliases"]  # type: ignore[misc]
    assert (alias["replaced"], alias["checkpoint_sha256"]) == (False, None)  # type: ignore[index]
    assert "no recorded outputs" in alias["unread"]  # type: ignore[index]


def test_only_what_an_alias_points_to_is_fetched(
    place: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetched, fetch = [], place.ledger.fetch_file
    monkeypatch.setattr(
        place.ledger, "fetch_file", lambda v, f: (fetched.append(v.uri), fetch(v, f))[1]
    )
    custody = place.services.custody
    assert custody is not None
    aliases_now("assistant", custody.chain("assistant"), ("champion",), replace(place.services))
    assert fetched == ["models:/assistant/2"]
