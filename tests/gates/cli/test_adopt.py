"""`gate adopt`: the version in production, shown as ADOPTED."""

import json

from tests.fakes.shell import said
from tests.fakes.workplace import Workplace


def test_an_adopted_version_is_shown_as_adopted(place: Workplace) -> None:
    place.recorded()
    found = said("adopt", "assistant/1", "--reason", "since May")
    assert (found.code, found.err) == (0, "")
    assert found.out == "ADOPTED models:/assistant/1 as champion: since May\n"
    assert place.ledger.version("assistant@champion").version == "1"
    (adoption,) = place.ledger.adoptions.values()
    assert adoption.adopted_at == place.now.isoformat()


def test_json_is_one_document(place: Workplace) -> None:
    place.recorded()
    found = said("adopt", "assistant/1", "--reason", "since May", "--alias", "stable", "--json")
    assert json.loads(found.out) == {
        "schema": "gate.adopted/1",
        "version": "models:/assistant/1",
        "alias": "stable",
        "reason": "since May",
    }


def test_without_a_reason_or_a_version_nothing_is_adopted(place: Workplace) -> None:
    place.recorded()
    for arguments in (
        ["assistant/1"],
        ["assistant/1", "--reason", " "],
        ["assistant/9", "--reason", "x"],
        ["assistant", "--reason", "x"],
    ):
        assert said("adopt", *arguments).code == 2
    assert place.ledger.adoptions == {}


def test_an_alias_that_is_taken_is_moved_by_promotion_only(place: Workplace) -> None:
    place.champion()
    place.recorded()
    found = said("adopt", "assistant/2", "--reason", "x")
    assert found.code == 2
    assert "gate promote assistant/2" in found.err
