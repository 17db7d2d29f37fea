import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.workshop.bench.cleaning import EMPTY, LONG, NOISE, SHORT, cleaned, fault
from stages.workshop.bench.recipe import Cleaning

RULES = Cleaning(characters_at_least=5, characters_at_most=50)


def test_what_only_controls_is_taken_out() -> None:
    text = "\x1b[31mred\x1b[0m\r\nline\x00 \u202etxet\u2066 e\u0301\t\x1b]0;title\x07end\ufffd "

    assert cleaned(text) == "red\nline txet é\tend"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("How do I sort?", None),
        ("", EMPTY),
        (" \n\u200b", EMPTY),
        ("???? !!!!", EMPTY),
        ("hi", SHORT),
        ("x" * 51, LONG),
        ("x" * 50, None),
        ("x" * 500, LONG),
        ("\x00\x01\x02abc\x03", NOISE),
        ("什么是人工智能", None),
        ("🎉🎉 party time", None),
    ],
)
def test_a_prompt_is_fit_or_it_is_said_why(text: str, why: str | None) -> None:
    assert fault(text, RULES) == why


@given(st.text(max_size=200))
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert cleaned(cleaned(text)) == cleaned(text)


def test_a_prompt_is_measured_as_it_will_be_kept() -> None:
    assert fault("\x1b[31mhi\x1b[0m     ", RULES) in (SHORT, NOISE)
    assert fault("a fine prompt" + " " * 40, RULES) is None
