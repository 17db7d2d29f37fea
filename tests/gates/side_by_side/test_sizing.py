"""How many votes a wish takes, with what a policy says already."""

from dataclasses import replace
from pathlib import Path

import pytest

from gates.side_by_side.sizing import Wish, size, under_policy
from policies.errors import WrongUsage
from stages.stats.votes_needed import Voting, size_of
from tests.fakes.comparing import PLAN, WINS
from tests.fakes.workplace import Workplace, policy_text

WISH = Wish(effect=0.1, limit=0.5, level=0.9, power=0.9, voting=Voting(ties=0.2, overlap=1))


def test_a_policy_says_limit_level_and_overlap(tmp_path: Path) -> None:
    file = Workplace(tmp_path).policy(policy_text((PLAN,), (WINS,)))
    found = under_policy(WISH, file.policy)
    assert (found.limit, found.level, found.voting.overlap) == (0.4, 0.95, 2)
    assert (found.effect, found.power, found.voting.ties) == (0.1, 0.9, 0.2)


def test_a_policy_without_a_win_rate_says_nothing(tmp_path: Path) -> None:
    with pytest.raises(WrongUsage, match="demands no win rate"):
        under_policy(WISH, Workplace(tmp_path).policy().policy)


def test_the_numbers_are_those_of_the_statistics() -> None:
    wanted = size_of(0.1, limit=0.5, voting=WISH.voting, level=0.9, power=0.9)
    assert size(WISH) == wanted


def test_a_smaller_effect_takes_more_prompts_and_a_second_vote_fewer() -> None:
    whole, smaller = size(WISH), size(replace(WISH, effect=0.07))
    assert smaller.fixed > 1.5 * whole.fixed
    twice = size(replace(WISH, voting=replace(WISH.voting, overlap=2, agreement=0.3)))
    assert twice.fixed < whole.fixed < 2 * twice.fixed


@pytest.mark.parametrize("effect", [0.0, 0.6, 1e-6])
def test_what_cannot_be_shown_is_wrong_usage(effect: float) -> None:
    with pytest.raises(WrongUsage):
        size(replace(WISH, effect=effect))
