import math
from statistics import fmean, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from policies.benchmark_tasks import Stopping
from stages.evidence.estimate import Cause, Estimate, Unmeasured
from stages.side_by_side.aggregate import both_bad, graded, rows_of, tally, win_rate
from stages.side_by_side.scores import Rule
from stages.side_by_side.vote import CandidateVote, PassedOver
from stages.stats.betting import betting_interval
from stages.stats.means import mean_t
from stages.stats.shares import clopper_pearson


def vote(
    prompt: object,
    win: float | None,
    annotator: str = "ann",
    *,
    graded: float | None = None,
    both_bad: bool | None = False,
) -> CandidateVote:
    return CandidateVote(
        prompt=str(prompt),
        annotator=annotator,
        win=win,
        graded=win if graded is None else graded,
        both_bad=None if win is None else both_bad,
    )


def rule(prompts: int = 100, stopping: Stopping = Stopping.FIXED) -> Rule:
    return Rule(stopping=stopping, level=0.95, planned=prompts)


def rate(
    votes: list[CandidateVote],
    *,
    prompts: int = 1000,
    overlap: int = 1,
    stopping: Stopping = Stopping.FIXED,
) -> Estimate:
    found = win_rate(tally(votes, prompts=prompts, overlap=overlap), rule(prompts, stopping))
    assert isinstance(found, Estimate)
    return found


def ends(found: Estimate) -> tuple[float, float]:
    assert found.low is not None
    assert found.high is not None
    return found.low, found.high


def test_prompts_are_the_units_and_their_error_is_the_sample_one() -> None:
    wins = [1.0, 1.0, 0.0, 0.5, 1.0, 0.0, 0.5, 1.0, 0.25, 0.9]
    found = rate([vote(i, win) for i, win in enumerate(wins)])
    assert found.value == pytest.approx(fmean(wins))
    assert found.standard_error == pytest.approx(stdev(wins) / math.sqrt(10))
    assert (found.n, found.unit) == (10, "share")


def test_both_orders_are_averaged_before_annotators_and_annotators_before_prompts() -> None:
    votes = [
        vote("p", 1.0, "judge"),
        vote("p", 0.0, "judge"),
        vote("p", 1.0, "ann"),
        vote("q", 0.0, "judge"),
        vote("q", 0.0, "ann"),
    ]
    found = rate(votes, overlap=2)
    assert found.value == pytest.approx((0.75 + 0) / 2)
    assert found.n == 2


def test_copies_of_votes_on_the_same_prompts_narrow_nothing() -> None:
    wins = [1.0, 0.0, 0.5, 1.0, 1.0, 0.0]
    once = rate([vote(i, win) for i, win in enumerate(wins)])
    thrice = rate(
        [vote(i, win, annotator) for annotator in "abc" for i, win in enumerate(wins)], overlap=3
    )
    assert thrice.value == pytest.approx(once.value)
    assert ends(thrice)[0] <= ends(once)[0] + 1e-9
    assert ends(thrice)[1] >= ends(once)[1] - 1e-9


def test_annotators_who_differ_widen_the_interval_of_the_same_scores() -> None:
    wins = [float(i % 2) for i in range(120)]
    alike = rate([vote(i, win, f"a{i // 2 % 6}") for i, win in enumerate(wins)])
    differing = rate([vote(i, win, f"a{i % 2 * 3 + i // 2 % 3}") for i, win in enumerate(wins)])
    assert differing.value == alike.value
    assert ends(differing)[0] < ends(alike)[0] - 0.1
    assert "prompt" in alike.method


def test_one_annotator_speaks_for_itself_alone() -> None:
    wins = [float(i % 2) for i in range(120)]
    found = mean_t(wins, level=0.95, unit="share")
    assert isinstance(found, Estimate)
    assert ends(rate([vote(i, win) for i, win in enumerate(wins)])) == ends(found)


