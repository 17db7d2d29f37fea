"""`gate adopt`: the version already in production as the baseline."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json


@click.command("adopt")
@click.argument("version")
@click.option("--reason", required=True, help="Why it may stand without a decision.")
@click.option("--alias", default="champion", show_default=True, help="The alias it gets.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    version: str,
    reason: str,
    alias: str,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Record VERSION, which is in production already, as the baseline.

    It is shown as ADOPTED, never as PASS, and only while the alias is free. Where the workspace
    names a trust file, the adoption is signed; called again, it signs what was adopted before.
    """
    from gates.promotion.adopting import record_adoption, refuse_adoption
    from gates.registration import adopt

    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        found = services.ledger.version(version)
        refuse_adoption(found, services, alias=alias, reason=reason)
        at = services.clock().isoformat()
        adopted = adopt(services.ledger, version, alias=alias, reason=reason, at=at)
        record_adoption(adopted, services, alias=alias, reason=reason)
    if as_json:
        say_json(
            {"schema": "gate.adopted/1", "version": adopted.uri, "alias": alias, "reason": reason}
        )
    else:
        click.echo(f"ADOPTED {adopted.uri} as {alias}: {reason}")
    return Exit.YES
