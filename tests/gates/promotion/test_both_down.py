"""A rollback with MLflow and the state down tells the last record that can be believed."""

import base64
import hashlib
import json

import pytest

from gates.ledger.ledger import LedgerDown
from gates.promotion.answer import Answer
from gates.promotion.rolling_back import Back, RolledBack, roll_back
from policies.canonical import canonical_json
from policies.errors import Broken
from stages.engine.folder_state import FolderState
from tests.gates.promotion.scene import AT_ONCE, Scene


def back(made: Scene, *, dry_run: bool = False) -> RolledBack:
    asked = Back(alias="champion", reason="it leaks", dry_run=dry_run)
    return roll_back("assistant", made.place.services, asked, patience=AT_ONCE)


@pytest.fixture
def both_down(made: Scene, monkeypatch: pytest.MonkeyPatch) -> Scene:
    def silent(*_: object) -> None:
        raise Broken("PostgreSQL does not answer", why="connection refused")

    assert made.promote().answer is Answer.PROMOTED
    made.place.ledger.is_down = True
    monkeypatch.setattr(FolderState, "read", silent)
    return made


@pytest.mark.parametrize("dry_run", [True, False])
def test_with_ledger_and_state_down_the_last_record_is_told_by_the_trust_file_at_hand(
    both_down: Scene, *, dry_run: bool
) -> None:
    with pytest.raises(LedgerDown) as down:
        back(both_down, dry_run=dry_run)
    why = down.value.why
    assert "the last record says that models:/assistant/2" in why
    assert "the last good one before it is models:/assistant/1" in why
    assert "the state could not be asked for a newer one: PostgreSQL does not answer" in why
    assert both_down.champion == "2"


def test_a_mirror_with_a_forged_record_tells_nothing(both_down: Scene) -> None:
    """Its digests fit the anchor, which was written anew with it; its signature does not."""
    folder = both_down.place.folder / ".gate"
    anchor = json.loads((folder / "anchor.json").read_text())
    head = anchor["models"]["assistant"]["sha256"]
    (file,) = (f for f in (folder / "records" / "envelopes").iterdir() if head in f.name)
    envelope = json.loads(file.read_bytes())
    good = envelope["signatures"][0]["sig"]
    envelope["signatures"][0]["sig"] = base64.b64encode(bytes(64)).decode()
    assert good != envelope["signatures"][0]["sig"]
    forged = canonical_json(envelope).encode()
    digest = hashlib.sha256(forged).hexdigest()
    file.with_name(file.name.replace(head, digest)).write_bytes(forged)
    text = (folder / "anchor.json").read_text().replace(head, digest)
    (folder / "anchor.json").write_text(text)
    with pytest.raises(LedgerDown) as down:
        back(both_down)
    assert "no record is at hand" in down.value.why


def test_an_older_trust_file_than_the_anchor_saw_tells_nothing(both_down: Scene) -> None:
    file = both_down.place.folder / ".gate" / "anchor.json"
    anchor = json.loads(file.read_text())
    anchor["trust"]["version"] += 1
    file.write_text(canonical_json(anchor) + "\n")
    with pytest.raises(LedgerDown) as down:
        back(both_down)
    assert "no record is at hand" in down.value.why
