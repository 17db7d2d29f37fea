"""How many more prompts a comparison likely needs is told only where one may look."""

from pathlib import Path

import pytest

from gates.side_by_side.needing import DIFFERING, likely_needed
from policies.errors import GateError
from policies.policy import PolicyFile
from stages.evidence.estimate import Unmeasured
from stages.stats.votes_needed import StillNeeded
from tests.fakes.comparing import WINS, compared
from tests.fakes.workplace import Workplace, lines, policy_text

PLAN = (
    "side_by_side: {data: ../data/chats.jsonl, votes: [../data/votes.jsonl], "
    "votes_at_most: 12, stopping: anytime}"
)
CANDIDATE = "models:/assistant/2"


@pytest.fixture
def place(tmp_path: Path) -> Workplace:
    return Workplace(tmp_path)


def needed(place: Workplace, file: PolicyFile) -> StillNeeded | Unmeasured | None:
    return likely_needed(CANDIDATE, file, place.services)


def test_votes_so_far_tell_how_many_more_it_likely_takes(place: Workplace) -> None:
    file = compared(place, PLAN)
    place.votes(votes=6, wins=5)
    found = needed(place, file)
    assert isinstance(found, StillNeeded)
    assert 0 < found.shown + found.excluded <= 1


def test_more_wins_make_it_likelier_to_be_shown(place: Workplace) -> None:
    compared(place, PLAN)
    file = place.policy(policy_text((PLAN,), (WINS.replace("0.4", "0.1"),)))
    found = []
    for wins in (0, 3, 6):
        place.votes(votes=6, wins=wins)
        found.append(needed(place, file))
    few, half, all_ = found
    assert isinstance(few, StillNeeded)
    assert isinstance(half, StillNeeded)
    assert isinstance(all_, StillNeeded)
    assert few.shown < half.shown <= all_.shown
    assert few.half is None or (half.half or 0) < few.half


def test_nobodys_vote_tells_nothing(place: Workplace) -> None:
    file = compared(place, PLAN)
    place.votes(votes=0)
    found = needed(place, file)
    assert isinstance(found, Unmeasured)
    assert found.reason


@pytest.mark.parametrize(
    ("plan", "wins"),
    [
        (PLAN.replace("anytime", "fixed"), WINS),
        (PLAN.replace("stopping", "judges: [j], count: judges, stopping"), WINS),
        (PLAN, WINS.replace("win_rate", "graded")),
    ],
    ids=["fixed", "judges", "no win rate"],
)
def test_where_nobody_may_look_nothing_is_told(place: Workplace, plan: str, wins: str) -> None:
    compared(place, PLAN)
    place.votes(votes=6, wins=4)
    assert needed(place, place.policy(policy_text((plan,), (wins,)))) is None


def test_votes_that_cannot_be_read_are_an_error_and_no_number(place: Workplace) -> None:
    file = compared(place, PLAN)
    (place.data / "votes.jsonl").write_text("{")
    with pytest.raises(GateError):
        needed(place, file)


def test_when_no_prompt_is_left_no_number_is_told(place: Workplace) -> None:
    file = compared(place, PLAN)
    place.votes(votes=12, wins=7)
    assert needed(place, file) is None


def test_annotators_who_differ_are_not_foretold_by_prompts_alone(place: Workplace) -> None:
    """The prompts' scores alone would show it already; the interval that counts does not."""
    file = compared(place, PLAN.replace("votes_at_most: 12", "votes_at_most: 80, overlap: 2"))
    lines(place.data / "chats.jsonl", ({"id": f"p{n}", "prompt": f"{n}?"} for n in range(40)))
    lines(
        place.data / "votes.jsonl",
        (
            {
                "prompt": f"p{n}",
                "model_a": "assistant/2",
                "model_b": "assistant/1",
                "annotator": annotator,
                "shown_first": "a",
                "verdict": "A>B" if annotator == "ann" or n % 3 else "B>A",
            }
            for n in range(36)
            for annotator in ("ann", "bob")
        ),
    )
    assert needed(place, file) == DIFFERING
