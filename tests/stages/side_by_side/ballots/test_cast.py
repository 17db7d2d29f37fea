import pytest

from stages.side_by_side.ballots.cast import Ballot
from stages.side_by_side.preference import Preference


@pytest.mark.parametrize(
    "wrong",
    [{"token": ""}, {"seconds": -1.0}, {"seconds": float("nan")}, {"at": "yesterday"}],
)
def test_a_ballot_refuses_nonsense(wrong: dict[str, object]) -> None:
    usual = {"person": "ann", "pair": "p", "said": Preference.TIE, "guidelines": 1, "token": "t"}
    Ballot(**usual)
    with pytest.raises(ValueError, match=r".+"):
        Ballot(**(usual | wrong))
