"""`gate config show`: every setting and where it came from."""

from dataclasses import asdict
from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_workspace, workspace_options
from gates.cli.output import say_json, say_table


@click.group("config")
def command() -> None:
    """Settings in force."""


@command.command("show")
@workspace_options
@json_option
def show(*, workspace: Path, tracking_uri: str | None, state: str | None, as_json: bool) -> int:
    """List every setting and where it came from: flag, environment, gate.toml or default.

    Secrets are masked.
    """
    from gates.reports.table import Table
    from gates.settings_in_force import settings_in_force

    settings = settings_in_force(open_workspace(workspace, tracking_uri, state))
    if as_json:
        say_json({"schema": "gate.config/1", "settings": [asdict(s) for s in settings]})
    else:
        rows = tuple((s.name, s.value, s.origin) for s in settings)
        say_table(Table(title="", headings=("setting", "value", "from"), rows=rows))
    return Exit.YES
