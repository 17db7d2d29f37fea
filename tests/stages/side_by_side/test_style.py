import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.style import FEATURES, Style, style_difference, style_of

MARKED = """# Title

Some **bold** words, and __more__ of them.

## Part
- one
- two
1. first
2) second
"""


def test_markdown_elements_are_counted() -> None:
    assert style_of(MARKED) == Style(length=len(MARKED), headers=2, lists=4, bold=2)


@pytest.mark.parametrize("fence", ["```", "~~~", "````"])
def test_markup_inside_code_is_code(fence: str) -> None:
    text = f"Look:\n{fence}python\n# comment\n- no list\n**not bold**\n{fence}\n# Title\n"
    assert style_of(text) == Style(length=len(text), headers=1, lists=0, bold=0)


def test_code_that_never_ends_is_code_to_the_end() -> None:
    assert style_of("```\n# comment\n- x").headers == 0


def test_a_longer_fence_holds_a_shorter_one() -> None:
    text = "````md\n```\n# no\n```\n# no\n````\n# yes"
    assert style_of(text).headers == 1


def test_inline_code_opens_no_fence() -> None:
    assert style_of("use ```x``` here\n# yes").headers == 1


@pytest.mark.parametrize("text", ["#hashtag", "-5 degrees", "2.5 apples", "a * b * c", "** **", ""])
def test_what_only_looks_like_markup_is_none(text: str) -> None:
    assert style_of(text) == Style(length=len(text), headers=0, lists=0, bold=0)


def test_differences_are_relative_and_of_density() -> None:
    a = Style(length=300, headers=3, lists=0, bold=2)
    b = Style(length=100, headers=1, lists=0, bold=0)
    assert style_difference(a, b) == (0.5, 0.0, 0.0, 1.0)
    assert len(FEATURES) == 4


@given(st.text(), st.text())
def test_differences_are_antisymmetric_and_bounded(one: str, other: str) -> None:
    a, b = style_of(one), style_of(other)
    assert style_difference(a, b) == tuple(-x for x in style_difference(b, a))
    assert all(-1 <= x <= 1 for x in style_difference(a, b))


def test_many_open_fences_take_no_time() -> None:
    assert style_of("```\n" * 20_001 + "# inside").headers == 0
