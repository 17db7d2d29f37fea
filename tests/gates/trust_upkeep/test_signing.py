"""Only what enough people signed takes the trust file's place; a draft never counts."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from gates.trust.pins import Pins, Seen
from gates.trust.trust_document import Role, TrustDocument
from gates.trust.trust_file import read_trust
from gates.trust.untrusted import Untrusted
from gates.trust_upkeep.signing import (
    Signed,
    believed,
    files_at,
    put_file,
    read_draft,
    sign_draft,
    trust_files,
    write_draft,
)
from gates.workspace import load_workspace
from policies.errors import Broken, WrongUsage
from tests.gates.trust.documents import ANN, BOB, CAT, document, entry, signed

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BOTH = Pins(keyids=(ANN.public.keyid, BOB.public.keyid))
TWO = document(entry(ANN, "ann", *Role), entry(BOB, "bob", Role.ROOT), root_threshold=2)
LATER = "2027-01-01T00:00:00+00:00"


class Desk:
    """A folder with a draft that people sign."""

    def __init__(self, folder: Path, draft: TrustDocument, pins: Pins = BOTH) -> None:
        self.files, self.pins = files_at(folder / "trust.json"), pins
        self.draft(draft)

    def draft(self, document: TrustDocument) -> None:
        write_draft(self.files, document)

    def sign(self, *signers: object, seen: Seen | None = None, at: datetime = NOW) -> Signed:
        return sign_draft(self.files, signers, pins=self.pins, at=at, seen=seen)  # type: ignore[arg-type]

    @property
    def version(self) -> int:
        return read_trust(self.files.signed, pins=self.pins, at=NOW).version


def test_one_signature_of_two_waits_and_the_file_in_force_stays(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TWO)
    assert desk.sign(ANN, BOB).in_force
    before = desk.files.signed.read_bytes()
    desk.draft(TWO.model_copy(update={"expires": LATER}))
    waiting = desk.sign(ANN)
    assert (waiting.in_force, waiting.people, waiting.needed) == (False, ("ann",), 2)
    assert desk.files.signed.read_bytes() == before
    assert desk.sign(BOB).in_force
    assert desk.version == 2
    assert not desk.files.pending.exists()
    assert read_draft(desk.files).version == 2


def test_a_draft_that_changed_begins_its_signatures_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TWO)
    desk.sign(ANN)
    desk.draft(TWO.model_copy(update={"expires": LATER}))
    assert desk.sign(BOB).people == ("bob",)
    assert not desk.files.signed.exists()


def test_signing_the_same_again_changes_no_version(tmp_path: Path) -> None:
    desk = Desk(tmp_path, TWO)
    desk.sign(ANN, BOB)
    before = desk.files.signed.read_bytes()
    again = desk.sign(BOB)
    assert (again.version, again.changes, again.in_force) == (1, (), True)
    assert desk.files.signed.read_bytes() == before


def test_what_waits_is_no_trust_file_in_force(tmp_path: Path) -> None:
    """Somebody who renames it gains nothing."""
    desk = Desk(tmp_path, TWO)
    desk.sign(ANN)
    desk.files.pending.rename(desk.files.signed)
    assert believed(desk.files, pins=BOTH, at=NOW) is None


@pytest.mark.parametrize("signer", [CAT, BOB])
def test_who_has_no_root_role_in_force_does_not_sign(tmp_path: Path, signer: object) -> None:
    keys = (entry(ANN, "ann", *Role), entry(BOB, "bob", Role.ROOT, until="2026-05-01T00:00:00Z"))
    desk = Desk(tmp_path, document(*keys))
    with pytest.raises(WrongUsage, match="may not sign the trust file"):
        desk.sign(signer)
    assert not desk.files.signed.exists()


def test_a_signature_that_nobody_pinned_does_not_put_in_force(tmp_path: Path) -> None:
    desk = Desk(tmp_path, document(), Pins(keyids=(BOB.public.keyid,)))
    assert desk.sign(ANN).people == ()
    assert not desk.files.signed.exists()


def test_a_forged_file_in_force_hides_no_change_from_whoever_signs(tmp_path: Path) -> None:
    """An attacker puts a key into the draft, and into an unsigned trust.json to hide it."""
    desk = Desk(tmp_path, document(), Pins(keyids=(ANN.public.keyid,)))
    desk.sign(ANN)
    evil = document(entry(ANN, "ann", *Role), entry(CAT, "cat", Role.RELEASE))
    desk.files.signed.write_bytes(signed(evil.model_copy(update={"version": 9})))
    desk.draft(evil)
    told = desk.sign(ANN)
    assert any("cat" in change for change in told.changes)
    assert told.version == 1, "what nobody signed names no version"


def test_the_next_version_is_newer_than_any_that_was_seen(tmp_path: Path) -> None:
    desk = Desk(tmp_path, document(), Pins(keyids=(ANN.public.keyid,)))
    assert desk.sign(ANN, seen=Seen(version=7, sha256="a")).version == 8
    assert desk.version == 8


def test_an_older_file_that_was_put_back_is_not_said_to_be_in_force(tmp_path: Path) -> None:
    desk = Desk(tmp_path, document(), Pins(keyids=(ANN.public.keyid,)))
    assert desk.sign(ANN).version == 1
    newer = Seen(version=7, sha256="a")
    with pytest.raises(Untrusted, match="version 7 was seen before"):
        desk.sign(ANN, seen=newer)
    assert desk.version == 1
    desk.files.signed.unlink()
    assert desk.sign(ANN, seen=newer).changes, "all of it is told"
    assert desk.version == 8


def test_an_expired_file_can_be_signed_anew(tmp_path: Path) -> None:
    desk = Desk(tmp_path, document(expires="2026-04-01T00:00:00+00:00"))
    desk.sign(ANN, at=datetime(2026, 3, 1, tzinfo=UTC))
    signed = desk.files.signed.read_bytes()
    with pytest.raises(WrongUsage, match="it would be worth nothing"):
        desk.sign(ANN)
    assert desk.files.signed.read_bytes() == signed
    desk.draft(document(expires=LATER))
    assert desk.sign(ANN).changes == (f"expires 2026-04-01T00:00:00+00:00 becomes {LATER}",)
    assert desk.version == 2


@pytest.mark.parametrize("spoiled", [b"", b"{}", b"\xff" * 9])
def test_a_pending_file_that_is_none_is_begun_anew(tmp_path: Path, spoiled: bytes) -> None:
    desk = Desk(tmp_path, TWO)
    desk.files.pending.write_bytes(spoiled)
    assert desk.sign(ANN).people == ("ann",)
    assert desk.sign(BOB).in_force


def test_a_workspace_without_a_trust_file_is_told_what_makes_one(tmp_path: Path) -> None:
    (tmp_path / "gate.toml").write_text("", encoding="utf-8")
    with pytest.raises(WrongUsage, match="trusts nobody yet") as caught:
        trust_files(load_workspace(tmp_path, {}))
    assert "gate trust init" in caught.value.fix


@pytest.mark.parametrize(
    ("data", "why"), [(None, "No such file"), (b"\xff", "UTF-8"), (b"a" * 1_000_001, "too long")]
)
def test_a_draft_that_cannot_be_read_is_told(tmp_path: Path, data: bytes | None, why: str) -> None:
    files = files_at(tmp_path / "trust.json")
    if data is not None:
        files.draft.write_bytes(data)
    with pytest.raises(WrongUsage) as caught:
        read_draft(files)
    assert why in caught.value.why
    assert caught.value.fix


def test_a_file_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Broken, match="cannot write"):
        put_file(tmp_path / "file" / "trust.json", b"")
    folder = tmp_path / "trust.json"
    folder.mkdir()
    with pytest.raises(Broken, match="cannot write"):
        put_file(folder, b"")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "trust.json"]


def test_who_may_read_a_file_stays_as_it_was_and_a_link_stays_one(tmp_path: Path) -> None:
    file, link = tmp_path / "gate.toml", tmp_path / "link.toml"
    file.write_text("")
    file.chmod(0o600)
    link.symlink_to(file)
    put_file(link, b"new")
    assert link.is_symlink()
    assert file.read_bytes() == b"new"
    assert file.stat().st_mode & 0o777 == 0o600
