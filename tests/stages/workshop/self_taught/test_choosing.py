from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.errors import InputError
from stages.judges.comparing import Shown
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.choosing import choose, demand_lessons
from stages.workshop.self_taught.judging import Judgement
from tests.stages.workshop.self_taught.scene import contest

RIGHT, WRONG, UNREAD, SILENT = "right", "wrong", "unread", "silent"


def judgement(pair: int, *, a_first: bool, repeat: int, kind: str) -> Judgement:
    one = contest(f"c{pair}")
    return Judgement(
        shown=Shown(contest=one.id, a_first=a_first, repeat=repeat),
        question=ShortBriefing().question(one, a_first=a_first),
        reply="" if kind == SILENT else f"{kind} {repeat}",
        prefers_a={RIGHT: True, WRONG: False}.get(kind),
        unread="" if kind in (RIGHT, WRONG) else "no verdict",
    )


KINDS = st.sampled_from((RIGHT, WRONG, UNREAD, SILENT))
SHOWINGS = st.lists(
    st.tuples(st.lists(KINDS, min_size=2, max_size=2), st.lists(KINDS, min_size=2, max_size=2)),
    max_size=12,
)


def judged(showings: list[tuple[list[str], list[str]]]) -> list[Judgement]:
    return [
        judgement(pair, a_first=a_first, repeat=repeat, kind=kind)
        for pair, orders in enumerate(showings)
        for a_first, kinds in zip((True, False), orders, strict=True)
        for repeat, kind in enumerate(kinds)
    ]


@given(SHOWINGS, st.integers(0, 9))
def test_what_is_learned_is_right_one_of_a_pair_and_as_much_for_a_as_for_b(
    showings: list[tuple[list[str], list[str]]], seed: int
) -> None:
    lessons = choose(judged(showings), seed=seed)
    assert all(each.right for each in lessons.right)
    assert len({each.shown.contest for each in lessons.right}) == len(lessons.right)
    orders = Counter(each.shown.a_first for each in lessons.right)
    assert orders[True] == orders[False]


@given(SHOWINGS, st.integers(0, 9))
def test_a_preference_is_of_one_showing_right_against_words_that_are_not(
    showings: list[tuple[list[str], list[str]]], seed: int
) -> None:
    lessons = choose(judged(showings), seed=seed)
    for each in lessons.preferences:
        assert each.chosen.question == each.rejected.question
        assert each.chosen.right
        assert not each.rejected.right
        assert each.rejected.reply
    orders = Counter(each.chosen.shown.a_first for each in lessons.preferences)
    assert orders[True] == orders[False]


@given(SHOWINGS)
def test_no_more_is_left_out_than_balance_demands(
    showings: list[tuple[list[str], list[str]]],
) -> None:
    """Against a naive count of the most that any balanced choice holds."""
    lessons = choose(judged(showings), seed=0)
    can = [(RIGHT in ab, RIGHT in ba) for ab, ba in showings]
    only_a, only_b = can.count((True, False)), can.count((False, True))
    both = can.count((True, True))
    most = min((only_a + only_b + both) // 2, only_a + both, only_b + both)
    assert len(lessons.right) == 2 * most


def test_the_same_is_chosen_in_every_process_and_another_seed_chooses_otherwise() -> None:
    found = judged([([RIGHT, RIGHT], [RIGHT, RIGHT])] * 30)
    assert choose(found, seed=1) == choose(found, seed=1)
    assert choose(found, seed=1) != choose(found, seed=2)


def test_a_judge_that_never_parses_is_told_with_numbers_and_an_example() -> None:
    found = judged([([UNREAD, UNREAD], [UNREAD, UNREAD])] * 3)
    with pytest.raises(InputError, match="0 rows to learn from, and at least 2 are") as raised:
        demand_lessons(0, found, at_least=2, who="the untaught judge", iteration=1)
    assert raised.value.why.startswith("12 of its 12 replies could not be read, such as 'unread 0'")
    assert "brief: short" in raised.value.fix


def test_enough_lessons_are_enough() -> None:
    demand_lessons(2, [], at_least=2, who="judge", iteration=1)


def test_a_judge_that_forgot_how_to_judge_is_told_from_one_that_never_could() -> None:
    found = [judgement(0, a_first=True, repeat=n, kind=SILENT) for n in range(3)]
    with pytest.raises(InputError) as raised:
        demand_lessons(0, found, at_least=2, who="the judge of iteration 1", iteration=2)
    assert "lower `learning_rate`" in raised.value.fix
    assert "nothing was trained" not in raised.value.fix
    assert "such as" not in raised.value.why
