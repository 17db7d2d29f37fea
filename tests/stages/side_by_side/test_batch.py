from dataclasses import replace

import pytest

from stages.side_by_side.batch import RULE, Batch, Rules, Settled, settled_votes
from stages.side_by_side.preference import Preference
from tests.fakes.batches import batch, gold_pair, pair

TERMS = batch().terms


def test_a_batch_knows_what_it_takes() -> None:
    made = batch(6, overlap=3, gold=2)

    assert (made.name, made.votes_needed, len(made.shown)) == ("b", 18, 8)


def test_any_change_changes_the_digest() -> None:
    made = batch(4)
    others = [
        replace(made, terms=replace(made.terms, seed=8)),
        replace(made, terms=replace(made.terms, rules=Rules(floor_seconds=4))),
        replace(made, pairs=made.pairs[::-1]),
        replace(made, gold=(gold_pair(1),)),
        replace(made, pairs=made.pairs[1:]),
    ]
    assert len({made.digest, *(other.digest for other in others)}) == 6


@pytest.mark.parametrize(
    ("parts", "why"),
    [
        ({"pairs": (pair(1), pair(1))}, "stands twice"),
        ({"pairs": (pair(1),), "settled": (Settled(pair(1), Preference.TIE),)}, "stands twice"),
        ({"pairs": (pair(1, model_a="old", model_b="new"),)}, "the baseline"),
        ({"pairs": (replace(pair(1), gold=Preference.TIE),)}, "gold pairs, and they alone"),
        ({"gold": (pair(1),)}, "gold pairs, and they alone"),
    ],
)
def test_a_batch_is_valid_from_birth(parts: dict[str, tuple], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        Batch(**{"terms": TERMS, "pairs": (), **parts})


def test_a_qualification_round_needs_gold() -> None:
    terms = replace(TERMS, rules=Rules(qualification=1))
    with pytest.raises(ValueError, match="qualification"):
        Batch(terms=terms, pairs=(pair(1),))


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"candidates": ()},
        {"candidates": ("old",)},
        {"candidates": ("new", "new")},
        {"prompts": 0},
        {"overlap": 0},
        {"seed": -1},
        {"gold_share": 1.0},
        {"gold_share": float("nan")},
    ],
)
def test_terms_refuse_nonsense(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        replace(TERMS, **wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"lease_minutes": 0},
        {"floor_seconds": -1.0},
        {"floor_seconds": float("nan")},
        {"qualification": -1},
        {"qualified_at": 1.1},
        {"gold_least": 0},
        {"warn_below": 0.4, "pause_below": 0.5},
        {"pause_below": float("nan")},
    ],
)
def test_rules_refuse_nonsense(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Rules(**wrong)


def test_settled_pairs_are_votes_of_the_rule() -> None:
    pairs = [pair(0), pair(1, answer_a="")]

    (vote,) = settled_votes(batch(2, pairs=pairs))

    assert (vote.prompt, vote.annotator, vote.win_a, vote.graded_a) == ("1", RULE, 0.0, 0.0)
    assert (vote.model_a, vote.model_b, vote.answer_a) == ("new", "old", "")
    assert vote.where == "batch b, settled pair 1"