def test_what_the_rule_settles_counts_as_a_prompt_with_all_its_votes() -> None:
    shown = [vote(i, float(i % 2), name) for i in range(20) for name in "ab"]
    ruled = [vote("same", 0.5, "rule"), vote("empty", 0.0, "rule")]
    counted = tally(shown, prompts=22, overlap=2, settled=ruled)
    found = win_rate(counted, rule(22))
    assert isinstance(found, Estimate)
    assert (found.n, found.value) == (22, pytest.approx((10 + 0.5) / 22))
    assert (len(counted.votes), counted.begun, counted.beyond) == (40, 0, 0)
    assert "settled by the rule: 2 of 22 prompts" in found.method
    assert len(rows_of(counted.prompts, lambda v: v.win)) == 44


def test_nobody_votes_on_what_the_rule_settles() -> None:
    votes = [vote("empty", 1.0, "a"), vote(1, 0.0, "a")]
    counted = tally(votes, prompts=2, overlap=1, settled=[vote("empty", 0.0, "rule")])
    assert [v.prompt for v in counted.votes] == ["1"]
    assert counted.left_out == "1 votes on prompts that the rule settles"


def test_the_rule_takes_places_of_the_planned_prompts() -> None:
    votes = [vote(i, 1.0) for i in range(5)]
    counted = tally(votes, prompts=3, overlap=1, settled=[vote("same", 0.5, "rule")])
    assert (len(counted.prompts), counted.settled, counted.beyond) == (3, 1, 3)


def test_what_the_rule_settles_counts_in_its_turn_and_not_before() -> None:
    ruled = [vote(f"r{n}", 0.0, "rule") for n in range(50)]
    shown = [vote(n, 1.0) for n in range(50)]
    early = tally(shown[:10], prompts=100, overlap=1, settled=ruled, seed=3)
    assert 0 < early.settled < 40
    whole = tally(shown, prompts=100, overlap=1, settled=ruled, seed=3)
    assert whole.settled == 50
    assert whole.prompts[: len(early.prompts)] == early.prompts


def test_the_unresolved_count_against_the_lower_end_and_for_the_upper() -> None:
    wins: list[float | None] = [1.0] * 40 + [0.0] * 40 + [None] * 20
    found = rate([vote(i, win) for i, win in enumerate(wins)])
    low, high = ends(found)
    at_zero = rate([vote(i, win or 0.0) for i, win in enumerate(wins)])
    at_one = rate([vote(i, 1.0 if win is None else win) for i, win in enumerate(wins)])
    assert found.n == 100
    assert found.value == pytest.approx(0.5)
    assert (low, high) == (at_zero.low, at_one.high)
    assert "20 unresolved votes count 0 below and 1 above" in found.method


def test_a_tie_and_both_bad_are_half_a_win() -> None:
    assert rate([vote(1, 0.5, both_bad=True), vote(2, 0.5), vote(3, 1.0)]).value == pytest.approx(
        2 / 3
    )


def test_unanimous_votes_keep_the_exact_width() -> None:
    found = rate([vote(i, 1.0) for i in range(100)])
    exact = clopper_pearson(100, 100, level=0.95)
    assert isinstance(exact, Estimate)
    assert ends(found) == pytest.approx(ends(exact))
    assert found.standard_error is None


def test_the_grade_is_a_metric_of_its_own() -> None:
    votes = [vote(1, 1.0, graded=0.75), vote(2, 1.0, graded=1.0), vote(3, 0.0, graded=0.25)]
    found = graded(tally(votes, prompts=3, overlap=1), rule())
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(2 / 3)


def test_both_bad_is_counted_per_prompt() -> None:
    votes = [vote(i, 0.5, both_bad=i < 30) for i in range(100)]
    found = both_bad(tally(votes, prompts=100, overlap=1), rule())
    assert isinstance(found, Estimate)
    assert found.value == pytest.approx(0.3)
    assert ends(found) == pytest.approx(
        tuple(stats.binomtest(30, 100).proportion_ci(method="wilson")), abs=0.003
    )


