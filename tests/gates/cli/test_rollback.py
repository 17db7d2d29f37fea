"""`gate rollback`, `approve`, `override` and `revoke`, as people call them."""

from pathlib import Path

import pytest

from gates.pipeline import run_round
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.gates.promotion.scene import CHAIN
from tests.trusting import Keyring, trusted


@pytest.fixture
def keyring(place: Workplace) -> Keyring:
    """Version 2 passed everything, version 3 failed; champion asks for one approval."""
    file = place.policy(CHAIN)
    made = trusted(place.folder, file.path, people=("bob",), approvals=1)
    place.champion()
    place.recorded()
    place.recorded(wrong_every=2)
    place.votes()
    place.moments(shares=(0.6, 0.68))
    run_round(file, [], place.services)
    return made


def test_approved_promoted_overridden_rolled_back_and_revoked(  # noqa: PLR0915 - one story
    place: Workplace, keyring: Keyring, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = said("promote", "assistant/2")
    assert refused.code == 3
    assert "0 of 1 people other than the author approve" in refused.out

    monkeypatch.setenv("GATE_KEY", Path(keyring.files["bob"]).read_text())
    approved = said("approve", "assistant/2", "--reason", "read it", "--json")
    assert (approved.code, approved.schema) == (0, "gate.approved/1")
    assert (approved.json["approved_by"], approved.json["needed"]) == (["bob"], 1)
    assert said("approve", "assistant/2", "--reason", "again").out.startswith("APPROVED ")
    monkeypatch.delenv("GATE_KEY")
    assert said("promote", "assistant/2").code == 0

    second = ("--second", str(keyring.files["bob"]))
    over = ("override", "assistant/3", "--reason", "a fire", "--expires", "24h", *second)
    told = said(*over)
    assert told.code == 0
    assert told.out.startswith("OVERRIDE models:/assistant/3 is champion until ")
    assert "PROMOTED" not in told.out
    status = said("status", "assistant")
    assert "OVERRIDE: models:/assistant/3 is champion without a PASS" in status.out
    explained = said("explain", "assistant/3")
    assert explained.out.startswith("OVERRIDE: models:/assistant/3 is champion without a PASS")
    standing = said("explain", "assistant/3", "--json").json["standing"]
    assert (standing["verdict"], standing["revoked"]) == ("OVERRIDE", None)  # type: ignore[index]
    shown = said("status", "assistant", "--json").json
    assert shown["aliases"][0]["override"]["by"] == ["ann", "bob"]  # type: ignore[index]
    assert said(*over, "--json").schema == "gate.override/1"

    dry = said("rollback", "assistant", "--reason", "the fire is out", "--dry-run")
    assert dry.out.startswith("WOULD ROLL BACK assistant@champion from models:/assistant/3 to")
    back = said("rollback", "assistant", "--reason", "the fire is out")
    assert back.code == 0
    line = "ROLLED BACK assistant@champion from models:/assistant/3 to models:/assistant/2"
    assert back.out.splitlines()[0] == line
    assert place.ledger.aliases["assistant"]["champion"] == "2"

    revoked = said("revoke", "assistant/2", "--reason", "it leaks")
    assert "REVOKED models:/assistant/2 by ann" in revoked.out
    assert "it still is champion: gate rollback assistant" in revoked.out
    assert said("revoke", "assistant/2", "--reason", "x", "--json").schema == "gate.revoked/1"
    told = said("status", "assistant")
    assert "REVOKED: champion points to a version that ann took out of the running" in told.out
    assert "(it leaks); gate rollback assistant, or promote a version that passes" in told.out
    explained = said("explain", "assistant/2")
    assert explained.out.startswith("REVOKED: models:/assistant/2 was taken out of the running")
    assert "gate promote" not in explained.out
    assert "it is assistant@" not in explained.out
    standing = said("explain", "assistant/2", "--json").json["standing"]
    assert standing["verdict"] == "REVOKED"  # type: ignore[index]

    document = said("rollback", "assistant", "--reason", "it leaks", "--json")
    assert (document.code, document.schema) == (0, "gate.rollback/1")
    assert document.json["version"] == "models:/assistant/1"
    place.ledger.is_down = True
    down = said("rollback", "assistant", "--reason", "x")
    assert down.code == 4
    assert "the last record says that models:/assistant/1" in down.err


def test_an_alias_that_moved_without_a_record_is_told_of(
    place: Workplace, keyring: Keyring
) -> None:
    del keyring
    place.ledger.set_alias(place.ledger.version("assistant/3"), "champion")
    told = said("status", "assistant").out
    assert "unrecorded change: champion points to models:/assistant/3, and the last record" in told
