"""Production serves a version when it answers as that does, and in nothing as the one before."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gates.promotion.recognition import (
    MOST_TEXTS,
    NotYetServing,
    PinnedText,
    Serving,
    recognise,
    telling,
)
from stages.models.fingerprint import canaries

REQUEST = canaries()[0]


def text(now: str, before: str | None) -> PinnedText:
    return PinnedText(request=REQUEST, now=now, before=before)


TEXTS = tuple(text(f"new {n}", f"old {n}") for n in range(4))


def said(*answers: str) -> Serving | NotYetServing:
    return recognise(TEXTS, answers, version="12", before="11")


def test_every_answer_as_the_new_version_is_serving() -> None:
    found = said("new 0", " new 1\n", "new 2", "new 3")
    assert found == Serving("production answers 4 of 4 pinned texts as 12 does")


def test_one_answer_as_the_old_version_is_not_yet_serving() -> None:
    found = said("new 0", "new 1", "new 2", "old 3")
    assert found == NotYetServing("production answers 1 of 4 pinned texts as 11 does")


def test_one_answer_like_neither_is_no_proof_against_it() -> None:
    assert isinstance(said("new 0", "new 1", "new 2", "else"), Serving)


@pytest.mark.parametrize("answers", [("new 0", "new 1", "a", "b"), ("a", "b", "c", "d")])
def test_half_of_the_answers_is_not_enough(answers: tuple[str, ...]) -> None:
    found = said(*answers)
    assert isinstance(found, NotYetServing)
    assert "as 12 does" in found.sentence


def test_without_a_text_nothing_is_recognised() -> None:
    assert isinstance(recognise((), (), version="12", before="11"), NotYetServing)


def test_texts_that_both_answer_alike_tell_nothing() -> None:
    assert telling([text("same", " same "), text(" ", None), text("", "old")]) == ()


def test_without_a_version_before_every_text_tells() -> None:
    assert telling([text("same", None)]) == (text("same", None),)


def test_the_shortest_answers_are_asked_for() -> None:
    texts = [text("x" * n, "other") for n in range(20, 0, -1)]
    assert [len(t.now) for t in telling(texts)] == list(range(1, MOST_TEXTS + 1))


def test_a_text_without_its_answer_is_a_bug() -> None:
    with pytest.raises(ValueError, match="shorter"):
        recognise(TEXTS, ("new 0",), version="12", before="11")


@given(st.lists(st.sampled_from(["new", "old", "else"]), min_size=1, max_size=8))
def test_serving_needs_a_majority_and_nothing_old(kinds: list[str]) -> None:
    texts = [text(f"new {n}", f"old {n}") for n in range(len(kinds))]
    answers = [f"{kind} {n}" for n, kind in enumerate(kinds)]
    found = recognise(texts, answers, version="12", before="11")
    serves = "old" not in kinds and kinds.count("new") > len(kinds) / 2
    assert isinstance(found, Serving) == serves
