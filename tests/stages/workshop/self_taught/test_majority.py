from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.side_by_side import PairRubric
from stages.judges.comparing import Shown
from stages.workshop.self_taught.briefing import ShortBriefing
from stages.workshop.self_taught.judging import Judgement
from stages.workshop.self_taught.loop import Course, teach
from stages.workshop.self_taught.majority import majority
from stages.workshop.self_taught.standing import standings
from stages.workshop.self_taught.testing import held_out_exam, sit
from tests.stages.workshop.self_taught.scene import (
    ToySchool,
    contest,
    recipe,
    scene,
    write_instructions,
)

SAYS = {"a": True, "b": False, "-": None, "?": None}
"""For the better answer, for the other one, for neither; what cannot be read."""


def judgement(said: str, repeat: int = 0, name: str = "c", *, a_first: bool = True) -> Judgement:
    unread = "it rambles" if said == "?" else ""
    return Judgement(
        shown=Shown(contest=name, a_first=a_first, repeat=repeat),
        question=ShortBriefing().question(contest(name), a_first=a_first),
        reply=f"{said} {repeat}",
        prefers_a=SAYS[said],
        unread=unread,
    )


def of(said: str) -> Judgement:
    [one] = majority([judgement(each, n) for n, each in enumerate(said)])
    return one


@pytest.mark.parametrize(
    ("said", "wanted"),
    [
        ("aab", "a"),
        ("bab", "b"),
        ("ab", "-"),
        ("---a", "a"),
        ("??b", "b"),
        ("-?", "-"),
    ],
)
def test_more_for_one_answer_than_for_the_other_decide(said: str, wanted: str) -> None:
    found = of(said)
    assert found.prefers_a is SAYS[wanted]
    assert not found.unread


def test_what_nobody_can_read_is_no_tie() -> None:
    found = of("??")
    assert found.unread == "none of its 2 replies could be read; the first: it rambles"
    assert not found.right


def test_a_single_judgement_is_itself() -> None:
    one = judgement("?")
    assert majority([one]) == (one,)


def test_its_words_are_of_one_that_agrees() -> None:
    assert of("baa").reply == "a 1"
    assert of("ab-").reply == "- 2"


def test_a_draw_on_which_none_agrees_tells_how_many_were_for_each() -> None:
    assert of("abba").reply == of("?abab").reply == "2 for A, 2 for B"


@given(st.text("ab-?", min_size=1, max_size=9))
def test_turning_every_judgement_turns_the_majority(said: str) -> None:
    one, other = of(said), of(said.translate(str.maketrans("ab", "ba")))
    assert (one.prefers_a is None) == (other.prefers_a is None)
    if one.prefers_a is not None:
        assert other.prefers_a is (not one.prefers_a)
    assert bool(one.unread) == bool(other.unread)


def test_showings_keep_their_order_and_do_not_mix() -> None:
    rounds = [
        judgement(said, repeat, name, a_first=a_first)
        for repeat in range(3)
        for name, said in (("c", "a"), ("d", "b"))
        for a_first in (True, False)
    ]
    found = majority(rounds)
    shown = [(each.shown.contest, each.shown.a_first, each.prefers_a) for each in found]
    assert shown == [("c", True, True), ("c", False, True), ("d", True, False), ("d", False, False)]


def test_a_judge_that_is_mostly_right_is_more_so_by_majority(tmp_path: Path) -> None:
    """Each showing is right with 0.7: the majority of 9 is with 0.90, both orders with 0.81."""
    exam = held_out_exam([contest(f"c{n}") for n in range(100)], PairRubric.GENERAL, level=0.95)
    judge = ToySchool(tmp_path, skills=(0.7,), mute=0.0).untaught()
    with scene(tmp_path) as here:
        found = sit(judge, [exam], recipe(judging=JUDGING).judging, here.room())
    once, often = found["held_out"], found["held_out_of_9"]
    right = [sum(each.right for each in sat.judgements) / 200 for sat in (once, often)]
    assert right == [pytest.approx(0.7, abs=0.08), pytest.approx(0.9, abs=0.06)]
    assert (once.heard.cost.calls, often.heard.cost.calls) == (200, 1800)
    consistent = {
        each.metric.partition(".")[2]: each.measured
        for each in often.measured(once)
        if each.quantity.value == "difference"
    }["position_consistency"]
    assert getattr(consistent, "low", -1.0) > 0


JUDGING = {"brief": "short", "samples": 2, "max_tokens": 32, "majority_of": 9}


def course(folder: Path) -> Course:
    with scene(folder) as here:
        room = here.room()
        return teach(recipe(judging=JUDGING), room, ToySchool(room.folder))


def test_the_loop_reports_both_and_what_the_majority_adds(tmp_path: Path) -> None:
    write_instructions(tmp_path)
    found = course(tmp_path)
    assert list(found.judges[2].sat) == ["held_out", "held_out_of_9"]
    by_name = {each.value.metric: each for each in standings(found, 2)}
    often = by_name["held_out_of_9.position_consistency"]
    assert often.over_previous is not None
    assert often.over_untaught is not None
    assert often.over_once is not None
    assert by_name["held_out_of_9.accuracy"].p_previous is not None
    assert by_name["held_out.position_consistency"].over_once is None
    untaught = {each.value.metric: each for each in standings(found, 0)}
    assert untaught["held_out_of_9.accuracy"].over_once is not None
    frozen = tmp_path / "made" / "judge-1" / "tests" / "held_out_of_9.jsonl"
    assert len(frozen.read_text().splitlines()) == 6 * 2 * 9


@pytest.mark.parametrize("names", [("rb", "rb_of_9"), ("held_out_of_9",)])
def test_a_test_of_that_name_is_refused(names: tuple[str, ...]) -> None:
    tests = {name: {"pairs": "labelled", "data": "x"} for name in names}
    with pytest.raises(ValueError, match=f"`{names[-1]}` is the name of another test"):
        recipe(judging=JUDGING, tests=tests)
    assert recipe(tests=tests).tests
