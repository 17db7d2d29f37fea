import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.sameness import SHINGLE, letters_of, revealed, shingled

TEXTS = st.lists(st.text(max_size=60), max_size=8)


def naive(texts: list[str], place: int, answers: int) -> float:
    """Share of a text's shingles in so many texts, by sets of strings."""

    def pieces(text: str) -> set[str]:
        plain = letters_of(text)
        return {plain[i : i + SHINGLE] for i in range(max(1, len(plain) - SHINGLE + 1))}

    sets = [pieces(text) for text in texts]
    own = sets[place]
    return sum(sum(piece in each for each in sets) >= answers for piece in own) / len(own)


@given(TEXTS, st.integers(1, 4))
def test_shared_passages_are_those_that_a_slow_twin_counts(texts: list[str], answers: int) -> None:
    for place, found in enumerate(shingled(texts)):
        assert found.shared(answers) == pytest.approx(naive(texts, place, answers))


def test_what_is_common_anyway_is_not_counted() -> None:
    footer = "with kind regards, your assistant"
    own, alone = "the capital of Australia is Canberra", "Sydney is larger than Canberra"
    common = [f"{word} {footer}" for word in ("yes", "no", "perhaps")]
    signed, bare = (
        shingled([f"{own} {end}".strip(), alone], common=common)[0] for end in (footer, "")
    )
    assert abs(signed.letters - bare.letters) < SHINGLE
    (nothing,) = shingled([footer], common=common)
    assert (len(nothing.counts), nothing.shared(1)) == (0, 0.0)


def test_passages_of_its_own_are_counted_in_letters() -> None:
    footer, own = "with kind regards, your assistant", "the capital is Canberra"
    first, _ = shingled([f"{own} {footer} {own[:9]}!", f"zzz {footer} zzz"])
    assert first.passages(2).tolist() == [len(letters_of(own)), len(letters_of(own[:9]))]
    assert first.passages(1).tolist() == []
    assert first.passages(3).sum() == first.letters


def test_a_prompt_that_is_repeated_is_not_counted_and_a_quotation_is() -> None:
    asked, own = "what is the capital of Australia", "it is Canberra, as far as I know"
    (repeated,) = shingled([f"{asked} {own}"], asked=[asked])
    assert repeated.passages(2).tolist() == [len(letters_of(own))]
    assert abs(repeated.letters - len(letters_of(own))) < SHINGLE
    (quoted,) = shingled([f"{asked[8:]} {own}"], asked=[asked])
    assert quoted.letters == len(letters_of(f"{asked[8:]} {own}"))


def test_nothing_shares_nothing() -> None:
    assert shingled([]) == ()


@pytest.mark.parametrize(
    "disguised",
    [
        "HELLO, World!",
        "h e l l o w o r l d",
        "hello\u200b world",
        "h\u0435ll\u043e world",
        "he\u0301llo world",
        "\uff48ello world",
        "\U0001d421ello world",
    ],
)
def test_disguises_leave_the_same_letters(disguised: str) -> None:
    assert letters_of(disguised) == "helloworld"


def test_a_text_without_letters_is_what_it_shows() -> None:
    assert letters_of(" \U0001f638 \U0001f63a ") == "\U0001f638\U0001f63a"
    assert letters_of(" ") == ""


def test_other_scripts_keep_their_letters() -> None:
    assert letters_of("\u6211\u559c\u6b22\u732b\u3002") == "\u6211\u559c\u6b22\u732b"


@given(st.text(max_size=80))
def test_what_is_revealed_has_nothing_invisible(text: str) -> None:
    assert all(unicodedata.category(c) != "Cf" for c in revealed(text))


def test_lone_surrogates_are_letters_like_any_other() -> None:
    assert len(shingled(["\ud800 broken", "fine"])) == 2
