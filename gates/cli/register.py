"""`gate register`: a checkpoint as a candidate."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gates.ledger.ledger import Version
    from gates.registration import Registration
    from gates.workspace import Workspace
    from policies.canonical import Json


@click.command("register")
@click.argument("model")
@click.option("--endpoint", help="Base URL of an OpenAI-compatible server; may hold {version}.")
@click.option("--model-name", help="With --endpoint: the model's name there.")
@click.option("--api-key-env", help="With --endpoint: variable that holds the key.")
@click.option(
    "--outputs",
    type=click.Path(exists=True, dir_okay=False),
    help="A file of recorded answers, instead of an endpoint.",
)
@click.option(
    "--format",
    type=click.Choice(["jsonl", "alpaca_eval"]),
    help="With --outputs: how the file is written; default: jsonl.",
)
@click.option("--pyfunc", help="An MLflow pyfunc model: models:/m-... or runs:/...")
@click.option(
    "--folder",
    type=click.Path(),
    help="A transformers model in a folder, run here: safetensors, tokenizer, chat template.",
)
@click.option("--external", is_flag=True, help="Known by votes and traffic only.")
@click.option("--known-as", help="Its name in votes and traffic; default: MODEL/VERSION.")
@click.option("--description", help="For people.")
@click.option(
    "--each",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Instead of all these: a file with a JSON line per version, their options as keys.",
)
@workspace_options
@json_option
def command(
    *,
    model: str,
    each: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
    **said: str | bool | None,
) -> int:
    """Register a new version of MODEL: at an endpoint, from a file or folder, or of MLflow.

    Without any of these it answers at the endpoint that the workspace names for MODEL. With --each,
    many versions at once; when any line is wrong, nothing is registered.
    """
    from gates.candidates_file import candidate, parse_candidates
    from gates.registration import register_each

    given = {name: value for name, value in said.items() if value not in (None, False)}
    registrations: tuple[Registration, ...]
    if each is None:
        registrations = (candidate(given, name=model, folder=Path(), where="this candidate"),)
    elif given:
        raise click.UsageError("--each stands alone: its lines say how every version answers")
    else:
        data = each.read_bytes()
        registrations = parse_candidates(data, name=model, folder=each.parent, where=str(each))
    opened = open_workspace(workspace, tracking_uri, state)
    registrations = tuple(_placed(registration, opened) for registration in registrations)
    for registration in registrations:
        _refuse_unreadable(registration)
        _refuse_silent(registration, opened)
    with open_services(opened) as services:
        versions = register_each(services.ledger, registrations)
    if as_json:
        say_json(_many(versions) if each is not None else _one(versions[0]))
    else:
        for version in versions:
            click.echo(f"registered {version.uri}, known as {version.known_as}")
    return Exit.YES


def _one(version: "Version") -> "Json":
    return {"schema": "gate.registered/1", **_shown(version)}


def _many(versions: "Sequence[Version]") -> "Json":
    return {
        "schema": "gate.registered_each/1",
        "registered": [_shown(version) for version in versions],
    }


def _shown(version: "Version") -> "dict[str, Json]":
    return {
        "candidate": version.uri,
        "known_as": version.known_as,
        "tags": dict(version.tags),
    }


def _placed(registration: "Registration", workspace: "Workspace") -> "Registration":
    """A model's folder inside the workspace is named from there: a checkout may lie anywhere."""
    from gates.registration import InFolder

    how, root = registration.how, workspace.root.resolve()
    if not isinstance(how, InFolder) or not how.folder.is_relative_to(root):
        return registration
    named = how.folder.relative_to(root).as_posix()
    return replace(registration, how=replace(how, named=named))


def _refuse_silent(registration: "Registration", workspace: "Workspace") -> None:
    """Refuses a version of which neither the command nor the workspace says how to ask it."""
    from gates.registration import Endpoint
    from policies.errors import WrongUsage

    how, section = registration.how, workspace.models.get(registration.name)
    if not isinstance(how, Endpoint):
        return
    needed = {
        "--endpoint URL": how.base_url or (section and section.endpoint),
        "--model-name NAME": how.model_name or (section and section.served_as),
    }
    missing = [option for option, said in needed.items() if not said]
    if missing:
        raise WrongUsage(
            f"nothing says how this version of {registration.name} answers",
            why=f"{' and '.join(missing)} is missing, and so is what stands for it in gate.toml: "
            f"endpoint and served_as of [models.{registration.name}]",
            fix=f"gate register {registration.name} --endpoint URL --model-name NAME, --outputs "
            "FILE or --folder DIR; nothing was registered",
        )


def _refuse_unreadable(registration: "Registration") -> None:
    from gates.registration import Recorded
    from stages.models.recorded import RecordedFormat, open_recorded

    how = registration.how
    if isinstance(how, Recorded):
        open_recorded(how.file, form=RecordedFormat(how.format))
