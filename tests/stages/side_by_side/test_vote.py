from dataclasses import replace

import pytest

from stages.side_by_side.vote import CandidateVote, Vote, seen_from

VOTE = Vote(
    prompt="p1",
    annotator="ann",
    model_a="new",
    model_b="old",
    win_a=1.0,
    graded_a=0.75,
    both_bad=False,
    first="new",
    where="votes.jsonl:1",
)


def test_a_vote_turns_with_the_side_the_candidate_is_on() -> None:
    assert seen_from(VOTE, "new", "old") == CandidateVote(
        prompt="p1", annotator="ann", win=1.0, graded=0.75, both_bad=False
    )
    assert seen_from(VOTE, "old", "new") == CandidateVote(
        prompt="p1", annotator="ann", win=0.0, graded=0.25, both_bad=False
    )


def test_an_unresolved_vote_stays_unresolved_from_either_side() -> None:
    vote = replace(VOTE, win_a=None, graded_a=None, both_bad=None)
    for candidate, baseline in (("new", "old"), ("old", "new")):
        seen = seen_from(vote, candidate, baseline)
        assert seen is not None
        assert (seen.win, seen.graded, seen.both_bad) == (None, None, None)


@pytest.mark.parametrize(("candidate", "baseline"), [("new", "other"), ("other", "old")])
def test_a_vote_on_other_models_says_nothing(candidate: str, baseline: str) -> None:
    assert seen_from(VOTE, candidate, baseline) is None


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"model_b": "new"}, "compared with itself"),
        ({"win_a": None}, "resolved or not"),
        ({"win_a": 1.5}, "between 0 and 1"),
        ({"graded_a": float("nan")}, "between 0 and 1"),
    ],
)
def test_an_impossible_vote_cannot_be_made(wrong: dict[str, object], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        replace(VOTE, **wrong)  # type: ignore[arg-type]
