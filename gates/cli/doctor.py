"""`gate doctor`: is everything reachable."""

from dataclasses import asdict
from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json


@click.command("doctor")
@workspace_options
@json_option
def command(*, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool) -> int:
    """Look at state, ledger, policies, baseline and endpoints, and say how to mend what is amiss.

    Exit code 0 when all is well, 4 when something is not.
    """
    from gates.doctor import examine

    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        found = []
        for examined in examine(services):
            found.append(examined)
            if not as_json:
                click.echo(
                    f"{'ok ' if examined.healthy else 'BAD'} {examined.name}: {examined.sentence}"
                )
                if examined.fix:
                    click.echo(f"    fix: {examined.fix}")
    if as_json:
        say_json({"schema": "gate.doctor/1", "examined": [asdict(e) for e in found]})
    return Exit.YES if all(e.healthy for e in found) else Exit.BROKEN
