import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.judged.scoring import both_bad, graded, panel_rows, win
from stages.side_by_side.pairs import Pair
from stages.side_by_side.preference import Preference
from tests.stages.side_by_side.judged.sayings import judgement, shown

SAYINGS = st.sampled_from([each.value for each in Preference])
WEIGHTS = {"j": 2.0, "k": 1.0, "l": 0.5}


def test_a_panels_score_is_the_weighted_mean_of_judges_of_both_orders() -> None:
    said = [
        judgement("x", "A>>B", judge="j"),
        judgement("x", "B>A", a_first=False, judge="j"),
        judgement("x", "A=B", judge="k"),
        judgement("x", "unresolved", a_first=False, judge="k"),
    ]
    (row,) = panel_rows([shown("x")], said, {"j": 3.0, "k": 1.0}, win)
    assert (row.low, row.high) == (0.75 * 0.5 + 0.25 * 0.25, 0.75 * 0.5 + 0.25 * 0.75)
    (row,) = panel_rows([shown("x")], said[:2], {"j": 1.0}, graded)
    assert row.low == row.high == 0.625


def test_both_bad_is_a_share_of_its_own_and_half_a_win() -> None:
    said = [judgement("x", "both_bad"), judgement("x", "A=B", a_first=False)]
    for score, expected in ((win, 0.5), (graded, 0.5), (both_bad, 0.5)):
        (row,) = panel_rows([shown("x")], said, {"j": 1.0}, score)
        assert row.low == row.high == expected


def test_a_settled_pair_needs_no_judge() -> None:
    same = Pair(
        prompt="s",
        messages=({"role": "user", "content": "s"},),
        model_a="a",
        model_b="b",
        answer_a="yes",
        answer_b="yes",
    )
    (row,) = panel_rows([same], [], {"j": 1.0}, win)
    assert (row.low, row.high) == (0.5, 0.5)


@given(
    st.lists(
        st.lists(SAYINGS, min_size=len(WEIGHTS) * 2, max_size=len(WEIGHTS) * 2),
        min_size=1,
        max_size=6,
    )
)
def test_exchanging_candidate_and_baseline_mirrors_every_score(said: list[list[str]]) -> None:
    there = [
        judgement(str(n), each, judge=judge, a_first=order)
        for n, of_pair in enumerate(said)
        for each, (judge, order) in zip(
            of_pair, [(j, o) for j in WEIGHTS for o in (True, False)], strict=True
        )
    ]
    back = [
        judgement(each.pair, each.said.turned, judge=each.judge, a_first=not each.a_first)
        for each in there
    ]
    pairs = [shown(str(n)) for n in range(len(said))]
    for score in (win, graded):
        for one, other in zip(
            panel_rows(pairs, there, WEIGHTS, score),
            panel_rows(pairs, back, WEIGHTS, score),
            strict=True,
        ):
            assert 0 <= one.low <= one.high <= 1
            assert one.low == pytest.approx(1 - other.high)
            assert one.high == pytest.approx(1 - other.low)
            unresolved = any(
                each.said is Preference.UNRESOLVED
                for each in there
                if each.pair.prompt == one.prompt
            )
            assert (one.high - one.low > 1e-9) == unresolved
