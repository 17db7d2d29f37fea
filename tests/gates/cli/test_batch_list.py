"""Batches are listed where none is named."""

from stages.side_by_side.ballots.box import open_ballots
from tests.fakes.comparing import assigned
from tests.fakes.shell import said
from tests.fakes.workplace import NOW, Workplace


def test_every_batch_is_listed_with_how_far_it_is(place: Workplace) -> None:
    batch = assigned(place)
    found = said("sxs", "show", "--json").json
    (one,) = found["batches"]  # type: ignore[misc]
    assert (one["batch"], one["policy"], one["votes"]) == (batch, "release", 0)
    told = said("sxs", "show").out
    assert batch in told
    assert "open" in told
    with open_ballots(str(place.folder / "state")) as box:
        box.batches.stop(batch, why="enough", now=NOW)
    assert "stopped" in said("sxs", "show").out


def test_where_there_is_none_it_is_said_how_to_make_one(place: Workplace) -> None:
    del place
    found = said("sxs", "show")
    assert (found.code, "gate sxs assign" in found.out) == (0, True)
