"""`gate revoke`: a version is taken out of the running."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json


@click.command("revoke")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept and shown.")
@workspace_options
@json_option
def command(
    *,
    version: str,
    reason: str,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Record that VERSION must not be promoted any more, whatever was decided on it.

    No alias moves: a version that serves is taken out by gate rollback.
    """
    from gates.promotion.revoking import revoke

    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        done = revoke(version, services, reason=reason)
    if as_json:
        say_json(
            {
                "schema": "gate.revoked/1",
                "version": done.version.uri,
                "record": done.record.sha256,
                "serves": list(done.serves),
            }
        )
        return Exit.YES
    click.echo(f"REVOKED {done.version.uri} by {done.record.record.by.owner}")
    for alias in done.serves:
        click.echo(f"it still is {alias}: gate rollback {done.version.name} --alias {alias}")
    return Exit.YES
