"""`gate history`: who moved an alias when, and a gap is told, never guessed."""

import json
from datetime import timedelta

import pytest

from gates.chain.bodies import Override, Promotion, Rollback, Signatory
from tests.fakes.recorded import custody, keys, point, subject, tell, write
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace
from tests.trusting import Keyring


@pytest.fixture(autouse=True)
def keyring(place: Workplace) -> Keyring:
    made = keys(place)
    tell(place)
    return made


def test_every_move_is_told_with_its_reason_and_whose_word_it_was() -> None:
    found = said("history", "assistant")
    assert found.code == 0
    title, _, adopted, promoted, rolled_back = found.out.splitlines()
    assert title == "assistant: 4 records; champion moved 3 times"
    assert "adoption" in adopted
    assert "ann" in adopted
    assert "moved here from models:/assistant/1" in promoted
    assert rolled_back.endswith("champion moved back here from models:/assistant/2: rude")


@pytest.mark.parametrize(
    ("at", "served", "code"),
    [
        ("2026-03-01T10:59:59Z", "nothing had been recorded", 1),
        ("2026-03-01T11:00:00Z", "models:/assistant/1 (record 1", 0),
        ("2026-03-01T13:30:00Z", "models:/assistant/2 (record 3", 0),
        ("2026-03-01T15:30:00+01:00", "models:/assistant/1 (record 4", 0),
    ],
)
def test_what_served_at_a_time_is_told_by_the_record_of_that_time(
    place: Workplace, at: str, served: str, code: int
) -> None:
    place.later(hours=1)
    found = said("history", "assistant", "--at", at)
    assert served in found.out
    assert found.code == code


def test_a_move_without_a_record_makes_the_answer_an_unrecorded_change(place: Workplace) -> None:
    point(place, 3)
    place.later(hours=12)
    found = said("history", "assistant", "--at", "2026-03-02T00:00:00Z")
    assert found.code == 3
    assert "unrecorded change: from models:/assistant/1 to models:/assistant/3" in found.out
    assert "; gate rollback assistant --alias champion --to 1 --reason" in found.err
    earlier = said("history", "assistant", "--at", "2026-03-01T13:30:00Z")
    assert earlier.code == 0


def test_a_move_without_a_record_is_told_of_its_stretch_after_the_next_record(
    place: Workplace,
) -> None:
    write(place, 2, Rollback(alias="champion", before="models:/assistant/3", reason="odd"))
    point(place, 2)
    found = said("history", "assistant", "--at", "2026-03-01T14:30:00Z", "--json")
    assert found.code == 3
    then = json.loads(found.out)["then"]
    assert then["unrecorded_change"] is True
    assert (then["candidate"], then["left_as"]) == ("models:/assistant/1", "models:/assistant/3")
    assert said("history", "assistant", "--at", "2026-03-01T15:00:00Z").code == 0


def test_an_alias_that_no_record_moved_is_an_unrecorded_change(place: Workplace) -> None:
    place.ledger.set_alias(place.ledger.version("assistant/2"), "canary")
    found = said("history", "assistant", "--alias", "canary")
    assert found.code == 3
    assert "canary points to models:/assistant/2, and no record says why" in found.err
    assert "; gate adopt assistant/2 --alias canary --reason" in found.err


def test_json_has_the_records_with_what_they_say() -> None:
    found = json.loads(said("history", "assistant", "--json").out)
    assert found["schema"] == "gate.history/1"
    kinds = [record["kind"] for record in found["records"]]
    assert kinds == ["adoption", "release-decision", "promotion", "rollback"]
    assert found["records"][3]["says"]["reason"] == "rude"
    assert [move["candidate"][-1] for move in found["moves"]] == ["1", "2", "1"]


def test_without_a_trust_file_there_is_no_history(place: Workplace) -> None:
    place.toml('[mlflow]\ntracking_uri = "sqlite:///never-opened.db"\n[state]\nurl = "state"\n')
    found = said("history", "assistant")
    assert found.code == 2
    assert "gate trust init" in found.err


def test_an_override_is_told_as_one_whenever_it_served(place: Workplace, keyring: Keyring) -> None:
    """Ann and Ben let 3 in for a day at 15:00; it is rolled back at 16:00."""
    mine, second = custody(place), keyring.signers["ben"]
    place.later(hours=1)
    leave = Override(
        decision=None,
        alias="champion",
        reason="a fire",
        second=Signatory(owner="ben", keyid=second.public.keyid),
        expires=place.now + timedelta(days=1),
    )
    with mine.lease("assistant", intent="test") as lease:
        given = mine.append("assistant", subject(3), leave, lease=lease, second=second)
        before = "models:/assistant/1"
        moved = Promotion(alias="champion", before=before, decision=None, override=given.sha256)
        mine.append("assistant", subject(3), moved, lease=lease)
    write(place, 1, Rollback(alias="champion", before="models:/assistant/3", reason="out"))
    at = ("--at", "2026-03-01T15:30:00Z")
    told = "champion at 2026-03-01T15:30:00+00:00: models:/assistant/3, OVERRIDE until 2026-03-02"
    found = said("history", "assistant", *at)
    assert found.out.startswith(told)
    assert "without a PASS (record 6 of 2026-03-01T15:00:00+00:00, ann, ben)" in found.out
    then = said("history", "assistant", *at, "--json").json["then"]
    assert then["override"]["by"] == ["ann", "ben"]  # type: ignore[index]
    moves = said("history", "assistant", "--json").json["moves"]
    assert [move["override"] is not None for move in moves] == [  # type: ignore[attr-defined]
        False, False, False, True, False,
    ]  # fmt: skip


def test_what_will_be_is_not_told(place: Workplace) -> None:
    now = place.now.isoformat()
    assert said("history", "assistant", "--at", now).code == 0
    found = said("history", "assistant", "--at", (place.now + timedelta(seconds=1)).isoformat())
    assert (found.code, found.out) == (2, "")
    assert "nobody knows what will be at 2026-03-01T14:00:01+00:00" in found.err
