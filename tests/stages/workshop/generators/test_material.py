import json
from pathlib import Path

import pytest

from policies.errors import InputError
from policies.graded_task import Domain, Method
from stages.workshop.generators.cells import Cell
from stages.workshop.generators.material import Material, read_material, recipe_digest
from tests.stages.workshop.generators.world import material_in, recipe_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    material_in(tmp_path)
    return tmp_path


def read(folder: Path) -> Material:
    return read_material(recipe_of(), folder)


def test_everything_that_is_named_is_read_and_has_a_digest(folder: Path) -> None:
    found = read(folder)
    assert len(found.given) == 9
    assert len(found.files) == 12
    assert len(found.items) == 180
    assert found.given[Cell(Domain.MATH, Method.RESPONSE)][0].response == ""


def test_the_digest_is_of_the_files_and_neither_of_name_nor_of_budget(folder: Path) -> None:
    models = {"base": "b"}
    before = recipe_digest(recipe_of(), read(folder), models=models)
    same = recipe_of(recipe="other", budget={"usd_at_most": 3.0})
    assert recipe_digest(same, read(folder), models=models) == before
    assert recipe_digest(recipe_of(), read(folder), models={"base": "c"}) != before
    assert recipe_digest(recipe_of(instances=15), read(folder), models=models) != before
    path = folder / "code_pairs.jsonl"
    path.write_text(path.read_text().replace("p0", "p1", 1))
    assert recipe_digest(recipe_of(), read(folder), models=models) != before


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ([], "holds 0, and at least 3"),
        ([{"id": 1, "instruction": "a", "response": "b"}], "holds 1, and at least 3"),
        ([{"id": "1", "instruction": "a", "response": "b"}] * 3, "stands twice"),
        ([{"id": "1", "instruction": " ", "response": "b"}], "a line says `id`"),
        ([{"id": "1", "instruction": "a"}], "and `response`"),
        ([{"id": "1", "instruction": "a", "response": ""}], "and `response`"),
        ([["a"]], "a line says `id`"),
    ],
)
def test_material_that_cannot_be_used_is_refused(
    lines: list[object], said: str, folder: Path
) -> None:
    path = folder / "math_demonstrations.jsonl"
    path.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    with pytest.raises(InputError, match=f"(?s)math_demonstrations.jsonl.*({said}|no line|empty)"):
        read(folder)


def test_a_file_that_is_not_there_is_told(folder: Path) -> None:
    (folder / "code_test.jsonl").unlink()
    with pytest.raises(InputError, match=r"code_test.jsonl"):
        read(folder)
