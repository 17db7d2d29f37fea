"""A ledger that was restored from an old backup gets back what it lost, byte for byte."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.chain.bodies import Approval
from gates.ledger.chain_keeping import LeaseLost
from gates.trust.untrusted import Untrusted
from policies.errors import WrongUsage
from tests.fakes.chains import Office, decision, subject
from tests.fakes.memory_ledger import MemoryLedger

RECORDS = 6


@pytest.fixture
def office(tmp_path: Path) -> Office:
    """Six records, of which MLflow, the mirror and the anchor know."""
    found = Office(tmp_path / "here")
    for number in range(RECORDS):
        found.append(decision(), subject(number + 1))
    return found


def kept_in(office: Office) -> list[tuple[int, bytes]]:
    assert isinstance(office.keeper, MemoryLedger)
    return office.keeper.envelopes["assistant"]


def sequences(office: Office) -> list[int]:
    return [kept.record.sequence for kept in office.custody.replenish("assistant")]


@pytest.mark.parametrize(
    ("lost", "again"),
    [
        (slice(4, None), [5, 6]),
        (slice(0, None), [1, 2, 3, 4, 5, 6]),
        (slice(1, 3), [2, 3]),
        (slice(0, None, 2), [1, 3, 5]),
    ],
)
def test_what_was_lost_is_put_back_byte_for_byte(
    office: Office, lost: slice, again: list[int]
) -> None:
    before = list(kept_in(office))
    del kept_in(office)[lost]
    with pytest.raises(Untrusted):
        office.custody.whole_chain("assistant")
    assert sequences(office) == again
    assert sorted(kept_in(office)) == before
    assert len(office.custody.whole_chain("assistant").records) == RECORDS


def test_where_nothing_was_lost_nothing_is_written(office: Office) -> None:
    before = list(kept_in(office))
    assert sequences(office) == []
    assert kept_in(office) == before


def test_what_was_appended_since_the_backup_was_restored_stays(office: Office) -> None:
    del kept_in(office)[3:]
    office.append(decision(), subject(9))
    with pytest.raises(Untrusted):
        office.custody.whole_chain("assistant")
    assert sequences(office) == [4, 5, 6]
    chain = office.custody.whole_chain("assistant")
    assert chain.records[-1].record.subject == subject(9)


def test_what_others_appended_after_the_anchored_record_stays(
    office: Office, tmp_path: Path
) -> None:
    office.elsewhere(tmp_path / "there").append(decision(), subject(9))
    del kept_in(office)[2:4]
    assert sequences(office) == [3, 4]
    assert len(office.custody.whole_chain("assistant").records) == RECORDS + 1


def test_killed_in_the_middle_it_goes_on_where_it_was(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kept_in(office)[2:]
    check = iter([None, None])
    with monkeypatch.context() as patched:
        patched.setattr("tests.fakes.memory_ledger.MemoryLease.check", lambda *_, **__: next(check))
        with pytest.raises(StopIteration):
            sequences(office)
    assert [sequence for sequence, _ in kept_in(office)] == [1, 2, 3, 4]
    assert sequences(office) == [5, 6]
    assert len(office.custody.whole_chain("assistant").records) == RECORDS


def test_a_chain_that_went_on_otherwise_is_refused(office: Office, tmp_path: Path) -> None:
    del kept_in(office)[4:]
    other = office.elsewhere(tmp_path / "there")  # has never seen records 5 and 6
    other.append(decision(), subject(9))
    before = list(kept_in(office))
    with pytest.raises(Untrusted, match="record 5 stands in its place"):
        sequences(office)
    assert kept_in(office) == before


def test_an_altered_record_in_mlflow_is_refused_not_covered(office: Office) -> None:
    kept = kept_in(office)
    del kept[4:]
    kept[1] = (2, kept[1][1].replace(b'"sig":"', b'"sig":"A', 1))
    before = list(kept)
    with pytest.raises(Untrusted):
        sequences(office)
    assert kept_in(office) == before


def test_a_record_whose_envelope_is_gone_is_named(office: Office) -> None:
    kept_in(office)[2] = (3, b"")
    with pytest.raises(Untrusted, match="lost its envelope"):
        sequences(office)


@pytest.mark.parametrize("harm", ["altered", "removed"])
def test_a_mirror_that_does_not_lead_to_the_anchor_puts_nothing_back(
    office: Office, harm: str
) -> None:
    del kept_in(office)[4:]
    envelopes = office.folder / "records" / "envelopes"
    head = office.anchor.head("assistant")
    assert head is not None
    if harm == "altered":
        (envelopes / head.sha256).write_bytes(b"{}")
    else:
        (envelopes / head.sha256).unlink()
    with pytest.raises(Untrusted, match="do not lead to record 6"):
        sequences(office)
    assert len(kept_in(office)) == 4


def test_every_signature_is_computed_before_anything_is_put_back(office: Office) -> None:
    del kept_in(office)[4:]
    stranger = replace(office.trust, keys=office.trust.keys[1:])
    office.trust, office.who = stranger, "ben"
    with pytest.raises(Untrusted, match="which the trust file does not name"):
        sequences(office)
    assert len(kept_in(office)) == 4


def test_without_an_anchor_nobody_knows_what_was_lost(office: Office) -> None:
    (office.folder / "anchor.json").unlink()
    del kept_in(office)[4:]
    with pytest.raises(WrongUsage, match="the newest"):
        sequences(office)


def test_nothing_is_put_back_without_a_key_or_a_lease(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    del kept_in(office)[4:]
    office.who = "nobody"
    with pytest.raises(WrongUsage, match="there is no key"):
        sequences(office)
    office.who = "ben"

    def lost(*_: object, **__: object) -> None:
        raise LeaseLost("somebody took it over")

    monkeypatch.setattr("tests.fakes.memory_ledger.MemoryLease.check", lost)
    with pytest.raises(LeaseLost):
        sequences(office)
    assert len(kept_in(office)) == 4


def test_what_was_put_back_is_approved_and_goes_on(office: Office) -> None:
    passed = office.custody.chain("assistant").records[-1]
    del kept_in(office)[3:]
    sequences(office)
    office.who = "ben"
    office.append(Approval(decision=passed.sha256, reason="fine"), passed.record.subject)
    assert len(office.custody.whole_chain("assistant").records) == RECORDS + 1
