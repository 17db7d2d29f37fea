"""Evidence goes when it is old and nobody needs it; the chain stays, and it is said what went."""

from datetime import timedelta
from pathlib import Path

import pytest

from gates.audit.checking import check
from gates.audit.material import evidence_of
from gates.audit.retention import due, erase
from gates.chain.bodies import Decision, Rollback
from gates.pipeline import run_round
from policies.errors import WrongUsage
from policies.load import load_policy
from policies.policy import PolicyFile
from tests.fakes.audited import Story, story
from tests.fakes.workplace import Workplace


@pytest.fixture
def told(tmp_path: Path) -> Story:
    """Version 2 was promoted, version 3 failed a day later, and a hundred days went by."""
    made = story(Workplace(tmp_path))
    place = made.place
    place.later(days=1)
    place.recorded(wrong_every=1)
    path = place.folder / "policies" / "release.yaml"
    run_round(PolicyFile(policy=load_policy(path), path=path), [], place.services)
    place.later(days=100)
    return made


def digests(told: Story, number: int) -> tuple[str, ...]:
    body = told.custody.chain("assistant").records[number - 1].record.body
    assert isinstance(body, Decision)
    return evidence_of(body, told.custody.blob)


def pruned(told: Story, days: int = 90) -> tuple[str, ...]:
    custody, now = told.custody, told.place.now
    found = due(custody.chain("assistant"), custody, retention_days=days, at=now)
    if found.digests:
        erase(found, custody)
    return found.digests


def test_old_evidence_goes_and_what_serves_keeps_its_own(told: Story) -> None:
    failed, passed = set(digests(told, 5)), set(digests(told, 2))
    assert set(pruned(told)) == failed - passed
    assert pruned(told) == ()
    assert all(told.custody.blob(digest) is not None for digest in passed)
    assert len(told.custody.whole_chain("assistant").records) == 6


def test_evidence_that_is_younger_or_may_still_move_an_alias_stays(told: Story) -> None:
    assert pruned(told, days=101) == ()
    told.place.now -= timedelta(days=80)
    assert pruned(told, days=5) == ()  # the trust file lets the decision stand for thirty days


def test_what_served_once_goes_when_another_serves(told: Story) -> None:
    adopted = told.custody.chain("assistant").records[0].record.subject
    before = "models:/assistant/2"
    told.write(adopted, Rollback(alias="champion", before=before, reason="rude"))
    assert set(pruned(told)) == {*digests(told, 5), *digests(told, 2)}


def test_a_dossier_says_what_was_erased_and_by_whom_and_is_verified(told: Story) -> None:
    gone = pruned(told)
    dossier = told.export("assistant/3")
    assert dossier.material.erased == tuple(f"evidence/{digest}.json" for digest in gone)
    assert dossier.material.missing == ()
    report = check(dossier.files, root_keys=[told.root_key])
    assert report.exit_code == 0
    said = [line for line in report.remarks if "erased under retention" in line]
    assert len(said) == len(gone) > 0
    assert all(line.endswith("by ann") for line in said)
    assert "not all of its evidence is here" in dossier.files["index.html"].decode()


def test_evidence_that_is_gone_without_a_statement_is_not_erased_but_missing(told: Story) -> None:
    gone = pruned(told)
    for file in (told.place.folder / ".gate" / "records" / "erasures").iterdir():
        file.unlink()
    told.place.ledger.records.clear()
    dossier = told.export("assistant/3")
    assert dossier.material.missing == tuple(f"evidence/{digest}.json" for digest in gone)
    assert check(dossier.files, root_keys=[told.root_key]).exit_code == 3


def test_nobody_without_the_role_release_erases(told: Story) -> None:
    custody = told.custody
    found = due(custody.chain("assistant"), custody, retention_days=90, at=told.place.now)
    told.place.environment = {"GATE_KEY": told.keyring.files["ben"].read_text()}
    with pytest.raises(WrongUsage, match="ben may not erase"):
        erase(found, told.custody)
    assert all(custody.blob(digest) is not None for digest in found.digests)
