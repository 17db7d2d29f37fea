"""Votes stand in order, and a pair that was passed over where that happened first."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.assignment import own_order
from stages.side_by_side.ballots.history import Act
from stages.side_by_side.ballots.person import Person
from stages.side_by_side.ballots.turns import in_turn
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import PassedOver, Vote
from tests.fakes.batches import batch, pair
from tests.stages.side_by_side.ballots import test_history

HARMFUL = ("0", "3", "4")
MADE = batch(
    8, gold=1, pairs=[pair(n, harms=("violence",) * (str(n) in HARMFUL)) for n in range(8)]
)
IDS = {MADE.shown[name].prompt: name for name in MADE.shown}
ANN, BOB = Person(name="ann"), Person(name="bob")
SHY = replace(BOB, opted_out=("violence",))
ORDER = [MADE.shown[name].prompt for name in own_order(MADE, "bob")]


def act(number: int, prompt: str, who: str = "ann", *, skip: bool = False) -> Act:
    said = Preference.UNRESOLVED if skip else Preference.A_BETTER
    gold = prompt.startswith("gold")
    return replace(test_history.act(number, IDS[prompt]), person=who, preference=said, gold=gold)


def told(*acts: Act, bob: Person = BOB) -> list[str]:
    """Prompts in their turn, those passed over in brackets."""
    found = in_turn(MADE, acts, [ANN, bob])
    return [each.prompt if isinstance(each, Vote) else f"({each.prompt})" for each in found]


def test_a_skipped_pair_is_passed_over_where_it_was_first_skipped() -> None:
    acts = [act(1, "1"), act(2, "2", skip=True), act(3, "5"), act(4, "2", "bob", skip=True)]
    assert told(*acts) == ["1", "(2)", "5"]
    assert told(*acts, act(5, "2", "bob")) == ["1", "(2)", "5", "2"]


def test_gold_has_no_turn() -> None:
    assert told(act(1, "gold-0", skip=True), act(2, "1"), act(3, "gold-0", "bob")) == ["1"]


def test_a_skip_that_was_undone_passed_nothing_over() -> None:
    undone = replace(act(2, "2"), undoes=1, turn=1)
    assert told(act(1, "2", skip=True), undone, act(3, "1")) == ["1"]


def test_who_opted_out_passes_over_what_lies_on_their_way() -> None:
    shown = [prompt for prompt in ORDER if prompt not in HARMFUL]
    acts = [act(number, prompt, "bob") for number, prompt in enumerate(shown, start=1)]
    last = ORDER.index(shown[-1])
    assert told(*acts) == shown
    assert told(*acts, bob=SHY) == [
        f"({prompt})" if prompt in HARMFUL else prompt for prompt in ORDER[: last + 1]
    ]


def test_what_they_spoke_of_before_they_opted_out_was_not_passed_over() -> None:
    acts = [act(number, prompt, "bob") for number, prompt in enumerate(ORDER, start=1)]
    assert told(*acts, bob=SHY) == ORDER


def test_models_and_prompt_of_what_is_passed_over_are_told() -> None:
    (found,) = in_turn(MADE, [act(1, "2", skip=True)], [ANN])
    assert found == PassedOver(prompt="2", model_a="new", model_b="old")
    assert found.pair == {"new", "old"}


MOVES = st.lists(
    st.tuples(st.sampled_from(["ann", "bob"]), st.integers(0, 7), st.booleans()),
    max_size=16,
    unique_by=lambda move: move[:2],
)


@given(moves=MOVES, cut=st.integers(0, 16))
def test_a_turn_once_taken_is_kept(moves: list[tuple[str, int, bool]], cut: int) -> None:
    acts = [
        act(number, str(prompt), who, skip=skip)
        for number, (who, prompt, skip) in enumerate(moves, start=1)
        if who == "ann" or str(prompt) not in HARMFUL
    ]
    whole = in_turn(MADE, acts, [ANN, SHY])
    early = in_turn(MADE, acts[:cut], [ANN, SHY])
    assert whole[: len(early)] == early
    passed = [each.prompt for each in whole if isinstance(each, PassedOver)]
    assert len(passed) == len(set(passed))
    assert sum(isinstance(each, Vote) for each in whole) == sum(each.is_vote for each in acts)
