"""`gate rollback`: back to the last version that is known to be good."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.moved import moved_code, patience_of, serving_json, wait_option
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json

if TYPE_CHECKING:
    from gates.promotion.rolling_back import RolledBack


@click.command("rollback")
@click.argument("model")
@click.option("--to", metavar="N", help="Version to go back to; default: the last good one.")
@click.option("--reason", required=True, help="Why; kept and shown.")
@click.option("--alias", default="champion", show_default=True, help="The alias to move back.")
@click.option("--dry-run", is_flag=True, help="Say from where to where; nothing is changed.")
@wait_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    model: str,
    to: str | None,
    reason: str,
    alias: str,
    dry_run: bool,
    wait: float,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Move MODEL's alias back to the last version that was adopted or promoted on a PASS.

    No verdict is asked for, and a key with the role oncall is enough. The version left behind is
    revoked, and A/Bs that rest on it end. With MLflow down nothing changes.

    Exit codes: 0 rolled back, 2 nothing to go back to, 4 broken, or rolled back and NOT YET
    serving.
    """
    from gates.promotion.rolling_back import Back, roll_back

    back = Back(alias=alias, reason=reason, to=to, dry_run=dry_run)
    opened = open_workspace(workspace, tracking_uri, state)
    with open_services(opened, expired_too=True) as services:
        done = roll_back(model, services, back, patience=patience_of(wait))
    if as_json:
        say_json(rollback_json(done, dry_run=dry_run))
        return moved_code(done.aftermath)
    for warning in done.warnings:
        click.echo(f"warning: {warning}", err=True)
    words = "WOULD ROLL BACK" if dry_run else "ROLLED BACK"
    click.echo(f"{words} {model}@{alias} from {done.before or 'nothing'} to {done.target.uri}")
    for ended in done.ended:
        click.echo(f"ended the A/B of {ended}")
    if done.aftermath is not None:
        click.echo(done.aftermath.sentence(done.target.version))
    return moved_code(done.aftermath)


def rollback_json(done: "RolledBack", *, dry_run: bool) -> dict[str, object]:
    """A rollback as the one document of `--json`, `gate.rollback/1`."""
    return {
        "schema": "gate.rollback/1",
        "answer": "would roll back" if dry_run else "rolled back",
        "alias": done.alias,
        "before": done.before,
        "version": done.target.uri,
        "warnings": list(done.warnings),
        "ended": list(done.ended),
        "record": None if done.record is None else done.record.sha256,
        "production": serving_json(done.aftermath, done.target.version),
    }
