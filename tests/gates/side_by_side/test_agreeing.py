"""Who agrees with whom: a vote without a verdict agrees and disagrees with nothing."""

from dataclasses import replace

import numpy as np
import pytest

from gates.side_by_side.agreeing import agreement_of, labels_of
from stages.evidence.estimate import Estimate, Unmeasured
from stages.side_by_side.vote import Vote
from stages.stats.krippendorff import Distance, krippendorff_alpha
from tests.gates.side_by_side.drawn import vote


def panel(turned: int = 0) -> list[Vote]:
    """Three voters on forty pairs; the third turns some verdicts."""
    return [
        vote(
            f"p{n}",
            (1.0, 0.5, 0.0)[(n + 1 if name == "cat" and n < turned else n) % 3],
            annotator=name,
            first=("strong", "weak")[n % 2],
        )
        for n in range(40)
        for name in ("ann", "bob", "cat")
    ]


def test_who_always_says_the_same_agrees_wholly() -> None:
    found = agreement_of(panel())
    assert isinstance(found.alpha, Estimate)
    assert found.alpha.value == pytest.approx(1)
    assert (found.votes, found.units) == (120, 40)


def test_alpha_is_krippendorffs_of_the_labels() -> None:
    votes = panel(turned=15)
    found = agreement_of(votes).alpha
    wanted = krippendorff_alpha(
        labels_of(votes),
        [each.prompt for each in votes],
        distance=Distance.NOMINAL,
        level=0.95,
        random=np.random.default_rng(0),
    )
    assert isinstance(found, Estimate)
    assert isinstance(wanted, Estimate)
    assert found.value == pytest.approx(wanted.value)
    assert found.value < 0.8


def test_exchanging_the_names_of_a_pair_is_the_same_word() -> None:
    votes = panel(turned=15)
    exchanged = [
        replace(
            each,
            model_a="weak",
            model_b="strong",
            win_a=1 - (each.win_a or 0.0),
            graded_a=1 - (each.graded_a or 0.0),
        )
        if each.annotator == "bob"
        else each
        for each in votes
    ]
    assert agreement_of(exchanged).alpha == agreement_of(votes).alpha


def test_who_turns_verdicts_is_seen_in_the_matrix_and_by_the_model() -> None:
    found = agreement_of(panel(turned=15))
    shares = {(pair.first, pair.second): pair.share for pair in found.matrix}
    agreed, apart = shares["ann", "bob"], shares["ann", "cat"]
    assert isinstance(agreed, Estimate)
    assert isinstance(apart, Estimate)
    assert (agreed.value, apart.value) == (1, 25 / 40)
    right = {voter.name: voter.accuracy or 0.0 for voter in found.voters}
    assert right["cat"] < right["ann"]


def test_unresolved_votes_are_counted_and_agree_with_nothing() -> None:
    votes = panel()
    found = agreement_of([*votes, vote("p1", None, annotator="ann")])
    assert found.alpha == agreement_of(votes).alpha
    assert {voter.name: voter.unresolved for voter in found.voters} == {
        "ann": 1,
        "bob": 0,
        "cat": 0,
    }


def test_whoever_takes_what_is_shown_first_is_told() -> None:
    votes = [
        vote(f"p{n}", float(first == "strong"), annotator="eve", first=first)
        for n in range(40)
        for first in [("strong", "weak")[n % 2]]
    ]
    (eve,) = agreement_of(votes).voters
    assert isinstance(eve.first_position, Estimate)
    assert eve.first_position.value == 1


def test_of_both_orders_the_first_stands_for_a_judge() -> None:
    votes = panel()
    again = [replace(each, win_a=1 - (each.win_a or 0.0)) for each in votes]
    assert agreement_of([*votes, *again]).votes == len(votes)


def test_both_bad_is_no_tie() -> None:
    tie, bad = vote("p", 0.5), replace(vote("q", 0.5), both_bad=True)
    assert labels_of([tie, bad]) == ["tie", "both_bad"]


def test_of_nothing_nothing_is_told() -> None:
    found = agreement_of([])
    assert isinstance(found.alpha, Unmeasured)
    assert isinstance(found.labels, Unmeasured)


def test_what_the_rule_settled_agrees_with_nobody() -> None:
    ruled = [vote(f"p{n}", 0.0, annotator="rule", ruled=True) for n in range(50)]
    assert agreement_of([*ruled, *panel(turned=15)]) == agreement_of(panel(turned=15))
