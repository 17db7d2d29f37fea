"""What the commands of the workshop have in common: a recipe, a workspace, and how it is told."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypedDict, TypeVar

import click

from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json
from gates.masking import mask_secrets
from gates.services import Services
from gates.workspace import Workspace

if TYPE_CHECKING:
    from gates.workshop.recipe_file import RecipeFile
    from stages.workshop.recipe import Recipe

P = ParamSpec("P")
T = TypeVar("T")
RecipeT = TypeVar("RecipeT", bound="Recipe")

recipe_argument = click.argument("recipe", type=click.Path(dir_okay=False, path_type=Path))


class Flags(TypedDict):
    """What `recipe_argument` and `work_options` hand over."""

    recipe: Path
    workspace: Path
    tracking_uri: str | None
    state: str | None
    as_json: bool


def to_option(holds: str, *, beside: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """`--to`: the folder of what is made.

    Args:
        holds: What it is for.
        beside: The folder beside the recipe in which it stands by default.
    """
    return click.option(
        "--to",
        type=click.Path(file_okay=False, path_type=Path),
        help=f"Folder for {holds}; default: {beside}/NAME beside the recipe.",
    )


def work_options(function: Callable[P, T]) -> Callable[P, T]:
    """A workspace's options, and `--json`."""
    return workspace_options(json_option(function))


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A recipe that is worked through.

    Attributes:
        path: Of the recipe.
        workspace: In which.
        as_json: Whether one JSON document is told, and nothing else.
    """

    path: Path
    workspace: Workspace
    as_json: bool

    def read(self, kind: "type[RecipeT]") -> "RecipeFile[RecipeT]":
        """The recipe.

        Raises:
            InputError: When it cannot be read or used.
        """
        from gates.workshop.recipe_file import read_recipe

        return read_recipe(self.path, kind)

    @contextmanager
    def services(self) -> Iterator[Services]:
        """Ledger and state of the workspace, let go of at the end."""
        with open_services(self.workspace) as services:
            yield services

    def tell(
        self,
        document: Callable[[], Mapping[str, object]],
        say: Callable[[], None],
        *,
        pages: Sequence[str],
    ) -> None:
        """Tells what was made: as one document, or in words that end with its pages in MLflow.

        Args:
            document: What programs read.
            say: Says it to people.
            pages: Addresses; empty ones where the store has no pages of its own.
        """
        if self.as_json:
            say_json(document())
            return
        say()
        for page in pages:
            if page:
                click.echo(f"page: {page}")
        if "" in pages:
            store = mask_secrets(self.workspace.tracking_uri)
            click.echo(f"to look at it: mlflow ui --backend-store-uri {store}")


def open_work(given: Flags) -> Work:
    """The work that a command was asked for."""
    opened = open_workspace(given["workspace"], given["tracking_uri"], given["state"])
    return Work(path=given["recipe"], workspace=opened, as_json=given["as_json"])


def folder_for(file: "RecipeFile[RecipeT]", to: Path | None, *, beside: str) -> Path:
    """Where what a recipe makes is to stand."""
    return (to or file.folder / beside / file.recipe.recipe).absolute()
