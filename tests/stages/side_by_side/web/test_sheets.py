import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.web.sheets import neutral


@given(st.text())
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    cell = neutral(text)
    assert not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    assert cell.removeprefix("'") == text.removeprefix("'") or cell == text


@pytest.mark.parametrize("text", ["", "plain", "a=b", "1.5", "'quoted"])
def test_a_cell_that_is_no_formula_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text
