"""The page on the workshop: every field of every recipe, and recipes that can be read."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from pydantic import BaseModel

from gates.workshop.recipe_file import read_recipe
from policies.safety_tasks import Columns
from policies.task import Sampling, Task
from stages.workshop.bench.recipe import BenchRecipe
from stages.workshop.bench_quality.recipe import AssessmentRecipe
from stages.workshop.generators.recipe import GraderRecipe
from stages.workshop.recipe import Recipe
from stages.workshop.self_taught.recipe import SelfTaught
from stages.workshop.training.settings import Base, Training
from tests.docs.page import read, section

SECTIONS: dict[type[Recipe], str] = {
    BenchRecipe: "A bench from live traffic",
    AssessmentRecipe: "A bench judged before it is used",
    SelfTaught: "A judge taught without labels",
    GraderRecipe: "Checkpoints graded as generators",
}
ELSEWHERE = (Base, Training, Sampling, Task, Columns)
"""What tables of their own describe, which other tests hold against the code."""


def fields(kind: type[BaseModel], *above: str) -> Iterator[tuple[str, ...]]:
    """Where every field of a model stands, and of the models in it; names that people give are no
    part of it."""
    for name, field in kind.model_fields.items():
        yield (*above, name)
        for own in models(field.annotation):
            if not issubclass(own, ELSEWHERE):
                yield from fields(own, *above, name)


def models(annotation: object) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from models(part)


def described(page: str) -> list[set[str]]:
    """What every row of a table names in backticks, with what its head does."""
    found, head = [], ""
    for line in page.splitlines():
        if not line.startswith("|"):
            head = ""
        else:
            head = head or line
            said = re.findall(r"`([a-z_0-9.]+)`", f"{head} {line}")
            found.append({word for name in said for word in name.split(".")})
    return found


@pytest.mark.parametrize(("kind", "title"), SECTIONS.items())
def test_every_field_of_a_recipe_is_described(kind: type[Recipe], title: str) -> None:
    page = read("workshop.md")
    rows = described(page.split("\n## ")[0] + section(page, title))
    unsaid = [at for at in fields(kind) if not any(set(at) <= row for row in rows)]
    assert ", ".join(map(".".join, unsaid)) == ""


def test_a_field_that_is_nowhere_is_found() -> None:
    """The names of another field's row are no description."""
    rows = described("| in `a` |\n| --- |\n| `b` |\n\n| field |\n| --- |\n| `c.d`, `e` |\n")
    assert [any(set(at) <= row for row in rows) for at in (("a", "b"), ("a", "e"))] == [True, False]


@pytest.mark.parametrize(("kind", "title"), SECTIONS.items())
def test_every_recipe_shown_can_be_read(kind: type[Recipe], title: str, tmp_path: Path) -> None:
    page = section(read("workshop.md"), title)
    shown = re.findall(r"^```yaml\n# file: (\S+)\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert shown
    for name, text in shown:
        (tmp_path / Path(name).name).write_text(text)
        read_recipe(tmp_path / Path(name).name, kind)
