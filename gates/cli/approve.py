"""`gate approve`: a person other than the author agrees to a decision."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json
from gates.cli.trusted_policy import trusted_policy


@click.command("approve")
@click.argument("version")
@click.option("--reason", required=True, help="Why; kept and shown.")
@click.option("--to", "alias", default="champion", show_default=True, help="The alias it is for.")
@click.option("--policy", help="Default: the one that gate.toml names for the alias.")
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    version: str,
    reason: str,
    alias: str,
    policy: str | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Approve the newest decision on VERSION, which must be a signed PASS, and no other.

    Whoever signed the decision, or started the CI that did, cannot approve it. A decision made anew
    needs new approvals.
    """
    from gates.promotion.approving import approve

    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened) as services:
        file = trusted_policy(policy, version, alias, opened)
        done = approve(version, file, services, alias=alias, reason=reason)
    if as_json:
        say_json(
            {
                "schema": "gate.approved/1",
                "version": done.version.uri,
                "alias": alias,
                "decision": done.decision.sha256,
                "record": done.record.sha256,
                "approved_by": list(done.owners),
                "needed": done.needed,
            }
        )
    else:
        have = f"{len(done.owners)} of {done.needed}"
        click.echo(
            f"APPROVED {done.version.uri}, decision {done.decision.sha256[:12]}, by "
            f"{done.record.record.by.owner}: {have} approvals that {alias} asks for"
        )
    return Exit.YES
