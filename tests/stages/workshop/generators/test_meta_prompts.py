from itertools import product

import pytest

from policies.graded_task import Domain, Method
from stages.workshop.generators.cells import Cell, Instance
from stages.workshop.generators.meta_prompts import (
    PLACES,
    filled,
    lacking_places,
    meta_prompt,
)

CELLS = [Cell(domain, method) for domain, method in product(Domain, Method)]


def test_the_nine_cells_are_asked_nine_different_questions() -> None:
    assert len({meta_prompt(cell) for cell in CELLS}) == 9
    assert len({cell.name for cell in CELLS}) == 9


@pytest.mark.parametrize("cell", CELLS, ids=[cell.name for cell in CELLS])
def test_ours_have_every_place_and_no_other_braces(cell: Cell) -> None:
    text = meta_prompt(cell)
    assert lacking_places(text, cell.method) == ()
    one = Instance(id="1", instruction="ASKED", response="SAID")
    full = filled(text, number=7, shown=[one] * 3, given=one)
    assert "{" not in full
    assert full.count("ASKED") == (3 if cell.method is Method.INSTANCE else 1)
    assert ("<instruction>" in text) is (cell.method is not Method.RESPONSE)


def test_what_is_filled_in_is_text_and_not_looked_at_again() -> None:
    tricky = Instance(id="1", instruction="{response} {number} {0}", response="%s {instruction}")
    text = filled("a {instruction} b {response} c {number}", number=3, given=tricky)
    assert text == "a {response} {number} {0} b %s {instruction} c 3"


def test_a_text_without_a_place_for_what_it_is_about_is_told() -> None:
    assert lacking_places("say {instruction}", Method.QUALITY) == ("response",)
    assert set(PLACES) == set(Method)
