import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.examples.build_bench.traffic import prompts
from stages.offline.contamination.words import words_of
from stages.workshop.bench.near_duplicates import repeated
from stages.workshop.bench.recipe import NearDuplicates

RULES = NearDuplicates(similarity=0.8, words=3)


def runs(text: str) -> set[tuple[bytes, ...]]:
    words = words_of(text)
    length = max(1, min(3, len(words)))
    return {tuple(words[n : n + length]) for n in range(max(1, len(words) - length + 1))}


def naive(texts: list[str], similarity: float) -> tuple[int | None, ...]:
    kept: list[int] = []
    found: list[int | None] = []
    for number, text in enumerate(texts):
        own = runs(text)
        like = next(
            (
                other
                for other in kept
                if len(own & runs(texts[other])) / len(own | runs(texts[other])) >= similarity
            ),
            None,
        )
        if like is None:
            kept.append(number)
        found.append(like)
    return tuple(found)


def test_the_same_is_found_as_by_comparing_all_with_all() -> None:
    random = np.random.default_rng(1)
    texts = list(prompts(60))
    for text in texts[:60]:
        words = text.split()
        words[random.integers(len(words))] = "changed"
        texts.append(" ".join(words))

    found = repeated(texts, RULES)

    assert found == naive(texts, 0.8)
    assert sum(one is not None for one in found) > 20


def test_case_punctuation_and_space_are_no_difference() -> None:
    assert repeated(["How do I sort a list?", "how do i   SORT a list"], RULES) == (None, 0)


def test_texts_without_words_and_short_ones_are_compared_whole() -> None:
    assert repeated(["!!", "??", "hi", "Hi!", "hi there"], RULES) == (None, 0, None, 2, None)


def test_no_text_repeats_nothing() -> None:
    assert repeated([], RULES) == ()


def test_what_was_left_out_takes_nothing_with_it() -> None:
    first = [f"w{n}" for n in range(40)]
    second = [*first[:38], "x", "y"]
    third = [*second[:34], "a", "b", "c", "d", "x", "y"]
    texts = [" ".join(words) for words in (first, second, third)]

    assert repeated(texts, RULES) == naive(texts, 0.8) == (None, 0, None)


def test_known_texts_are_numbered_before_all_others() -> None:
    found = repeated(["one two three four", "five six seven"], RULES, known=["Five six seven!"])

    assert found == (None, -1)


def test_a_thousand_times_the_same_is_quick_and_once() -> None:
    found = repeated(["the very same prompt again and again"] * 1_000, RULES)

    assert found == (None, *([0] * 999))


@given(st.lists(st.text(alphabet="abc de", max_size=40), max_size=12))
def test_a_text_repeats_only_what_it_is_like(texts: list[str]) -> None:
    for number, like in enumerate(repeated(texts, RULES)):
        if like is not None:
            one, other = runs(texts[number]), runs(texts[like])
            assert like < number
            assert len(one & other) / len(one | other) >= 0.8


@pytest.mark.parametrize("similarity", [0.3, 0.5, 0.9, 1.0])
def test_the_threshold_is_what_is_said(similarity: float) -> None:
    words = [f"w{n}" for n in range(42)]
    texts = [" ".join(words), *(" ".join([*words[:cut], "new"]) for cut in range(8, 42, 3))]
    rules = NearDuplicates(similarity=similarity, words=3)

    assert repeated(texts, rules)[1:] == naive(texts, similarity)[1:]
