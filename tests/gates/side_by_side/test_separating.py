"""A ranking as a whole: what it tells apart, and whether people would say the same."""

from collections.abc import Mapping
from dataclasses import replace

import pytest

from gates.side_by_side.ranking import How, Ranking, rank
from gates.side_by_side.separating import agreed, separated
from policies.errors import WrongUsage
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.separability import Separation
from tests.gates.side_by_side import drawn as votes
from tests.gates.side_by_side.drawn import vote

ALIKE = {"one": 0.0, "two": 0.02, "three": 1.5}
STRENGTHS = {name: 0.9 * place for place, name in enumerate(("f", "e", "d", "c", "b", "strong"))}
"""Six, the fewest that a ranking is held against people by."""


def drawn(
    prompts: int = 150, *, strengths: Mapping[str, float] = STRENGTHS, seed: int = 0
) -> list[Vote]:
    return votes.drawn(prompts, strengths=strengths, seed=seed)


def ranked(votes: list[Vote], how: How | None = None) -> Ranking:
    found = rank(votes, how or How())
    assert isinstance(found, Ranking), found.reason
    return found


def naive_overlaps(ranking: Ranking) -> int:
    """Pairs by hand; the baseline is a point."""
    ends = [
        (one.rating.low, one.rating.high) if isinstance(one.rating, Estimate) else (0.0, 0.0)
        for one in ranking.models
    ]
    return sum(
        (low or 0) <= (high or 0) and (other_low or 0) <= (other_high or 0)
        for n, (low, other_high) in enumerate(ends)
        for other_low, high in ends[n + 1 :]
    )


@pytest.mark.parametrize("baseline", [None, "one"])
def test_models_of_one_strength_are_not_told_apart(baseline: str | None) -> None:
    ranking = ranked(drawn(strengths=ALIKE), How(baseline=baseline))
    found = separated(ranking)
    assert isinstance(found, Separation)
    assert (found.overlaps, found.pairs) == (naive_overlaps(ranking), 3)
    assert found.overlaps == 1


def test_a_model_without_a_rating_leaves_nothing_to_say() -> None:
    seldom = [
        vote("p0", said, model_a="rare", model_b="f", first="rare", annotator=who)
        for said, who in ((1.0, "ann"), (0.0, "bob"))
    ]
    ranking = ranked([*drawn(), *seldom])
    found = separated(ranking)
    assert isinstance(found, Unmeasured)
    assert found.reason.startswith("rare has no rating: ")
    assert isinstance(agreed(ranking, [*drawn(), *seldom]).strict, Unmeasured)
    assert isinstance(agreed(ranking, drawn()).strict, Estimate)  # people never met it
    by_people = agreed(
        ranked(drawn(strengths=dict(STRENGTHS) | {"rare": 0.1})), [*drawn(), *seldom]
    )
    assert isinstance(by_people.spearman, Unmeasured)
    assert by_people.spearman.reason.startswith("by people, rare has no rating")


def test_votes_agree_with_themselves_and_not_with_their_opposite() -> None:
    ranking = ranked(drawn())
    same = agreed(ranking, drawn(seed=1))
    turned = [
        replace(one, win_a=None if one.win_a is None else 1 - one.win_a) for one in drawn(seed=1)
    ]
    opposite = agreed(ranking, turned)
    assert isinstance(same.strict, Estimate)
    assert isinstance(opposite.strict, Estimate)
    assert (same.strict.value, opposite.strict.value) == (1, 0)
    assert isinstance(same.brier, Estimate)
    assert isinstance(opposite.brier, Estimate)
    assert same.brier.value < 0.05
    assert opposite.brier.value > 0.5


def test_only_models_that_both_rank_are_held_against_each_other() -> None:
    more = dict(STRENGTHS) | {"newest": 2.0}
    found = agreed(ranked(drawn(strengths=more)), drawn(seed=1))
    assert isinstance(found.strict, Estimate)
    assert found.strict.n == len(STRENGTHS)
    with pytest.raises(WrongUsage, match="people"):
        agreed(ranked(drawn()), drawn(strengths={"else": 0.3, "other": 0.0}))


def test_a_baseline_that_people_did_not_rank_does_not_stop_it() -> None:
    more = dict(STRENGTHS) | {"newest": 2.0}
    ranking = ranked(drawn(strengths=more), How(baseline="newest"))
    assert isinstance(agreed(ranking, drawn(seed=1)).strict, Estimate)


def test_people_whose_votes_have_no_ranking_say_nothing() -> None:
    found = agreed(ranked(drawn()), [vote("p", None)])
    assert isinstance(found.brier, Unmeasured)
    assert "people" in found.brier.reason