def test_an_unresolved_vote_may_hide_a_both_bad() -> None:
    votes = [vote(i, None if i < 10 else 1.0) for i in range(100)]
    found = both_bad(tally(votes, prompts=100, overlap=1), rule())
    assert isinstance(found, Estimate)
    assert found.low == 0.0
    assert found.high is not None
    assert found.high > 0.1


def test_a_format_without_both_bad_measures_none_rather_than_zero() -> None:
    votes = [vote(i, 1.0, both_bad=None) for i in range(10)]
    found = both_bad(tally(votes, prompts=10, overlap=1), rule())
    assert isinstance(found, Unmeasured)
    assert 'no "both bad" verdict' in found.reason


def test_a_confidence_sequence_takes_prompts_in_the_order_they_were_completed() -> None:
    votes = [vote("late", 1.0, "a")]
    votes += [vote(i, float(i % 3 > 0), f"{name}{i}") for i in range(50) for name in "ab"]
    votes += [vote("late", 1.0, "b")]
    found = rate(votes, overlap=2, stopping=Stopping.ANYTIME)
    values = [*(float(i % 3 > 0) for i in range(50)), 1.0]
    expected = betting_interval(values, level=0.95, planned=1000)
    assert isinstance(expected, Estimate)
    assert ends(found) == ends(expected)
    assert "betting confidence sequence" in found.method


def test_an_unresolved_vote_widens_a_confidence_sequence_on_both_sides() -> None:
    wins: list[float | None] = [1.0, 0.0] * 40
    plain = rate([vote(i, win) for i, win in enumerate(wins)], stopping=Stopping.ANYTIME)
    wins[10:14] = [None] * 4
    found = rate([vote(i, win) for i, win in enumerate(wins)], stopping=Stopping.ANYTIME)
    assert ends(found)[0] < ends(plain)[0]
    assert ends(found)[1] > ends(plain)[1]


def test_only_the_first_planned_prompts_count() -> None:
    votes = [vote(i, float(i % 2)) for i in range(10)]
    planned = rate(votes, prompts=10)
    flattered = rate(votes + [vote(i, 1.0) for i in range(10, 200)], prompts=10)
    assert ends(flattered) == ends(planned)
    assert flattered.n == 10
    assert "190 prompts beyond the plan left out" in flattered.method


def test_only_the_planned_annotators_of_a_prompt_count() -> None:
    votes = [vote(i, float(i % 2), "first") for i in range(10)]
    found = rate(votes + [vote(i, 1.0, "later") for i in range(10)], prompts=10)
    assert found.value == pytest.approx(0.5)
    assert "10 votes beyond the overlap left out" in found.method


def test_a_prompt_waits_for_all_its_annotators() -> None:
    votes = [vote(1, 1.0, "a"), vote(1, 1.0, "b"), vote(2, 0.0, "a"), vote(2, 0.0, "a")]
    counted = tally(votes, prompts=5, overlap=2)
    assert (len(counted.prompts), counted.begun, len(counted.votes)) == (1, 1, 2)
    assert counted.left_out == ""


def test_prompts_outside_the_plans_data_are_left_out_and_said() -> None:
    votes = [vote("known", 1.0), vote("foreign", 1.0), vote("foreign", 0.0, "b")]
    counted = tally(votes, prompts=5, overlap=1, among={"known"})
    assert [prompt.prompt for prompt in counted.prompts] == ["known"]
    assert (counted.beyond, counted.elsewhere) == (0, 2)
    assert counted.left_out == "2 votes on prompts outside the plan's data"


@pytest.mark.parametrize("metric", [win_rate, graded, both_bad])
def test_nothing_complete_is_unmeasured(metric: object) -> None:
    assert callable(metric)
    for votes in ([], [vote(1, 1.0)]):
        found = metric(tally(votes, prompts=5, overlap=2), rule())
        assert found == Unmeasured("no prompt has all its votes yet", Cause.WAITING)


