import pytest
from pydantic import ValidationError

from stages.workshop.self_taught.recipe import SelfTaught
from tests.stages.workshop.self_taught.scene import recipe

WRITER = {"by": "writer", "names": ["a", "b"], "keep": ["a"]}


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"pupil": {}}, "give one of `model` and `endpoint`"),
        ({"pupil": {"model": {"where": "x"}, "endpoint": "y"}}, "give one of"),
        ({"categories": {**WRITER, "keep": ["c"]}}, "`keep` holds c"),
        ({"categories": {**WRITER, "names": ["a", "a"]}}, "a category twice"),
        ({"tests": {"held_out": {"pairs": "labelled", "data": "x"}}}, "`held_out` is the test"),
        ({"held_out": 1.0}, "less than 1"),
        ({"judging": {"samples": 0}}, "greater than or equal to 1"),
        ({"pupil": {"model": {"where": "x"}, "method": "magic"}}, "'sft', 'dpo'"),
    ],
)
def test_a_recipe_that_makes_no_sense_is_refused(changes: dict[str, object], why: str) -> None:
    with pytest.raises(ValidationError, match=why):
        recipe(**changes)


def pupil(**changes: object) -> SelfTaught:
    return recipe(pupil={"model": {"where": "seed"}, "rows_at_least": 2, **changes})


def test_more_iterations_or_money_are_no_other_recipe() -> None:
    assert pupil(iterations=1).sha256 == pupil(iterations=5).sha256 == recipe().sha256
    assert recipe(budget={"calls_at_most": 7}).sha256 == recipe().sha256


def test_another_way_of_making_is_another_recipe() -> None:
    assert pupil(method="dpo").sha256 != recipe().sha256
    assert recipe(held_out=0.5).sha256 != recipe().sha256
