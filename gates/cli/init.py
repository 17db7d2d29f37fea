"""`gate init`: a new workspace."""

import shlex
from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option
from gates.cli.output import say_json


@click.command("init")
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=Path())
@click.option("--model", default="assistant", show_default=True, help="Registered model name.")
@click.option(
    "--tracking-uri",
    default="sqlite:///mlflow.db",
    show_default=True,
    help="The MLflow store that the workspace will use.",
)
@click.option("--owner", help="Your name in records, for ever; default: a pseudonym.")
@json_option
def command(
    *, folder: Path, model: str, tracking_uri: str, owner: str | None, as_json: bool
) -> int:
    """Write settings, a first policy with its JSON Schema, sample data and a CI workflow to FOLDER.

    A key is made too, and a trust file that lets you promote under the first policy. Records will
    have a pseudonym for you, and people.json alone your name. Nothing that is there already is
    touched.
    """
    from gates.cli.environment import environment
    from gates.cli.people import begin
    from gates.starter.scaffold import write_workspace
    from gates.workspace import load_workspace

    written = write_workspace(folder, name=model, tracking_uri=tracking_uri)
    begun = begin(load_workspace(folder, environment()), owner=owner)
    beside = (path.relative_to(folder.resolve()) for path in begun.written)
    written += tuple(folder / path for path in beside if folder / path not in written)
    if as_json:
        say_json({"schema": "gate.init/1", "written": [str(path) for path in written]})
        return Exit.YES
    for path in written:
        click.echo(f"wrote {path}")
    here = folder.resolve() == Path.cwd()
    click.echo("next: gate doctor" if here else f"next: cd {shlex.quote(str(folder))}; gate doctor")
    return Exit.YES
