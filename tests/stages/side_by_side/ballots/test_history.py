from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.ballots.history import Act, reopened, standing
from stages.side_by_side.preference import Preference


def act(number: int, pair: str, *, undoes: int | None = None, turn: int = 0, place: int = 0) -> Act:
    return Act(
        number=number,
        person="ann",
        pair=pair,
        turn=turn,
        place=place or number,
        gold=False,
        preference=Preference.TIE,
        seconds=None,
        comment="",
        guidelines=1,
        token=str(number),
        undoes=undoes,
        at="",
    )


def test_a_correction_stands_where_what_it_corrects_stood() -> None:
    first, second = act(1, "p"), act(2, "q")
    undo = act(3, "p", undoes=1, turn=1, place=1)
    correction = act(4, "p", turn=2, place=1)

    assert standing([first, second, undo, correction]) == (correction, second)


@given(moves=st.lists(st.sampled_from(["vote", "undo"]), max_size=30))
def test_votes_and_undos_are_a_stack(moves: list[str]) -> None:
    acts: list[Act] = []
    stack: list[Act] = []
    for number, move in enumerate(moves, start=1):
        if move == "vote":
            acts.append(act(number, f"p{number}"))
            stack.append(acts[-1])
        elif stack:
            undone = stack.pop()
            acts.append(act(number, undone.pair, undoes=undone.number, turn=1))

    assert standing(acts) == tuple(stack)
    assert set(reopened(acts)) == {a.pair for a in acts} - {a.pair for a in stack}


def test_a_pair_that_was_voted_on_again_is_not_open() -> None:
    acts = [act(1, "p"), act(2, "p", undoes=1), act(3, "p"), act(4, "q"), act(5, "q", undoes=4)]

    assert [a.number for a in standing(acts)] == [3]
    assert reopened(acts) == ("q",)


def test_the_last_that_was_undone_is_open_first() -> None:
    acts = [act(1, "p"), act(2, "q"), act(3, "q", undoes=2), act(4, "p", undoes=1)]

    assert reopened(acts) == ("p", "q")
