import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.evidence.estimate import LEFT_OUT, Cause, Estimate, Unmeasured
from stages.side_by_side.judged import health
from stages.side_by_side.judged.hearing import Judgement
from stages.side_by_side.preference import Preference
from stages.side_by_side.vote import CandidateVote
from tests.stages.side_by_side.judged.sayings import judgement

SAYINGS = st.sampled_from([each.value for each in Preference])


def value(found: Estimate | Unmeasured) -> float:
    assert isinstance(found, Estimate), found
    return found.value


def both_orders(prompt: str, ab: str, ba: str, repeat: int = 0) -> list[Judgement]:
    return [
        judgement(prompt, ab, a_first=True, repeat=repeat),
        judgement(prompt, ba, a_first=False, repeat=repeat),
    ]


def test_the_first_position_counts_ties_and_both_bad_as_half() -> None:
    said = [
        *both_orders("always first", "A>B", "B>>A"),
        *both_orders("a", "A>B", "A>B"),
        *both_orders("neither", "A=B", "both_bad"),
        *both_orders("first", "A>B", "B>A"),
    ]
    assert value(health.first_position(said, level=0.95)) == pytest.approx((2 + 1 + 1 + 2) / 8)


def test_an_interval_rests_on_prompts_and_not_on_verdicts() -> None:
    said = [j for n in range(9) for r in range(5) for j in both_orders(str(n), "A>B", "A=B", r)]
    found = health.first_position(said, level=0.9)
    assert isinstance(found, Estimate)
    assert (found.n, found.level) == (9, 0.9)


def test_inconsistency_is_another_winner_in_the_other_order() -> None:
    said = [
        *both_orders("strength", "A>>B", "A>B"),
        *both_orders("turned", "A>B", "B>A"),
        *both_orders("half", "A>B", "A=B"),
        *both_orders("neither", "A=B", "both_bad"),
    ]
    assert value(health.inconsistency(said, level=0.95)) == 0.5


def test_one_order_alone_says_nothing_of_consistency() -> None:
    found = health.inconsistency([judgement("x", "A>B"), judgement("y", "B>A")], level=0.95)
    assert isinstance(found, Unmeasured)


def test_a_judge_that_tosses_a_coin_has_a_repeat_variance_of_a_quarter() -> None:
    rng = np.random.default_rng(7)
    said = [
        judgement(str(n), "A>B" if rng.random() < 0.5 else "B>A", a_first=order, repeat=repeat)
        for n in range(400)
        for order in (True, False)
        for repeat in range(3)
    ]
    found = health.repeat_variance(said, level=0.99)
    assert isinstance(found, Estimate)
    assert found.low is not None
    assert found.high is not None
    assert found.low < 0.25 < found.high
    assert found.high - found.low < 0.05


def test_a_judge_that_was_never_asked_twice_has_no_variance_rather_than_none_at_all() -> None:
    found = health.repeat_variance(both_orders("x", "A>B", "A>B"), level=0.95)
    assert isinstance(found, Unmeasured)
    assert "judging.repeats" in found.reason


def test_severity_is_the_share_of_ties_and_both_bad() -> None:
    said = [*both_orders("x", "A=B", "both_bad"), *both_orders("y", "A>B", "B>>A")]
    assert value(health.severity(said, level=0.95)) == 0.5


def test_an_unresolved_judgement_is_no_verdict_and_is_told() -> None:
    said = [*both_orders("x", "A>B", "unresolved"), *both_orders("y", "A>B", "B>A")]
    found = health.first_position(said, level=0.95)
    assert value(found) == 1.0
    assert isinstance(found, Estimate)
    assert f"{LEFT_OUT}1 unresolved judgements" in found.method
    assert value(health.inconsistency([*said, *both_orders("z", "A>B", "A>B")], level=0.95)) == 0.5


@pytest.mark.parametrize(
    "of", [health.first_position, health.inconsistency, health.repeat_variance, health.severity]
)
def test_nothing_said_is_nothing_measured(of: object) -> None:
    assert callable(of)
    assert of([], level=0.95) == Unmeasured("no pair was judged", Cause.WAITING)
    mute = [*both_orders("x", "unresolved", "unresolved")]
    assert isinstance(of(mute, level=0.95), Unmeasured)


def person(
    prompt: str, win: float | None, *, judge: bool = False, name: str = "p"
) -> CandidateVote:
    return CandidateVote(
        prompt=prompt, annotator=name, win=win, graded=win, both_bad=None, judge=judge
    )


def test_agreement_is_with_the_winner_that_most_people_see() -> None:
    said = [
        *both_orders("a", "A>B", "A>B"),
        *both_orders("b", "B>A", "B>A"),
        *both_orders("split", "A>B", "B>A"),
        *both_orders("lean", "A>B", "A=B"),
        *both_orders("alone", "A>B", "A>B"),
    ]
    people = [
        person("a", 1.0), person("a", 1.0), person("a", 0.0),
        person("b", 1.0),
        person("split", 0.5),
        person("lean", 1.0), person("lean", 0.0),  # as many: neither
        person("unresolved", None), person("b", 0.0, judge=True),
    ]  # fmt: skip
    found = health.agreement(said, people, level=0.95)
    assert isinstance(found, Estimate)
    assert (found.value, found.n) == (0.5, 4)
    assert "Cohen's kappa" in found.method


def test_one_prompt_in_common_is_too_little() -> None:
    found = health.agreement(both_orders("a", "A>B", "A>B"), [person("a", 1.0)], level=0.95)
    assert isinstance(found, Unmeasured)
    assert found.cause is Cause.UNDERPOWERED


def test_agreement_waits_for_people() -> None:
    found = health.agreement(both_orders("a", "A>B", "A>B"), [person("z", 1.0)], level=0.95)
    assert found == Unmeasured("no prompt was judged by people too", Cause.WAITING)


@given(
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.5, 1.0])),
        min_size=2,
        max_size=40,
    )
)
def test_kappa_is_that_of_statsmodels(both: list[tuple[float, float]]) -> None:
    from statsmodels.stats.inter_rater import cohens_kappa

    table = np.zeros((3, 3))
    for one, other in both:
        table[int(2 * one), int(2 * other)] += 1
    found = health._kappa(both)
    if found is None:
        assert len(set(both)) == 1
    else:
        assert found == pytest.approx(cohens_kappa(table, return_results=False))


@given(
    st.lists(st.tuples(SAYINGS, SAYINGS), min_size=2, max_size=12),
)
def test_exchanging_candidate_and_baseline_changes_no_health(said: list[tuple[str, str]]) -> None:
    """Who is called a does not matter to how the judge judges."""
    there = [j for n, two in enumerate(said) for j in both_orders(str(n), *two)]
    back = [
        judgement(each.pair.prompt, each.said.turned, a_first=not each.a_first) for each in there
    ]
    for of in (health.first_position, health.inconsistency, health.severity):
        one, other = of(there, level=0.95), of(back, level=0.95)
        if isinstance(one, Estimate):
            assert isinstance(other, Estimate)
            assert one.value == pytest.approx(other.value)
            assert one.low == pytest.approx(other.low)
        else:
            assert one == other