def test_one_prompt_cannot_show_a_spread() -> None:
    counted = tally([vote(1, 1.0)], prompts=5, overlap=1)
    found = win_rate(counted, rule())
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED


@given(
    st.lists(
        st.tuples(
            st.integers(0, 8), st.sampled_from("abc"), st.sampled_from([None, 0.0, 0.25, 0.5, 1.0])
        ),
        max_size=40,
    ),
    st.integers(1, 3),
    st.integers(2, 6),
    st.sampled_from(list(Stopping)),
)
def test_swapping_the_models_mirrors_the_win_rate(
    drawn: list[tuple[int, str, float | None]], overlap: int, prompts: int, stopping: Stopping
) -> None:
    votes = [vote(p, win, a) for p, a, win in drawn]
    swapped = [vote(p, None if win is None else 1 - win, a) for p, a, win in drawn]
    one, two = (
        win_rate(tally(v, prompts=prompts, overlap=overlap), rule(prompts, stopping))
        for v in (votes, swapped)
    )
    if isinstance(one, Unmeasured):
        assert isinstance(two, Unmeasured)
        return
    assert isinstance(two, Estimate)
    low, high = ends(one)
    assert 0 <= low <= one.value <= high <= 1
    assert (1 - high, 1 - low) == pytest.approx(ends(two), abs=1e-9)
    assert one.n <= prompts


def test_what_the_rule_settles_is_no_second_annotator() -> None:
    shown = [vote(i, float(i % 3 > 0)) for i in range(180)]
    ruled = [vote(f"same {i}", 0.5, "rule") for i in range(20)]
    found = win_rate(tally(shown, prompts=200, overlap=1, settled=ruled), rule(200))
    wins = [*(float(i % 3 > 0) for i in range(180)), *[0.5] * 20]
    alone = mean_t(wins, level=0.95, unit="share")
    assert isinstance(found, Estimate)
    assert isinstance(alone, Estimate)
    assert ends(found) == pytest.approx(ends(alone))


def test_what_the_rule_settles_makes_few_annotators_no_more() -> None:
    """Three who differ tell as little of all people where half of the prompts need nobody."""
    shown = [vote(i, float(i % 20 < 4 + 6 * (i % 3)), f"a{i % 3}") for i in range(90)]
    ruled = [vote(f"same {i}", 0.5, "rule") for i in range(90)]
    of_shown = ends(rate(shown, prompts=90))
    found = win_rate(tally(shown, prompts=180, overlap=1, settled=ruled), rule(180))
    assert isinstance(found, Estimate)
    assert "3 annotators" in found.method
    assert ends(found)[1] - ends(found)[0] > 0.45 * (of_shown[1] - of_shown[0])


def test_a_confidence_sequence_says_no_more_than_annotators_who_differ_allow() -> None:
    wins = [float(i % 10 < 9) for i in range(200)]
    alike = [vote(i, win, f"a{i // 10 % 5}") for i, win in enumerate(wins)]
    habits = [vote(i, win, f"a{i % 10 * 5 // 10}") for i, win in enumerate(wins)]
    plan = {"prompts": 200, "overlap": 1}
    sequence = betting_interval(wins, level=0.95, planned=200)
    assert isinstance(sequence, Estimate)
    found = rate(alike, **plan, stopping=Stopping.ANYTIME)
    assert (ends(found), found.method) == (ends(sequence), f"mean per prompt, {sequence.method}")
    differing = rate(habits, **plan, stopping=Stopping.ANYTIME)
    assert ends(differing)[0] == ends(rate(habits, **plan))[0]
    assert differing.low is not None
    assert differing.low < 0.6 < ends(sequence)[0]
    assert "5 annotators" in differing.method


def test_one_prompt_of_several_annotators_has_its_sequence() -> None:
    votes = [vote(0, 1.0, name) for name in "ab"]
    found = rate(votes, prompts=10, overlap=2, stopping=Stopping.ANYTIME)
    assert (found.value, found.n) == (1.0, 1)
    assert ends(found)[0] < 0.05


