"""`gate demo`: the whole funnel on bundled data."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option


@click.command("demo")
@click.argument("folder", type=click.Path(path_type=Path), default=Path("demo"))
@json_option
def command(*, folder: Path, as_json: bool) -> int:
    """Run the whole funnel in FOLDER (default: ./demo), with a real MLflow store in it.

    Nine checkpoints of one assistant: one in production, one that insults, one that recites
    training text, one that answers worse, some that lose with people or users, one that wins.
    """
    from gates.cli.clock import now
    from gates.cli.output import say_json, say_table
    from gates.cli.progress import terminal_progress
    from gates.demo.show import run_demo
    from gates.reports.decision_json import decision_json
    from gates.reports.table import funnel_table, status_table

    with terminal_progress() as progress:
        shown = run_demo(
            folder,
            now=now(),
            progress=progress,
            say=lambda text: click.echo(text, err=True),
        )
    if as_json:
        say_json(decision_json(shown.after.decision, shown.after.logged))
        return Exit.YES
    say_table(funnel_table(shown.after.decision, shown.policy))
    click.echo()
    say_table(status_table(shown.after.decision, shown.names))
    if shown.promotion is None:
        click.echo("nobody passed all three stages; nothing was promoted")
        return Exit.NO
    candidate = shown.promotion.candidate
    click.echo(f"\nPROMOTED {shown.names[candidate.uri]} ({candidate.uri}) to champion")
    click.echo("\nsee every decision in MLflow:")
    click.echo(f"  mlflow ui --backend-store-uri {shown.tracking_uri}")
    click.echo(
        f"ask why:\n  gate explain {candidate.name}/{candidate.version} --workspace {folder}"
    )
    return Exit.YES
