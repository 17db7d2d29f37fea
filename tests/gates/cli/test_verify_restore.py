"""`gate verify MODEL --restore`: what an older backup of MLflow lacks is put back."""

import json
import shutil

import pytest

from gates.chain.bodies import Revocation
from tests.fakes.recorded import custody, keys, records, tell, write
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


@pytest.fixture(autouse=True)
def told(place: Workplace) -> None:
    keys(place)
    tell(place)


def test_a_chain_that_lost_its_end_is_whole_again(place: Workplace) -> None:
    before = list(place.ledger.envelopes["assistant"])
    del place.ledger.envelopes["assistant"][2:]
    refused = said("verify", "assistant")
    assert refused.code == 4
    assert "gate verify assistant --restore" in refused.err
    found = said("verify", "assistant", "--restore")
    assert found.code == 0
    assert found.out.startswith(
        "records 3 to 4, 2 of them, were put back into MLflow\nassistant: 4"
    )
    assert place.ledger.envelopes["assistant"] == before
    assert said("verify", "assistant").code == 0


def test_it_says_which_for_programs_too_and_does_nothing_twice(place: Workplace) -> None:
    del place.ledger.envelopes["assistant"][1]
    found = said("verify", "assistant", "--restore", "--json")
    assert json.loads(found.out)["restored"] == [2]
    again = said("verify", "assistant", "--restore")
    assert again.out.startswith("MLflow had lost no record\n")


def test_where_mlflow_went_on_otherwise_nothing_is_put_back(place: Workplace) -> None:
    kept = place.ledger.envelopes["assistant"]
    lost = kept.pop()
    mine = place.folder / ".gate"
    aside = shutil.copytree(mine, place.folder / "aside")
    (mine / "anchor.json").unlink()
    write(place, 3, Revocation(reason="rude"))  # as a machine that never saw the lost one does
    shutil.copytree(aside, mine, dirs_exist_ok=True)
    before = list(kept)
    assert lost not in before
    found = said("verify", "assistant", "--restore")
    assert found.code == 4
    assert "record 4 stands in its place" in found.err
    assert kept == before


def test_a_copy_that_was_altered_restores_nothing(place: Workplace) -> None:
    head = custody(place).chain("assistant").head
    assert head is not None
    (records(place) / "envelopes" / head.sha256).write_bytes(b"{}")
    place.ledger.envelopes["assistant"].pop()
    found = said("verify", "assistant", "--restore")
    assert found.code == 4
    assert "do not lead to record 4" in found.err


def test_a_folder_is_not_restored(place: Workplace) -> None:
    assert said("verify", "--records", str(records(place)), "--restore").code == 2
