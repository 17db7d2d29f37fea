"""Records are appended, believed and found again, whatever becomes of MLflow's own."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from gates.chain.bodies import Adoption, Approval, Override, Revocation
from gates.chain.record import Head
from gates.chain.signing import Entry
from gates.decide.verdict import Verdict
from gates.ledger.chain_keeping import LeaseLost
from gates.trust.trust import Revoked
from gates.trust.untrusted import Untrusted
from policies.errors import Broken, WrongUsage
from tests.fakes.chains import CI, NOW, SIGNERS, Office, decision, signatory, subject, trust
from tests.fakes.memory_ledger import MemoryLedger


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path / "here")


def written(office: Office, count: int = 3) -> list[tuple[int, bytes]]:
    """Envelopes as MLflow has them, for a test to harm."""
    for _ in range(count):
        office.append(decision())
    assert isinstance(office.keeper, MemoryLedger)
    return office.keeper.envelopes["assistant"]


def test_what_is_appended_is_read_by_a_process_that_starts_anew(office: Office) -> None:
    first = office.append(Adoption(alias="champion", reason="since May"), subject(1))
    second = office.append(decision())
    chain = office.custody.chain("assistant")
    assert chain.records == (first, second)
    assert chain.head == Head(sequence=2, sha256=second.sha256)
    assert office.custody.whole_chain("assistant").records == chain.records


def test_decisions_appended_together_name_each_other(office: Office) -> None:
    custody = office.custody
    entries = [Entry(subject=subject(), body=decision(v)) for v in (Verdict.FAIL, Verdict.PASS)]
    with custody.lease("assistant", intent="test") as lease:
        failed, passed = custody.append_all("assistant", entries, lease=lease)
    assert passed.record.body == decision(earlier=(failed.sha256,))
    assert custody.chain("assistant").decisions(subject().sha256) == (failed, passed)


def test_a_machine_that_never_saw_the_chain_believes_it_by_its_signatures(
    office: Office, tmp_path: Path
) -> None:
    kept = written(office)
    other = office.elsewhere(tmp_path / "there")
    assert len(other.custody.chain("assistant").records) == 3
    kept[1] = (2, kept[1][1].replace(b'"sig":"', b'"sig":"A', 1))
    with pytest.raises(Untrusted, match="record 2"):
        office.elsewhere(tmp_path / "third").custody.chain("assistant")


@pytest.mark.parametrize("cut", [1, 3])
def test_a_chain_that_mlflow_lost_the_end_of_is_found_by_the_anchor(
    office: Office, tmp_path: Path, cut: int
) -> None:
    kept = written(office)
    del kept[-cut:]
    with pytest.raises(Untrusted, match="lost their end"):
        office.custody.whole_chain("assistant")
    new = office.elsewhere(tmp_path / "there").custody.chain("assistant")  # had never seen it
    assert len(new.records) == 3 - cut


def test_a_chain_cut_short_together_with_its_mirror_is_found_by_the_anchor(office: Office) -> None:
    kept = written(office)
    kept.pop()
    for file in (office.folder / "records" / "envelopes").iterdir():
        file.unlink()
    with pytest.raises(Untrusted, match="lost their end"):
        office.custody.chain("assistant")


def test_records_whose_runs_were_deleted_in_mlflow_are_read_from_the_mirror(office: Office) -> None:
    kept = written(office)
    del kept[:2]
    assert len(office.custody.chain("assistant").records) == 3
    with pytest.raises(Untrusted, match="record 1"):
        office.custody.whole_chain("assistant")


def test_a_mirror_that_lost_a_record_is_mended_from_mlflow(office: Office) -> None:
    written(office)
    files = sorted((office.folder / "records" / "envelopes").iterdir())
    files[0].unlink()
    files[1].write_bytes(b"torn")
    assert len(office.custody.chain("assistant").records) == 3
    assert sorted((office.folder / "records" / "envelopes").iterdir()) == files
    assert len(office.custody.remembered("assistant").records) == 3


def test_what_was_appended_elsewhere_is_mirrored_and_anchored_here_when_it_is_read(
    office: Office, tmp_path: Path
) -> None:
    other = office.elsewhere(tmp_path / "there", who="ben")
    passed = office.append(decision())
    other.append(Approval(decision=passed.sha256, reason="fine"))
    assert office.custody.chain("assistant").head == office.anchor.head("assistant")
    assert len(office.custody.remembered("assistant").records) == 2


def test_a_process_that_goes_on_sees_what_others_append_and_what_is_cut(office: Office) -> None:
    custody = office.custody
    assert len(custody.chain("assistant").records) == 0
    kept = written(office)
    assert len(custody.chain("assistant").records) == 3
    kept.pop()
    office.anchor.grow("assistant", Head(sequence=4, sha256="0" * 64))
    with pytest.raises(Untrusted, match="lost their end"):
        custody.chain("assistant")


def test_the_anchor_only_grows(office: Office) -> None:
    written(office)
    before = office.anchor.head("assistant")
    office.anchor.grow("assistant", Head(sequence=2, sha256="0" * 64))
    office.anchor.grow("translator", Head(sequence=9, sha256="1" * 64))
    assert office.anchor.head("assistant") == before
    assert office.anchor.head("translator") == Head(sequence=9, sha256="1" * 64)


def test_an_anchor_that_cannot_be_read_stops_everything(office: Office) -> None:
    written(office)
    (office.folder / "anchor.json").write_text(
        '{"schema":"gate.anchor/1","models":{"assistant":1}}'
    )
    with pytest.raises(Broken, match="cannot read the anchor"):
        office.custody.chain("assistant")


def test_a_record_is_never_dated_before_the_one_that_it_follows(office: Office) -> None:
    first = office.append(decision())
    office.now -= timedelta(seconds=40)  # another machine, whose clock is behind
    second = office.append(decision())
    assert second.record.at == first.record.at


def refusal(office: Office, call: Callable[[], object]) -> str:
    with pytest.raises(WrongUsage) as caught:
        call()
    assert isinstance(office.keeper, MemoryLedger)
    assert office.keeper.envelopes == {}
    return caught.value.in_short


def test_a_key_without_the_role_appends_nothing(office: Office) -> None:
    office.who = "ben"
    assert "ben has not the role decide" in refusal(office, lambda: office.append(decision()))
    assert "ben has not the role decide" in refusal(
        office, lambda: office.custody.may_append(decision())
    )
    office.custody.may_append(Revocation(reason="rude"))


def test_a_key_that_was_revoked_appends_nothing(office: Office) -> None:
    office.trust = trust(ann=Revoked(at=NOW, reason="stolen", heads={}))
    assert "revoked, stolen" in refusal(office, lambda: office.append(decision()))


def test_without_a_key_nothing_is_appended_and_everything_is_read(office: Office) -> None:
    office.who = "nobody"
    assert "there is no key" in refusal(office, lambda: office.append(decision()))
    assert office.custody.chain("assistant").records == ()


def test_a_key_that_the_trust_file_does_not_name_appends_nothing(office: Office) -> None:
    office.trust = replace(office.trust, keys=office.trust.keys[1:])
    assert "does not name it" in refusal(office, lambda: office.append(decision()))


def test_a_ci_says_which_run_of_which_commit_it_is(office: Office) -> None:
    office.who = "robot"
    assert "GITHUB_SHA" in refusal(office, lambda: office.append(decision()))
    office.environment = CI
    by = office.append(decision()).record.by
    assert by.ci is not None
    assert (by.owner, by.ci.repository, by.ci.commit) == ("robot", "acme/models", "c0ffee")


def test_an_override_carries_the_signatures_of_both(office: Office) -> None:
    custody = office.custody
    body = Override(
        decision=None,
        alias="champion",
        reason="the site is down",
        second=signatory("ben"),
        expires=NOW + timedelta(days=1),
    )
    with custody.lease("assistant", intent="test") as lease:
        given = custody.append("assistant", subject(), body, lease=lease, second=SIGNERS["ben"])
    assert given.owners == ("ann", "ben")
    assert office.custody.chain("assistant").overrides(NOW) == (given,)
    assert office.custody.chain("assistant").overrides(body.expires) == ()


def test_nothing_is_appended_under_a_lease_that_is_lost(office: Office) -> None:
    custody = office.custody
    with custody.lease("assistant", intent="test") as lease:
        pass
    with pytest.raises(LeaseLost):
        custody.append("assistant", subject(), decision(), lease=lease)
    assert office.custody.chain("assistant").records == ()


def test_appending_that_was_killed_in_the_middle_leaves_a_chain_that_goes_on(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    custody = office.custody
    with custody.lease("assistant", intent="test") as lease:
        checks = iter([None, None])
        monkeypatch.setattr(lease, "check", lambda **_: next(checks))
        entries = [Entry(subject=subject(n), body=decision()) for n in (1, 2, 3)]
        with pytest.raises(StopIteration):
            custody.append_all("assistant", entries, lease=lease)
    office.append(decision(), subject(4))
    names = [kept.record.subject.name[-1] for kept in office.custody.chain("assistant").records]
    assert names == ["1", "2", "4"]


def test_blobs_are_kept_by_digest_and_believed_by_nothing_else(office: Office) -> None:
    custody = office.custody
    sha256 = custody.keep(b"evidence")
    assert custody.blob(sha256) == b"evidence"
    (office.folder / "records" / "blobs" / sha256).write_bytes(b"evidence!")
    assert custody.blob(sha256) is None
    assert custody.keep(b"evidence") == sha256
    assert custody.blob(sha256) == b"evidence"
    assert custody.blob("0" * 64) is None
