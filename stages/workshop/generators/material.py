"""What a recipe names: instances to show, to answer and to make better, and items of the tests."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json, sha256_of, sha256_of_bytes
from policies.errors import InputError
from policies.graded_task import Domain, Method
from policies.task import AskedTask
from stages.engine.data import ItemFile, read_bytes, read_items
from stages.evidence.items import Item
from stages.evidence.json_lines import json_lines
from stages.workshop.generators.cells import Cell, Instance
from stages.workshop.generators.recipe import DEMONSTRATIONS, DomainPlan, GraderRecipe

_WAY = 3
"""How this program grades: another number where the same recipe would come to other students, since
half a grade of one way cannot be finished by another. 2: every cell's trainings have own seeds. 3:
every student has data of its own draw."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All that a recipe names, read once.

    Attributes:
        given: What each cell's questions are about.
        tests: Items of every domain's tests, by name.
        files: Digest of every file, by its name in the recipe.
    """

    given: Mapping[Cell, tuple[Instance, ...]]
    tests: Mapping[Domain, Mapping[str, ItemFile]]
    files: Mapping[str, str]

    @property
    def items(self) -> tuple[Item, ...]:
        """Of all tests of all domains: what nobody may be taught."""
        return tuple(
            item for tests in self.tests.values() for file in tests.values() for item in file.items
        )


def read_material(recipe: GraderRecipe, base: Path) -> Material:
    """All that a recipe names.

    Args:
        recipe: It.
        base: Folder that its relative paths start from.

    Raises:
        InputError: When a file cannot be read, holds nothing, an id twice, fewer demonstrations
            than are shown, or items of another digest than frozen.
        Broken: When a server of files fails.
    """
    given: dict[Cell, tuple[Instance, ...]] = {}
    files: dict[str, str] = {}
    for cell in recipe.cells:
        plan = recipe.domains[cell.domain]
        url, least = _where(plan, cell.method)
        data = read_bytes(url, base=base)
        files[f"{cell.name}: {url}"] = sha256_of_bytes(data)
        given[cell] = _instances(
            data, url, answered=cell.method is not Method.RESPONSE, least=least
        )
    tests: dict[Domain, dict[str, ItemFile]] = {}
    for domain, plan in recipe.domains.items():
        tests[domain] = {}
        for name, task in plan.tests.items():
            assert isinstance(task, AskedTask)
            found = read_items(task.data, base=base, cluster=task.cluster, sha256=task.sha256)
            tests[domain][name] = found
            files[f"{domain} test {name}: {found.url}"] = found.sha256
    return Material(given=given, tests=tests, files=files)


def recipe_digest(recipe: GraderRecipe, material: Material, *, models: Mapping[str, str]) -> str:
    """Digest of a recipe and of all that it names, and of how this program grades.

    Equal ones grade alike. What a run of another version of the program left half done has another
    one, and lies in another folder: replies are journaled and paid once, and no student of the one
    stands beside those of the other.

    Args:
        recipe: It, of which name and budget do not count.
        material: Its files.
        models: Digests of the untaught student and of the reference.
    """
    said: dict[str, Json] = {
        key: value for key, value in recipe.said().items() if key not in ("recipe", "budget")
    }
    prompts: dict[str, Json] = {cell.name: recipe.prompt(cell) for cell in recipe.cells}
    return sha256_of(
        {
            "recipe": said,
            "prompts": prompts,
            "files": dict(material.files),
            "models": dict(models),
            "way": _WAY,
        }
    )


def _where(plan: DomainPlan, method: Method) -> tuple[str, int]:
    url, least = {
        Method.INSTANCE: (plan.demonstrations, DEMONSTRATIONS),
        Method.RESPONSE: (plan.instructions, 1),
        Method.QUALITY: (plan.pairs, 1),
    }[method]
    assert url is not None
    return url, least


def _instances(data: bytes, url: str, *, answered: bool, least: int) -> tuple[Instance, ...]:
    found: dict[str, Instance] = {}
    for number, record in json_lines(data, where=url):
        one = _instance(record, f"{url}:{number}", answered=answered)
        if one.id in found:
            raise _refused(f"{url}:{number}", f"id `{one.id}` stands twice")
        found[one.id] = one
    if len(found) < least:
        raise _refused(url, f"it holds {len(found)}, and at least {least} are needed")
    return tuple(found.values())


def _instance(record: Json, where: str, *, answered: bool) -> Instance:
    match record:
        case {"id": str() | int() as name, "instruction": str(instruction), **rest} if (
            instruction.strip()
        ):
            response = rest.get("response", "")
            if not answered:
                return Instance(id=str(name), instruction=instruction, response="")
            if isinstance(response, str) and response.strip():
                return Instance(id=str(name), instruction=instruction, response=response)
    raise _refused(where, "a line says `id`, `instruction`" + (" and `response`" * answered))


def _refused(where: str, why: str) -> InputError:
    return InputError(
        f"cannot read {where}",
        why=why,
        fix='write one JSON object a line, e.g. {"id": "1", "instruction": "...", "response": '
        '"..."}',
    )
