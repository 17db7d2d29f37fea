"""`gate override`: two people let a version in without a PASS, for a while."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.moved import moved_code, patience_of, serving_json, wait_option
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json
from gates.cli.since import Span

if TYPE_CHECKING:
    from gates.promotion.overriding import Overridden


@click.command("override")
@click.argument("version")
@click.option("--to", "alias", default="champion", show_default=True, help="The alias it gets.")
@click.option("--reason", required=True, help="Why; kept and shown.")
@click.option("--expires", type=Span(), required=True, help="How long it holds: 24h, 7d.")
@click.option(
    "--second",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="Private key file of the second person, who has the role approve.",
)
@click.option("--second-password-env", help="Variable that holds its password.")
@wait_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    version: str,
    alias: str,
    reason: str,
    expires: timedelta,
    second: Path,
    second_password_env: str | None,
    wait: float,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Give VERSION an alias without a PASS: for an emergency, by two people, with an end.

    It shows as OVERRIDE everywhere, and never as a pass. After its end the alias stays where it is,
    and status and notifications ask for gate rollback or gate promote.

    Exit codes: 0 the alias moved, 2 wrong usage, 4 broken, or moved and NOT YET serving.
    """
    from gates.promotion.overriding import Leave, override
    from gates.trust.signers import signer_from_file

    opened = open_workspace(workspace, tracking_uri, state)
    password = opened.secret(second_password_env) if second_password_env else None
    asked = Leave(
        alias=alias,
        reason=reason,
        lasts=expires,
        second=signer_from_file(second, password=password, named_by="--second"),
    )
    with open_services(opened) as services:
        done = override(version, services, asked, patience=patience_of(wait))
    if as_json:
        say_json(override_json(done))
        return moved_code(done.aftermath)
    click.echo(
        f"OVERRIDE {done.version.uri} is {alias} until "
        f"{done.expires.isoformat(timespec='minutes')}, without a PASS: {reason}"
    )
    click.echo(done.aftermath.sentence(done.version.version))
    return moved_code(done.aftermath)


def override_json(done: "Overridden") -> dict[str, object]:
    """An override as the one document of `--json`, `gate.override/1`."""
    return {
        "schema": "gate.override/1",
        "answer": "overridden",
        "version": done.version.uri,
        "alias": done.alias,
        "before": done.before,
        "expires": done.expires.isoformat(),
        "override": done.given.sha256,
        "record": done.moved.sha256,
        "production": serving_json(done.aftermath, done.version.version),
    }
