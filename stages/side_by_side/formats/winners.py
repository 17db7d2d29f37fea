"""The words of formats that say who won and no more."""

from collections.abc import Mapping
from typing import Final

from stages.side_by_side.formats.writing import unsayable
from stages.side_by_side.preference import Preference, Worth
from stages.side_by_side.vote import Vote


def worth_without_both_bad(preference: Preference) -> Worth:
    """What a preference is worth in a format that has no "both bad" verdict."""
    worth = preference.worth
    return Worth(worth.win, worth.graded, both_bad=None)


def said(vote: Vote) -> Preference:
    """Who won, without how strongly; "both bad" where the vote says so.

    Raises:
        InputError: When the vote is a score between win, tie and loss.
    """
    if vote.both_bad:
        return Preference.BOTH_BAD
    if vote.win_a not in _SAID:
        raise unsayable(vote, f"a score of {vote.win_a} is neither a win, a tie nor a loss")
    return _SAID[vote.win_a]


_SAID: Final[Mapping[float | None, Preference]] = {
    1.0: Preference.A_BETTER,
    0.5: Preference.TIE,
    0.0: Preference.B_BETTER,
    None: Preference.UNRESOLVED,
}
