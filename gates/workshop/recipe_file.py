"""A recipe from a YAML file: strict, and every problem with its line."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from policies.canonical import canonical_json
from policies.errors import InputError
from policies.problems import Problem, nearest_line
from policies.shape import problems_of
from policies.yaml_source import read_yaml
from stages.workshop.recipe import Recipe

RecipeT = TypeVar("RecipeT", bound=Recipe)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecipeFile(Generic[RecipeT]):
    """A recipe and where it was read: relative paths in it start from its folder."""

    recipe: RecipeT
    path: Path

    @property
    def folder(self) -> Path:
        """Where its relative paths start."""
        return self.path.resolve().parent


def read_recipe(path: Path, kind: type[RecipeT]) -> RecipeFile[RecipeT]:
    """The recipe in a YAML file.

    Args:
        path: Of the file.
        kind: What it must be a recipe of.

    Raises:
        InputError: When it cannot be read or used; every problem names file, line and field.
    """
    try:
        source = read_yaml(path.read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8"
        raise InputError(
            f"cannot read the recipe {path}",
            why=f"{path}: {why.lower()}",
            fix="name a YAML file that exists; infra/examples/ holds one of each kind",
        ) from error
    if source.problems:
        raise _refused(path, source.problems)
    try:
        recipe = kind.model_validate_json(canonical_json(source.value))
    except ValidationError as error:
        found = problems_of(error, kind)
        raise _refused(
            path, [replace(p, line=nearest_line(source.lines, p.at)) for p in found]
        ) from None
    return RecipeFile(recipe=recipe, path=path)


def _refused(path: Path, problems: Sequence[Problem]) -> InputError:
    ordered = sorted(problems, key=lambda problem: problem.line)
    return InputError(
        f"cannot use the recipe {path}",
        why="\n       ".join(problem.sentence(str(path)) for problem in ordered),
        fix="mend the lines above, and run the same command again",
    )
