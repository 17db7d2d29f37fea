"""A folder that may only be read hinders nobody who reads; what could not be kept is said."""

import pytest

from tests.fakes.read_only import read_only
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace, snapshot
from tests.gates.promotion.scene import Scene


@pytest.fixture
def audited(passed: Scene) -> Workplace:
    """Version 2 passed everything."""
    return passed.place


READING = [
    ("status", "assistant"),
    ("history", "assistant"),
    ("explain", "assistant/2"),
    ("verify", "assistant"),
    ("verify", "--records", ".gate/records"),
    ("promote", "assistant/2", "--dry-run"),
    ("rollback", "assistant", "--reason", "x", "--dry-run"),
    ("trust", "show"),
]


@pytest.mark.parametrize("command", READING, ids=" ".join)
@pytest.mark.parametrize("new", [True, False], ids=["new here", "seen before"])
def test_what_only_reads_needs_no_folder_that_may_be_written(
    audited: Workplace, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...], *, new: bool
) -> None:
    """Also where neither state nor anchor have seen anything of the trust file and the chain."""
    assert said("promote", "assistant/2").code == 0
    said("history", "assistant")
    if new:
        (audited.folder / ".gate" / "anchor.json").unlink()
        (audited.folder / "state" / "trust" / "seen.jsonl").unlink()
    before = snapshot(audited.folder)
    read_only(audited.folder, monkeypatch)
    found = said(*command)
    assert found.code == 0
    assert "warning" not in found.err or command == ("verify", "assistant")
    monkeypatch.undo()
    assert snapshot(audited.folder) == before


def test_an_anchor_that_was_not_advanced_is_told_of(
    audited: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    (audited.folder / ".gate" / "anchor.json").unlink()
    read_only(audited.folder, monkeypatch)
    found = said("verify", "assistant")
    assert "assistant: 2 records, every signature verified" in found.out
    assert "was not advanced to the newest record of assistant" in found.err
    document = said("verify", "assistant", "--json")
    assert document.json["chains"][0]["anchored"] is False  # type: ignore[index]


def test_an_anchor_that_was_advanced_is_not(audited: Workplace) -> None:
    del audited
    found = said("verify", "assistant")
    assert (found.code, found.err) == (0, "")
    assert said("verify", "assistant", "--json").json["chains"][0]["anchored"] is True  # type: ignore[index]


@pytest.mark.parametrize(
    "command",
    [
        ("promote", "assistant/2"),
        ("revoke", "assistant/2", "--reason", "x"),
        ("rollback", "assistant", "--to", "1", "--reason", "x"),
    ],
    ids=" ".join,
)
def test_whoever_writes_is_stopped_before_anything_moves(
    audited: Workplace, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    audited.ledger.set_alias(audited.ledger.version("assistant/2"), "champion")
    if command[0] == "promote":
        audited.ledger.set_alias(audited.ledger.version("assistant/1"), "champion")
    champion, records = audited.ledger.aliases["assistant"]["champion"], 2
    read_only(audited.folder / ".gate", monkeypatch)
    found = said(*command)
    assert found.code == 4
    assert "cannot write .lock in" in found.err
    assert audited.ledger.aliases["assistant"]["champion"] == champion
    assert len(audited.ledger.envelopes["assistant"]) == records
