"""`gate verify`: whole or not, from MLflow or from a folder alone."""

import json
import shutil
from pathlib import Path

import pytest

from gates.chain.bodies import Body, Revocation
from gates.chain.signing import Entry, Seal, signed_after
from gates.trust.trust_document import RevokedEntry
from tests.fakes.chains import decision
from tests.fakes.recorded import custody, keys, records, subject, tell
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.trusting import Keyring


@pytest.fixture(autouse=True)
def keyring(place: Workplace) -> Keyring:
    made = keys(place)
    tell(place)
    return made


def test_a_whole_chain_is_verified() -> None:
    found = said("verify", "assistant")
    assert found.code == 0
    assert found.out.startswith("assistant: 4 records, every signature verified")


def test_a_record_that_was_altered_in_mlflow_is_broken_and_named(place: Workplace) -> None:
    kept = place.ledger.envelopes["assistant"]
    kept[1] = (2, kept[1][1].replace(b'"keyid":"', b'"keyid":"0', 1))
    found = said("verify", "assistant", "--json")
    assert found.code == 4
    assert found.schema == "gate.error/1"
    assert "record 2 of assistant" in found.err


def test_a_chain_cut_short_in_mlflow_is_broken(place: Workplace) -> None:
    place.ledger.envelopes["assistant"].pop()
    found = said("verify", "assistant")
    assert found.code == 4
    assert "have lost their end" in found.err


def test_a_folder_is_verified_without_mlflow_and_what_it_lacks_is_named(place: Workplace) -> None:
    place.ledger.is_down = True
    found = said("verify", "--records", str(records(place)), "--json")
    assert found.code == 3
    (chain,) = json.loads(found.out)["chains"]
    assert (chain["model"], chain["records"], chain["void"]) == ("assistant", 4, [])
    assert decision().members_sha256 in chain["missing"]
    shown = said("verify", "--records", str(records(place)))
    assert f"rests on {decision().members_sha256}, which is not in blobs/" in shown.out


@pytest.mark.parametrize("harm", ["altered", "removed"])
def test_a_folder_that_was_harmed_is_broken(place: Workplace, harm: str) -> None:
    (place.folder / ".gate" / "anchor.json").unlink()
    second = custody(place).chain("assistant").records[1].sha256
    copy = place.folder / "copy"
    shutil.copytree(records(place), copy)
    file = copy / "envelopes" / second
    if harm == "altered":
        file.write_bytes(file.read_bytes()[:-9])
    else:
        file.unlink()
    assert said("verify", "--records", str(copy)).code == 4


def test_an_empty_folder_is_no_proof(tmp_path: Path) -> None:
    found = said("verify", "--records", str(tmp_path / "nothing"))
    assert found.code == 2
    assert "there are no records" in found.err


def signed_by_ben(place: Workplace, keyring: Keyring, body: Body) -> None:
    """A fifth record, put into the ledger behind everybody's back."""
    mine, ben = custody(place), keyring.signers["ben"]
    seal = Seal(by=mine.signatory(ben), signers=(ben,), at=place.now, fencing=9, tool_version="1")
    entries = [Entry(subject=subject(3), body=body)]
    (envelope,) = signed_after(mine.chain("assistant"), entries, seal)
    place.ledger.envelopes["assistant"].append((5, envelope))


def test_a_record_by_a_key_that_may_not_sign_it_is_a_no(place: Workplace, keyring: Keyring) -> None:
    signed_by_ben(place, keyring, decision())
    found = said("verify", "assistant")
    assert found.code == 1
    assert "record 5 does not count: ben has not the role decide" in found.out


def test_what_a_stolen_key_signed_is_told_and_alarms_nobody(
    place: Workplace, keyring: Keyring
) -> None:
    signed_by_ben(place, keyring, Revocation(reason="rude"))
    assert said("verify", "assistant").out.count("\n") == 1
    stolen = RevokedEntry(at="2026-03-01T13:30:00+00:00", reason="stolen")
    ann, ben, robot = keyring.document.keys
    ben = ben.model_copy(update={"revoked": stolen})
    document = keyring.document.model_copy(update={"version": 2, "keys": (ann, ben, robot)})
    keyring.publish(document)
    found = said("verify", "assistant")
    assert found.code == 0
    assert "record 5 does not count" in found.out
    assert "revoked, stolen" in found.out


def test_nothing_to_verify_is_wrong_usage(place: Workplace) -> None:
    assert said("verify").code == 2
    assert said("verify", "assistant", "--records", str(records(place))).code == 2
