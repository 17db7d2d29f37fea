"""`gate status`: where every version stands."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json, say_table


@click.command("status")
@click.argument("model")
@workspace_options
@json_option
def command(
    *, model: str, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool
) -> int:
    """Show a row per version of MODEL: stage, verdict, whose move it is, have and need, when.

    MODEL may be a name, `assistant`, or one version of it, `assistant/12`.
    """
    from gates.reports.table import Table
    from gates.standing import standings

    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        found = standings(model, services.ledger)
    if as_json:
        say_json({"schema": "gate.status/1", "versions": [one.as_json() for one in found]})
        return Exit.YES
    say_table(
        Table(
            title="",
            headings=(
                "version",
                "known as",
                "aliases",
                "policy",
                "stage",
                "verdict",
                "whose move",
                "have/need",
                "expected",
            ),
            rows=tuple(one.as_row() for one in found),
        )
    )
    return Exit.YES
