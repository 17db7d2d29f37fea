"""`gate register`: a checkpoint as a candidate."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json

if TYPE_CHECKING:
    from gates.registration import How


@click.command("register")
@click.argument("model")
@click.option("--endpoint", help="Base URL of an OpenAI-compatible server; may hold {version}.")
@click.option("--model-name", help="With --endpoint: the model's name there.")
@click.option("--api-key-env", help="With --endpoint: variable that holds the key.")
@click.option(
    "--outputs",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file of recorded answers, instead of an endpoint.",
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["jsonl", "alpaca_eval"]),
    default="jsonl",
    show_default=True,
    help="With --outputs: how the file is written.",
)
@click.option("--pyfunc", help="An MLflow pyfunc model: models:/m-... or runs:/...")
@click.option("--external", is_flag=True, help="Known by votes and traffic only.")
@click.option("--known-as", help="Its name in votes and traffic; default: MODEL/VERSION.")
@click.option("--description", default="", help="For people.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    model: str,
    endpoint: str | None,
    model_name: str | None,
    api_key_env: str | None,
    outputs: Path | None,
    form: str,
    pyfunc: str | None,
    external: bool,
    known_as: str | None,
    description: str,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Register a new version of MODEL: at an endpoint, from a file, or as an MLflow model.

    Without any of these it answers at the endpoint that the workspace names for MODEL.
    """
    from gates.registration import Endpoint, External, Pyfunc, Recorded, Registration, register

    ways: list[How] = []
    if endpoint or model_name or api_key_env:
        ways.append(Endpoint(base_url=endpoint, model_name=model_name, api_key_env=api_key_env))
    if outputs:
        _refuse_unreadable(outputs, form)
        ways.append(Recorded(file=outputs, format=form))
    if pyfunc:
        ways.append(Pyfunc(uri=pyfunc))
    if external:
        ways.append(External())
    if len(ways) > 1:
        raise click.UsageError("give one of --endpoint, --outputs, --pyfunc and --external")
    registration = Registration(
        name=model,
        how=ways[0] if ways else Endpoint(),
        known_as=known_as,
        description=description,
    )
    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        version = register(services.ledger, registration)
    if as_json:
        say_json(
            {
                "schema": "gate.registered/1",
                "candidate": version.uri,
                "known_as": version.known_as,
                "tags": dict(version.tags),
            }
        )
    else:
        click.echo(f"registered {version.uri}, known as {version.known_as}")
    return Exit.YES


def _refuse_unreadable(outputs: Path, form: str) -> None:
    from stages.models.recorded import RecordedFormat, open_recorded

    open_recorded(outputs, form=RecordedFormat(form))
