"""People are changed by name, all of those named or nobody where one is unknown."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from gates.side_by_side.assigning import assign
from gates.side_by_side.people import Action, Change, change
from policies.errors import InputError, WrongUsage
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.person import Status
from stages.side_by_side.batch import Batch
from tests.fakes.comparing import compared
from tests.fakes.workplace import NOW, Workplace, lines

HARMS = ["self-harm", "violence"]


@pytest.fixture
def where(tmp_path: Path) -> Iterator[tuple[BallotBox, str]]:
    """A ballot box, and the name of a batch in it."""
    place = Workplace(tmp_path)
    file = compared(place)
    chats = ({"id": f"p{n}", "prompt": f"{n}?", "kind": "maths", "harms": HARMS} for n in range(12))
    lines(place.data / "chats.jsonl", chats)
    with open_ballots(str(place.folder / "state")) as box:
        (one,) = assign(file, [], place.services, box)
        assert isinstance(one.found, Batch)
        yield box, one.found.name


def did(where: tuple[BallotBox, str], action: Action, *names: str, **how: object) -> list[Status]:
    box, batch = where
    wanted = Change(action=action, names=names, **how)  # type: ignore[arg-type]
    return [person.status for person in change(box, batch, wanted, now=NOW)]


def test_each_action_leaves_people_as_it_says(where: tuple[BallotBox, str]) -> None:
    assert did(where, Action.ADD, "ann", "bob") == [Status.WORKING, Status.WORKING]
    assert did(where, Action.PAUSE, "ann") == [Status.PAUSED]
    assert did(where, Action.LINK, "ann") == [Status.PAUSED]
    assert did(where, Action.RESUME, "ann") == [Status.WORKING]
    assert did(where, Action.REMOVE, "bob") == [Status.REMOVED]


def test_what_is_not_said_stays_as_it_was(where: tuple[BallotBox, str]) -> None:
    box, batch = where
    did(where, Action.ADD, "ann", segment="dev", opted_out=("violence",))
    did(where, Action.PAUSE, "ann", why="too fast")
    found = box.people.get(batch, "ann")
    assert (found.segment, found.opted_out, found.reason) == ("dev", ("violence",), "too fast")
    did(where, Action.RESUME, "ann", segment="teacher", opted_out=())
    found = box.people.get(batch, "ann")
    assert (found.segment, found.opted_out, found.reason) == ("teacher", (), "")


def test_a_new_link_is_of_another_version_and_the_old_stays_until_then(
    where: tuple[BallotBox, str],
) -> None:
    box, batch = where
    did(where, Action.ADD, "ann")
    before = box.people.get(batch, "ann").link
    did(where, Action.LINK, "ann")
    assert box.people.get(batch, "ann").link == before
    did(where, Action.RELINK, "ann")
    assert box.people.get(batch, "ann").link == before + 1


@pytest.mark.parametrize("action", [one for one in Action if one is not Action.ADD])
def test_nobody_is_changed_where_one_is_unknown(
    where: tuple[BallotBox, str], action: Action
) -> None:
    box, batch = where
    did(where, Action.ADD, "ann")
    before = box.people.get(batch, "ann")
    with pytest.raises(InputError, match="nobody"):
        did(where, action, "ann", "nobody")
    assert box.people.get(batch, "ann") == before


def test_naming_somebody_twice_changes_nothing(where: tuple[BallotBox, str]) -> None:
    box, batch = where
    with pytest.raises(WrongUsage, match="ann"):
        did(where, Action.ADD, "ann", "ann")
    assert box.people.all(batch) == ()


@pytest.mark.parametrize("action", list(Action))
def test_a_category_that_is_misspelt_is_refused_naming_those_there_are(
    where: tuple[BallotBox, str], action: Action
) -> None:
    box, batch = where
    did(where, Action.ADD, "ann")
    before = box.people.get(batch, "ann")
    with pytest.raises(WrongUsage, match="self-harm, violence") as refused:
        did(where, action, "ann", opted_out=("violence", "violense"))
    assert "violense" in refused.value.message
    assert "say --opt-out self-harm" in refused.value.fix
    assert box.people.get(batch, "ann") == before


@pytest.mark.parametrize("refused", ["", " ", "rule", "bob"])
def test_nobody_is_added_where_one_cannot_be(where: tuple[BallotBox, str], refused: str) -> None:
    box, batch = where
    did(where, Action.ADD, "bob", segment="teacher")
    with pytest.raises(InputError):
        did(where, Action.ADD, "ann", refused)
    assert [person.name for person in box.people.all(batch)] == ["bob"]


@pytest.mark.parametrize(
    ("segment", "fix"),
    [("dev", "people {} link bob --segment dev"), (None, "say --segment teacher")],
)
def test_another_kind_of_user_is_told_how_to_be_changed(
    where: tuple[BallotBox, str], segment: str | None, fix: str
) -> None:
    did(where, Action.ADD, "bob", segment="teacher")
    with pytest.raises(InputError, match="as `teacher` already") as refused:
        did(where, Action.ADD, "bob", segment=segment)
    assert fix.format(where[1]) in refused.value.fix


def test_links_are_given_to_those_who_may_use_them() -> None:
    gives = {action for action in Action if Change(action=action, names=("ann",)).gives_links}
    assert gives == set(Action) - {Action.PAUSE, Action.REMOVE}
