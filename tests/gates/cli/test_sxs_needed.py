"""`gate status` says how many more votes a held comparison likely needs, where one may look."""

import pytest

from tests.fakes.comparing import WINS, compared
from tests.fakes.shell import said
from tests.fakes.workplace import Workplace, policy_text

PLAN = (
    "side_by_side: {{data: ../data/chats.jsonl, votes: [../data/votes.jsonl], "
    "votes_at_most: 12, stopping: {stopping}}}"
)


def held(place: Workplace, stopping: str, votes: int = 6) -> None:
    compared(place, PLAN.format(stopping=stopping))
    place.votes(wins=votes // 2 + 1, votes=votes)
    assert said("run", "release").code == 3


def needed(place: Workplace) -> object:
    del place
    versions = said("status", "assistant/2", "--json").json["versions"]
    assert isinstance(versions, list)
    return versions[0]["still_needed"]


def test_a_held_comparison_says_how_many_more_it_likely_needs(place: Workplace) -> None:
    held(place, "anytime")
    found = needed(place)
    assert isinstance(found, dict)
    assert found["half"] is None or 0 < found["half"] <= 6
    assert 0 <= found["shown"] + found["excluded"] <= 1
    assert "show that the win rate is kept with probability" in said("status", "assistant/2").out


def test_where_nothing_may_be_seen_before_the_end_nothing_is_told(place: Workplace) -> None:
    held(place, "fixed")
    assert needed(place) is None
    assert "probability" not in said("status", "assistant/2").out


def test_a_policy_that_was_changed_since_tells_nothing(place: Workplace) -> None:
    held(place, "anytime")
    place.policy(policy_text((PLAN.format(stopping="anytime"),), (WINS.replace("0.4", "0.3"),)))
    assert needed(place) is None


@pytest.mark.parametrize("gone", ["data/votes.jsonl", "data/chats.jsonl", "policies/release.yaml"])
def test_what_cannot_be_read_now_hides_no_decision(place: Workplace, gone: str) -> None:
    held(place, "anytime")
    (place.folder / gone).write_text("{")
    assert needed(place) is None
    assert "HOLD" in said("status", "assistant/2").out
