"""Votes as hypothesis draws them, and what a format can say of them."""

from dataclasses import replace

from hypothesis import strategies as st

from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import Vote

NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=6
).filter(str.strip)
FIVE = (
    Preference.A_MUCH_BETTER,
    Preference.A_BETTER,
    Preference.TIE,
    Preference.B_BETTER,
    Preference.B_MUCH_BETTER,
)
THREE = FIVE[1:4]


@st.composite
def votes(
    draw: st.DrawFn,
    *,
    said: tuple[Preference, ...] = tuple(Preference),
    knows_both_bad: bool = True,
    first_is_a: bool = False,
    judge: bool = False,
) -> Vote:
    """One vote that says one of some preferences."""
    model_a, model_b = draw(st.lists(NAMES, min_size=2, max_size=2, unique=True))
    worth = draw(st.sampled_from(said)).worth
    return Vote(
        prompt=draw(NAMES),
        annotator=draw(NAMES),
        model_a=model_a,
        model_b=model_b,
        win_a=worth.win,
        graded_a=worth.graded,
        both_bad=worth.both_bad if knows_both_bad else None,
        first=model_a if first_is_a else draw(st.sampled_from((model_a, model_b))),
        where="",
        judge=judge,
    )


@st.composite
def in_both_orders(draw: st.DrawFn, *, said: tuple[Preference, ...]) -> tuple[Vote, Vote]:
    """Two votes of one judge on one pair, model b the one shown first in the first."""
    vote = draw(votes(said=said, knows_both_bad=False, judge=True))
    worth = draw(st.sampled_from(said)).worth
    return (
        replace(vote, first=vote.model_b),
        replace(vote, first=vote.model_a, win_a=worth.win, graded_a=worth.graded),
    )
