"""Options that many commands share, and the services they open."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

import click

from gates.services import Services
from gates.workspace import Workspace
from policies.policy import PolicyFile

if TYPE_CHECKING:
    from datetime import datetime

    from stages.engine.state import State

P = ParamSpec("P")
T = TypeVar("T")

json_option = click.option(
    "--json", "as_json", is_flag=True, help="One JSON document on stdout, nothing else."
)

workspace_option = click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    help="Folder of gate.toml; default: this one or the nearest above.",
)


def workspace_options(function: Callable[P, T]) -> Callable[P, T]:
    """`--workspace`, `--tracking-uri` and `--state`, as every command with a store takes them."""
    for option in (
        click.option("--state", help="Journals and locks: a folder (env: GATE_STATE)."),
        click.option("--tracking-uri", help="The MLflow store (env: MLFLOW_TRACKING_URI)."),
        workspace_option,
    ):
        function = option(function)
    return function


def open_workspace(folder: Path, tracking_uri: str | None, state: str | None) -> Workspace:
    """The workspace of a folder, under flags and environment."""
    from gates.cli.environment import environment
    from gates.workspace import load_workspace

    return load_workspace(folder, environment(), tracking_uri=tracking_uri, state_url=state)


@contextmanager
def open_services(workspace: Workspace, *, expired_too: bool = False) -> Iterator[Services]:
    """Ledger, state, clock and progress of a workspace, let go of at the end.

    What the command told is posted then; a receiver that does not answer fails no command.

    Args:
        workspace: Whose.
        expired_too: Whether a trust file that has expired is read all the same: to look, or to go
            back. Whoever asks for it says so: `expiry_warnings`.
    """
    from gates.chain.opening import open_custody
    from gates.cli.clock import now
    from gates.cli.progress import terminal_progress
    from gates.ledger.mlflow_ledger.ledger import MlflowLedger
    from stages.engine.state_url import open_state

    ledger = MlflowLedger(workspace.tracking_uri, workspace.registry_uri)
    state = open_state(workspace.state_url)
    began = now()
    with terminal_progress() as progress:
        services = Services(
            workspace=workspace,
            ledger=ledger,
            state=state,
            cache=workspace.cache,
            clock=now,
            progress=progress,
            custody=open_custody(workspace, ledger, state, clock=now, expired_too=expired_too),
        )
        yield services
    if workspace.settings_file.content.notify.url_env is not None:
        _deliver(services, began)


def _deliver(services: Services, began: "datetime") -> None:
    """Posts what waits, where this command has added to it."""
    from gates.notify.delivery import deliver, newest_waiting

    newest = newest_waiting(services)
    if newest is None or newest < began:
        return
    done = deliver(services)
    if done.failure is not None:
        click.echo(f"{done.waiting} notification(s) wait: {done.failure}", err=True)


@contextmanager
def state_or_none(url: str | None) -> Iterator["State"]:
    """The state of a URL; where none is named, one that is forgotten at the end."""
    from stages.engine.state_url import open_state

    if url is not None:
        yield open_state(url)
        return
    with tempfile.TemporaryDirectory() as folder:
        yield open_state(folder)


def find_policy(name: str, workspace: Workspace) -> PolicyFile:
    """A policy by path, or by its file's or its own name in the workspace's `policies/`.

    Raises:
        WrongUsage: When there is no such file.
        PolicyError: When the file is no valid policy.
    """
    from policies.errors import WrongUsage
    from policies.load import load_policy

    candidates = (Path(name), workspace.root / "policies" / f"{name.removesuffix('.yaml')}.yaml")
    for path in candidates:
        if path.is_file():
            return PolicyFile(policy=load_policy(path), path=path)
    files = sorted((workspace.root / "policies").glob("*.yaml"))
    for path in files:
        if f"policy: {name}" in path.read_text(encoding="utf-8", errors="replace").splitlines():
            return PolicyFile(policy=load_policy(path), path=path)
    known = [path.stem for path in files]
    raise WrongUsage(
        f"there is no policy {name}",
        why=f"neither {candidates[0]} nor {candidates[1]} is a file",
        fix=f"name one of: {', '.join(known)}" if known else "gate init writes a first one",
    )
