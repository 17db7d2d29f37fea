import pytest
from hypothesis import given
from hypothesis import strategies as st

from stages.side_by_side.exchange.cells import TRIGGERS, neutralised, restored


@given(st.one_of(st.text(), st.text("=+-@\t\r\n'a", max_size=6)))
def test_no_cell_is_a_formula_and_every_text_comes_back(text: str) -> None:
    cell = neutralised(text)
    assert not cell.lstrip(" ").startswith(TRIGGERS)
    assert restored(cell) == text


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "'quoted", "plain", ""])
def test_a_mark_that_a_program_took_away_is_not_missed(text: str) -> None:
    assert restored(neutralised(text).removeprefix("'")) == text
