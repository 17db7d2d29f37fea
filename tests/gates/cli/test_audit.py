"""`gate audit`: a dossier goes out, is checked, and says what it lacks; names are forgotten."""

import json
import re
from pathlib import Path

import pytest

from gates.audit.packing import pack, unpack
from gates.audit.people import give_pseudonym
from tests.fakes.audited import Story, story
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


@pytest.fixture
def told(place: Workplace) -> Story:
    return story(place)


def test_a_dossier_is_exported_and_checked(told: Story) -> None:
    found = said("audit", "export", "assistant@champion", "-o", "out.zip")
    assert found.code == 0
    assert "wrote out.zip: 4 records of assistant, 1 decision on models:/assistant/2" in found.out
    assert f"python verify.py --root-key {told.root_key}" in found.out
    checked = said("audit", "check", "out.zip")
    assert (checked.code, checked.out.splitlines()[-1]) == (0, "VERIFIED")
    assert said("audit", "check", "out.zip", "--root-key", told.root_key).code == 0
    assert said("audit", "check", "out.zip", "--root-key", "0" * 64).code == 1
    assert said("audit", "check", "out.zip", "--head", "0" * 64).code == 1


def test_json_tells_what_was_exported_and_what_was_verified(told: Story) -> None:
    exported = json.loads(said("audit", "export", "assistant/2", "--json").out)
    assert exported["schema"] == "gate.exported/1"
    assert (exported["records"], exported["decisions"], exported["missing"]) == (4, [2], [])
    assert exported["signed_by"] == "ann"
    checked = json.loads(said("audit", "check", "dossier.zip", "--json").out)
    assert checked["schema"] == "gate.dossier_check/1"
    assert checked["problems"] == []
    assert told.decision.sha256 not in checked["verified"]


def test_a_dossier_that_lacks_something_says_so_and_ends_with_three(told: Story) -> None:
    digest = told.decision.record.body.policy_sha256  # type: ignore[union-attr]
    told.blob(digest).unlink()
    told.place.ledger.records.clear()
    found = said("audit", "export", "assistant")
    assert found.code == 3
    assert f"INCOMPLETE: policies/{digest}.json is neither" in found.out
    checked = said("audit", "check", "dossier.zip")
    assert (checked.code, checked.out.splitlines()[-1]) == (3, "INCOMPLETE")


def test_rules_that_decide_otherwise_today_are_told_on_the_screen(
    told: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    from gates.audit import replaying

    del told
    monkeypatch.setattr(replaying, "_differences", lambda *_: ("PASS then, FAIL now",))
    found = said("audit", "export", "assistant")
    assert found.code == 0
    assert "record 2: today's rules decide otherwise: PASS then, FAIL now" in found.out


def test_a_harmed_dossier_is_not_verified(told: Story) -> None:
    del told
    said("audit", "export", "assistant")
    files = {**unpack(Path("dossier.zip"))}
    files["index.html"] += b" "
    Path("dossier.zip").write_bytes(pack(files))
    found = said("audit", "check", "dossier.zip")
    assert found.code == 1
    assert "NOT AS IT WAS SIGNED: index.html was altered" in found.out
    files["verify.py"] = b"print('VERIFIED')"
    Path("dossier.zip").write_bytes(pack(files))
    assert "its verify.py is not this version's" in said("audit", "check", "dossier.zip").out
    Path("dossier.zip").write_bytes(b"nonsense")
    assert said("audit", "check", "dossier.zip").code == 4


def test_without_a_root_key_nothing_is_believed(told: Story, tmp_path: Path) -> None:
    said("audit", "export", "assistant")
    toml = told.place.folder / "gate.toml"
    toml.write_text(re.sub(r"\[trust\].*", "", toml.read_text(), flags=re.DOTALL))
    found = said("audit", "check", "dossier.zip")
    assert found.code == 2
    assert "--root-key KEYID" in found.err
    del tmp_path


def test_what_is_old_is_erased_when_the_workspace_says_so(told: Story) -> None:
    found = said("audit", "prune", "assistant")
    assert found.code == 2
    assert "retention_days" in found.err
    toml = told.place.folder / "gate.toml"
    toml.write_text(toml.read_text().replace("[state]", "[state]\nretention_days = 5"))
    assert "no evidence is older than 5 days" in said("audit", "prune", "assistant").out
    told.place.later(days=60)
    subject = told.custody.chain("assistant").records[0].record.subject
    from gates.chain.bodies import Rollback

    before = "models:/assistant/2"
    told.write(subject, Rollback(alias="champion", before=before, reason="rude"))
    dry = said("audit", "prune", "assistant", "--dry-run")
    assert "would be erased" in dry.out
    done = json.loads(said("audit", "prune", "assistant", "--json").out)
    assert done["schema"] == "gate.pruned/1"
    assert done["evidence"]
    assert all(digest in dry.out for digest in done["evidence"])
    assert said("audit", "export", "assistant").code == 0
    found = said("audit", "check", "dossier.zip")
    assert found.code == 0
    assert "was erased under retention" in found.out
    assert said("verify", "assistant").code == 0


def test_a_name_is_forgotten_and_the_chain_is_whole(place: Workplace) -> None:
    owner = give_pseudonym(place.folder / "people.json", "Bob Builder", draw=lambda: "0123abcd")
    story(place, approver=owner)
    known = json.loads(said("audit", "people", "--json").out)
    assert known["people"] == [{"owner": owner, "name": "Bob Builder"}]
    assert said("audit", "forget", owner).code == 0
    assert "Bob" not in said("audit", "people").out
    assert "4 records, every signature verified" in said("verify", "assistant").out
    said("audit", "export", "assistant")
    everything = b"".join(unpack(Path("dossier.zip")).values())
    assert b"Builder" not in everything
    assert owner.encode() in everything
    assert said("audit", "check", "dossier.zip").code == 0


def test_a_pseudonym_is_drawn_and_what_records_say_themselves_is_not_forgotten(told: Story) -> None:
    del told
    made = said("audit", "pseudonym", "Bob Builder")
    owner = made.out.split()[0]
    assert re.fullmatch(r"person-[0-9a-f]{8}", owner)
    assert "Bob Builder" in said("audit", "people").out
    found = said("audit", "forget", "ann")
    assert found.code == 2
    assert "ann is what the records themselves say" in found.err
