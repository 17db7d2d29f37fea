from itertools import product

import pytest

from stages.side_by_side.ballots.supervising import read_rightly
from stages.side_by_side.preference import Preference

SIDES = [
    {Preference.A_MUCH_BETTER, Preference.A_BETTER},
    {Preference.B_MUCH_BETTER, Preference.B_BETTER},
    {Preference.TIE},
    {Preference.BOTH_BAD},
    {Preference.UNRESOLVED},
]


@pytest.mark.parametrize(("said", "known"), list(product(Preference, Preference)))
def test_a_side_is_read_rightly_however_strongly(said: Preference, known: Preference) -> None:
    assert read_rightly(said, known) == any(said in side and known in side for side in SIDES)
