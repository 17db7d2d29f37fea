"""An alias that nobody's record moved, held against the signed records of a real workspace."""

from pathlib import Path

import pytest

from gates.notify.events import Event, EventKind
from gates.triage.watching import watched
from tests.gates.promotion.scene import Scene, scene


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Scene:
    return scene(tmp_path_factory.mktemp("watched"))


def test_an_alias_moved_by_hand_is_told_once_with_the_way_back(made: Scene, tmp_path: Path) -> None:
    here = made.copied(tmp_path)
    assert all(e.kind is not EventKind.NEEDS_PERSON for e in watched_of(here))
    here.place.ledger.aliases["assistant"]["champion"] = "2"
    (event,) = [e for e in watched_of(here) if e.kind is EventKind.ALIAS_MOVED_OUTSIDE]
    assert "`champion` points to models:/assistant/2" in event.sentence
    assert event.id in {again.id for again in watched_of(here)}


def test_without_signed_records_there_is_nothing_to_hold_it_against(
    made: Scene, tmp_path: Path
) -> None:
    here = made.copied(tmp_path)
    here.place.toml("")
    assert watched("assistant", here.place.services).events == ()


def watched_of(here: Scene) -> tuple[Event, ...]:
    return watched("assistant", here.place.services).events
