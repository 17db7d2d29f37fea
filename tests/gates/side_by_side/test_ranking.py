"""Models in order of strength, whatever is said of ties, errors and style."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from gates.side_by_side.ranking import ELO, Errors, How, Ranking, rank
from policies.errors import InputError, WrongUsage
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.tie_models import Ties
from tests.gates.side_by_side.drawn import STRENGTHS, drawn, vote


def ranked(votes: list[Vote], how: How | None = None) -> Ranking:
    found = rank(votes, how or How(ties=Ties.DAVIDSON))
    assert isinstance(found, Ranking), found.reason
    return found


@pytest.mark.parametrize("ties", list(Ties))
@pytest.mark.parametrize("errors", list(Errors))
def test_the_order_is_that_of_the_strengths_under_every_model(ties: Ties, errors: Errors) -> None:
    found = ranked(drawn(), How(ties=ties, errors=errors, resamples=100))
    assert [one.model for one in found.models] == list(STRENGTHS)
    assert (found.tie is None) is (ties is Ties.HALF)
    for stronger, weaker in pairwise(found.models):
        assert isinstance(stronger.rating, Estimate)
        assert isinstance(weaker.rating, Estimate)
        assert weaker.rating.low < weaker.rating.value < stronger.rating.value


def test_ratings_are_log_odds_with_ties_apart() -> None:
    found = ranked(drawn(1_500), How(ties=Ties.DAVIDSON, baseline="weak"))
    by_name = {one.model: one for one in found.models}
    for model, strength in STRENGTHS.items():
        rating = by_name[model].rating
        if model == "weak":
            assert isinstance(rating, Unmeasured)
            continue
        assert isinstance(rating, Estimate)
        assert rating.low < strength - STRENGTHS["weak"] < rating.high
    assert by_name["weak"].win_rate is None
    assert math.isclose(ELO, 173.7178, rel_tol=1e-6)


def test_exchanging_a_and_b_changes_nothing() -> None:
    votes = drawn()
    exchanged = [
        replace(
            vote,
            model_a=vote.model_b,
            model_b=vote.model_a,
            win_a=None if vote.win_a is None else 1 - vote.win_a,
            graded_a=None if vote.graded_a is None else 1 - vote.graded_a,
        )
        for vote in votes
    ]
    for one, other in zip(ranked(votes).models, ranked(exchanged).models, strict=True):
        assert one.model == other.model
        assert isinstance(one.rating, Estimate)
        assert isinstance(other.rating, Estimate)
        assert one.rating.value == pytest.approx(other.rating.value, abs=1e-6)


def test_a_vote_without_a_verdict_is_no_game_and_is_counted() -> None:
    votes = drawn()
    with_others = [*votes, vote("p1", None), vote("p2", None)]
    found = ranked(with_others)
    assert (found.votes, found.unresolved) == (len(votes), 2)
    assert found.models == ranked(votes).models


def test_a_score_in_between_counts_for_the_side_it_leans_to() -> None:
    leaning = [*drawn(), vote("p1", 0.7)]
    winning = [*drawn(), vote("p1", 1.0)]
    assert ranked(leaning).rounded == 1
    assert ranked(leaning).models == ranked(winning).models


def test_a_bootstrap_is_the_same_by_the_same_seed() -> None:
    how = How(errors=Errors.BOOTSTRAP, resamples=100, seed=3)
    assert ranked(drawn(), how).models == ranked(drawn(), how).models
    assert ranked(drawn(), how).models != ranked(drawn(), replace(how, seed=4)).models


def test_votes_of_few_annotators_widen_the_intervals_that_count_them() -> None:
    """Each annotator sees one model only: what they like is what it is like."""
    votes = [
        replace(vote, win_a=said, graded_a=said)
        for number, vote in enumerate(drawn())
        for said in [float(number // 3 % 5 < 3)]
    ]
    widths = {}
    for errors in (Errors.SANDWICH, Errors.TWO_WAY):
        rating = ranked(votes, How(errors=errors)).models[0].rating
        assert isinstance(rating, Estimate)
        widths[errors] = rating.high - rating.low
    assert widths[Errors.TWO_WAY] > 1.5 * widths[Errors.SANDWICH]


def test_style_is_held_equal_and_its_effects_are_told() -> None:
    found = ranked(drawn(600), How(style=True, baseline="weak"))
    assert not isinstance(found.effects, Unmeasured)
    assert found.effects
    controlled = {one.model: one.controlled for one in found.models}
    assert isinstance(controlled["strong"], Estimate)
    assert controlled["weak"] is None


def test_style_cannot_be_told_of_votes_without_answers() -> None:
    bare = [replace(vote, answer_a=None, answer_b=None) for vote in drawn()]
    with pytest.raises(InputError, match="style"):
        rank(bare, How(style=True))


def test_a_baseline_that_nobody_voted_on_is_wrong_usage() -> None:
    with pytest.raises(WrongUsage, match="nobody"):
        rank(drawn(), How(baseline="nobody"))


def test_no_votes_make_no_ranking() -> None:
    assert isinstance(rank([vote("p", None)], How()), Unmeasured)


def test_a_model_that_never_lost_has_no_strength_but_with_a_penalty() -> None:
    always = [vote(f"p{n}", 1.0) for n in range(30)]
    without = rank(always, How())
    assert isinstance(without, Unmeasured) or all(
        isinstance(one.rating, Unmeasured) for one in without.models
    )
    assert isinstance(ranked(always, How(ridge=0.5)).models[0].rating, Estimate)


def test_the_rule_is_no_person_in_an_interval_by_people() -> None:
    people = drawn(40)
    ruled = [vote(f"r{n}", 1.0, annotator="rule", ruled=True) for n in range(40)]
    how = How(errors=Errors.TWO_WAY, baseline="weak")
    settled = next(m.rating for m in ranked([*people, *ruled], how).models if m.model == "strong")
    crowd = [replace(vote, annotator=f"rule {vote.prompt}", ruled=False) for vote in ruled]
    counted = next(m.rating for m in ranked([*people, *crowd], how).models if m.model == "strong")
    assert isinstance(settled, Estimate)
    assert isinstance(counted, Estimate)
    assert settled.n == len({vote.annotator for vote in people})
    assert settled.standard_error == pytest.approx(
        corrected(counted.standard_error, counted.n, settled.n)
    )


def corrected(error: float | None, had: int, has: int) -> float:
    """A standard error with the correction for other numbers of clusters."""
    assert error is not None
    return error * math.sqrt((had - 1) / had * has / (has - 1))
