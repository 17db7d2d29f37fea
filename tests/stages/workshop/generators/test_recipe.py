"""Recipes are strict, and the paper's settings differ from a tiny student's by the file only."""

import json
from pathlib import Path

import pytest
from pydantic import ValidationError

from gates.workshop.recipe_file import read_recipe
from policies.errors import InputError
from policies.graded_task import Domain, Method
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.meta_prompts import meta_prompt
from stages.workshop.generators.recipe import GraderRecipe
from tests.stages.workshop.generators.world import EXAMPLES, recipe_of

HERE = EXAMPLES / "grade_generator"


def test_the_papers_settings_are_a_recipe() -> None:
    recipe = read_recipe(HERE / "recipe_8b.yaml", GraderRecipe).recipe
    training = recipe.training
    assert (training.learning_rate, training.batch, training.weight_decay) == (1e-5, 64, 0.01)
    assert (training.packing, training.precision) == (True, "bf16")
    assert (recipe.instances, recipe.sampling.temperature) == (10_000, 1.0)
    assert recipe.sampling.max_tokens == 4096
    assert len(recipe.cells) == 9
    assert recipe.endpoints == ("judge_a", "llama_instruct")
    assert recipe.questions_at_most == 2 * 3 * 10_000
    assert recipe.least == 5_000
    assert all(recipe.prompt(cell) == meta_prompt(cell) for cell in recipe.cells)


def test_the_tiny_students_differ_by_their_file_only() -> None:
    recipe = read_recipe(HERE / "recipe.yaml", GraderRecipe).recipe
    assert len(recipe.cells) == 9
    assert recipe.least == 12


def test_the_recipe_on_the_page_is_one(tmp_path: Path) -> None:
    page = (EXAMPLES.parent / "docs" / "workshop.md").read_text(encoding="utf-8")
    block = page.split("# file: generators.yaml\n", 1)[1].split("```", 1)[0]
    (tmp_path / "generators.yaml").write_text(block)
    recipe = read_recipe(tmp_path / "generators.yaml", GraderRecipe).recipe
    assert [cell.name for cell in recipe.cells] == [
        "math_instance",
        "math_response",
        "math_quality",
    ]


def test_a_method_is_graded_where_there_is_material_for_it() -> None:
    plan = recipe_of().domains[Domain.MATH]
    few = plan.model_copy(update={"instructions": None, "pairs": None})
    recipe = recipe_of().model_copy(update={"domains": {Domain.MATH: few}})
    assert recipe.cells == (Cell(Domain.MATH, Method.INSTANCE),)


TEST = {"data": "t.jsonl", "scorer": "exact"}


def plan(**more: object) -> dict[str, object]:
    return {"math": {"demonstrations": "d.jsonl", "tests": {"t": TEST}, **more}}


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"domains": {}}, "at least 1"),
        ({"domains": {"math": {"tests": {"t": TEST}}}}, "give one of"),
        ({"domains": plan(tests={})}, "at least 1"),
        ({"domains": plan(tests={"t": {"graded": "g/{version}"}})}, "asks students nothing"),
        ({"domains": plan(tests={"t": {"data": "x", "reward": "r"}})}, "no share"),
        ({"domains": plan(tests={"t": {"data": "x", "refusal": "rules"}})}, "no share"),
        ({"domains": {"poetry": plan()["math"]}}, "poetry|math"),
        ({"seeds": []}, "at least 1"),
        ({"seeds": [1, 1]}, "every seed once"),
        ({"asked_at_most": 0.5}, "greater than or equal to 1"),
        ({"embeddings": {}}, "exactly one"),
        ({"embeddings": {"endpoint": "e", "folder": "f"}}, "exactly one"),
        ({"prompts": {"math": {"quality": "better: {instruction}"}}}, "no place {response}"),
        ({"unknown": 1}, "Extra inputs"),
    ],
)
def test_what_cannot_be_graded_is_refused(wrong: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        recipe_of(**wrong)


def test_a_wrong_line_is_told_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / "recipe.yaml"
    path.write_text((HERE / "recipe.yaml").read_text().replace("instances: 100", "instances: 0"))
    with pytest.raises(InputError, match=r"recipe.yaml:\d+: instances: found `0`"):
        read_recipe(path, GraderRecipe)


def test_what_is_said_can_be_read_again() -> None:
    recipe = recipe_of(prompts={"math": {"instance": "{demonstrations}"}}, judge="judge")
    again = GraderRecipe.model_validate_json(json.dumps(recipe.said()))
    assert again == recipe
    assert again.prompt(Cell(Domain.MATH, Method.INSTANCE)) == "{demonstrations}"
