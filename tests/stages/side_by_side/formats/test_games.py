import pytest

from policies.errors import InputError
from stages.side_by_side.formats.games import in_both_orders
from stages.side_by_side.vote import Vote


def game(prompt: str, first: str, win_a: float = 1.0) -> Vote:
    return Vote(
        prompt=prompt,
        annotator="judge",
        model_a="new",
        model_b="old",
        win_a=win_a,
        graded_a=win_a,
        both_bad=None,
        first=first,
        where=f"games.jsonl, {prompt}",
    )


def test_games_find_each_other_whichever_comes_first() -> None:
    votes = [game("p", "old"), game("q", "new"), game("q", "old", 0.0), game("p", "new", 0.0)]
    p, q = in_both_orders(votes)
    assert (p.a_first, p.b_first) == (votes[3], votes[0])
    assert (q.a_first, q.b_first) == (votes[1], votes[2])


def test_what_stands_in_one_order_only_or_twice_is_refused_by_its_place() -> None:
    with pytest.raises(InputError, match=r"games\.jsonl, q") as refused:
        list(in_both_orders([game("p", "old"), game("p", "new"), game("q", "new")]))
    assert "one order only" in refused.value.why
    with pytest.raises(InputError) as refused:
        list(in_both_orders([game("p", "old"), game("p", "old")]))
    assert "same order twice" in refused.value.why