def passed(prompt: object) -> PassedOver:
    return PassedOver(prompt=str(prompt), model_a="new", model_b="old")


def test_what_is_passed_over_takes_its_turn_then_and_counts_against_both_ends() -> None:
    said = [vote(0, 1.0), passed("left"), *(vote(i, float(i % 2)) for i in range(1, 60))]
    counted = tally(said, prompts=100, overlap=1)
    found = win_rate(counted, rule(100, Stopping.ANYTIME))
    assert isinstance(found, Estimate)
    wins = [float(i % 2) for i in range(1, 60)]
    low = betting_interval([1.0, 0.0, *wins], level=0.95, planned=100)
    high = betting_interval([1.0, 1.0, *wins], level=0.95, planned=100)
    assert isinstance(low, Estimate)
    assert isinstance(high, Estimate)
    assert (found.low, found.high, found.n) == (low.low, high.high, 61)
    assert found.value == pytest.approx(31.5 / 61)
    assert (len(counted.prompts), len(counted.turns)) == (60, 61)
    assert "missing votes on 1 prompts passed over count 0 below and 1 above" in found.method


def test_a_turn_is_kept_when_the_votes_come_in_late() -> None:
    said = [vote(0, 1.0), passed("left"), vote(1, 0.0), vote("left", 1.0), passed(0)]
    counted = tally(said, prompts=5, overlap=1)
    assert [turn.prompt for turn in counted.turns] == ["0", "left", "1"]
    assert counted.prompts == counted.turns
    assert counted.votes == (vote(0, 1.0), vote("left", 1.0), vote(1, 0.0))


def test_votes_that_came_before_the_missing_ones_count() -> None:
    said = [vote("left", 1.0, "a"), passed("left"), *(vote("read", 0.0, name) for name in "ab")]
    counted = tally(said, prompts=5, overlap=2)
    rows = rows_of(counted.turns, lambda v: v.win)
    assert [(row.prompt, row.annotator, row.low, row.high) for row in rows] == [
        ("left", "a", 1.0, 1.0),
        ("left", None, 0.0, 1.0),
        ("read", "a", 0.0, 0.0),
        ("read", "b", 0.0, 0.0),
    ]
    assert (len(counted.prompts), counted.begun) == (1, 1)


def test_what_nobody_read_is_not_begun_and_alone_says_nothing() -> None:
    counted = tally([passed(0), passed(1)], prompts=5, overlap=2)
    assert (counted.begun, len(counted.turns), counted.prompts) == (0, 2, ())
    found = win_rate(counted, rule(5, Stopping.ANYTIME))
    assert found == Unmeasured("no prompt has all its votes yet", Cause.WAITING)


def test_what_is_passed_over_is_no_vote_and_outside_the_plan_is_nothing() -> None:
    said = [passed("foreign"), passed("same"), vote(0, 1.0), passed(1)]
    counted = tally(said, prompts=2, overlap=1, among="01", settled=[vote("same", 0.5, "rule")])
    assert (counted.left_out, counted.beyond) == ("1 prompts beyond the plan", 1)
    assert {turn.prompt for turn in counted.turns} <= {"0", "same"}


@given(st.lists(st.tuples(st.integers(0, 6), st.sampled_from("abc"), st.booleans()), max_size=30))
def test_looks_at_what_was_passed_over_never_change_a_turn(
    drawn: list[tuple[int, str, bool]],
) -> None:
    said = [passed(p) if skip else vote(p, 1.0, a) for p, a, skip in drawn]
    whole = [turn.prompt for turn in tally(said, prompts=5, overlap=2).turns]
    for end in range(len(said)):
        early = tally(said[:end], prompts=5, overlap=2)
        assert [turn.prompt for turn in early.turns] == whole[: len(early.turns)]
