"""What commands about batches share: the ballot box of the state, and batches by name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from gates.cli.options import open_workspace, workspace_option

if TYPE_CHECKING:
    from gates.workspace import Workspace
    from stages.side_by_side.ballots.box import BallotBox

P = ParamSpec("P")
T = TypeVar("T")


def box_options(function: Callable[P, T]) -> Callable[P, T]:
    """`--workspace` and `--state`, of commands that need no MLflow."""
    for option in (
        click.option("--state", help="Journals and votes: a folder, or PostgreSQL (GATE_STATE)."),
        workspace_option,
    ):
        function = option(function)
    return function


@contextmanager
def open_box(workspace: "Workspace") -> Iterator["BallotBox"]:
    """The ballot box of a workspace's state, closed at the end."""
    from stages.side_by_side.ballots.box import open_ballots

    with open_ballots(workspace.state_url) as box:
        yield box


def complete_batch(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Names of batches, for the shell; silent where there is no ballot box."""
    from policies.errors import GateError

    del param
    folder, state = ctx.params.get("workspace"), ctx.params.get("state")
    try:
        with open_box(open_workspace(folder or Path(), None, state)) as box:
            return [name for name in box.batches.names() if name.startswith(incomplete)]
    except GateError:
        return []


batch_argument = click.argument("batch", shell_complete=complete_batch)
