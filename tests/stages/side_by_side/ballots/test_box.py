import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from policies.errors import InputError
from stages.side_by_side.assignment import Task
from stages.side_by_side.ballots.box import BallotBox, open_ballots
from stages.side_by_side.ballots.cast import Accepted
from stages.side_by_side.batch import Rules
from stages.side_by_side.preference import Preference
from tests.fakes.batches import NOW, batch, later, said

PEOPLE = ("ann", "bob", "cem")
MADE = batch(3, overlap=2, rules=Rules(lease_minutes=1))
MOVES = st.lists(
    st.tuples(
        st.sampled_from(PEOPLE),
        st.sampled_from(["look", "vote", "vote", "skip", "undo", "vote late"]),
        st.sampled_from([0, 0, 20, 90]),
    ),
    max_size=25,
)


@dataclass
class Desk:
    """What a person last saw, and a naive account of what they said."""

    seen: Task | None = None
    said: list[tuple[str, Preference]] = field(default_factory=list)


@settings(max_examples=20, deadline=None)
@given(moves=MOVES)
def test_whatever_people_do_votes_are_what_they_said_and_never_too_many(
    moves: list[tuple[str, str, int]],
) -> None:
    with tempfile.TemporaryDirectory() as folder, open_ballots(folder) as box:
        box.batches.open(MADE, now=NOW)
        desks = {name: Desk() for name in PEOPLE}
        for name in PEOPLE:
            box.people.add("b", name, now=NOW)
        seconds = 0
        for number, (name, move, passed) in enumerate(moves):
            seconds += passed
            _move(box, desks[name], name, (move, number, seconds))
            _check(box, desks)


def _move(box: BallotBox, desk: Desk, name: str, what: tuple[str, int, int]) -> None:
    move, number, seconds = what
    if move == "undo":
        if isinstance(box.undo("b", name, token=f"u{number}", now=later(seconds)), Task):
            desk.said.pop()
        return
    if move != "vote late" or desk.seen is None:
        found = box.next_task("b", name, now=later(seconds))
        desk.seen = found if isinstance(found, Task) else None
    if move == "look" or desk.seen is None:
        return
    preference = Preference.UNRESOLVED if move == "skip" else Preference.A_BETTER
    before = desk.seen.pair in {pair for pair, _ in desk.said}
    ballot = said(desk.seen, preference, token=f"v{number}")
    if isinstance(box.cast("b", ballot, now=later(seconds)), Accepted) and not before:
        desk.said.append((desk.seen.pair, preference))


def _check(box: BallotBox, desks: dict[str, Desk]) -> None:
    found = Counter((v.annotator, v.record["pair"]) for v in box.standing_votes("b"))
    expected = Counter(
        (name, pair)
        for name, desk in desks.items()
        for pair, preference in desk.said
        if preference is not Preference.UNRESOLVED
    )
    assert found == expected
    assert all(count <= 2 for count in Counter(pair for _, pair in found).values())
    assert box.progress("b").votes == found.total()
    for summary in box.summaries("b"):
        said_by = desks[summary.person.name].said
        assert summary.votes + summary.skipped == len(said_by)


def test_nobody_votes_by_the_name_of_the_rule(tmp_path: Path) -> None:
    with open_ballots(str(tmp_path)) as box:
        box.batches.open(MADE, now=NOW)
        with pytest.raises(InputError, match="cannot add 'rule'"):
            box.people.add("b", "rule", now=NOW)
