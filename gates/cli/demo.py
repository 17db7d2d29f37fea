"""`gate demo`: the whole funnel on bundled data."""

import shlex
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
    from gates.promotion.answer import Answer
    from gates.reports.decision_json import decision_json
    from gates.reports.table import funnel_table, status_table

    with terminal_progress() as progress:
        shown = run_demo(
            folder,
            now=now(),
            progress=progress,
            say=lambda text: click.echo(text, err=True),
        )
    promotion = shown.promotion
    promoted = promotion is not None and promotion.answer is Answer.PROMOTED
    if as_json:
        say_json(decision_json(shown.after.decision, shown.after.logged))
        return Exit.YES if promoted else Exit.NO
    say_table(funnel_table(shown.after.decision, shown.policy))
    click.echo()
    say_table(status_table(shown.after.decision, shown.names))
    if promotion is None or not promoted:
        why = "nobody passed all three stages" if promotion is None else promotion.reason
        click.echo(f"\n{why}; nothing was promoted")
        return Exit.NO
    candidate = promotion.candidate
    click.echo(f"\nPROMOTED {shown.names[candidate.uri]} ({candidate.uri}) to champion")
    click.echo("\nsee every decision in MLflow:")
    click.echo(f"  mlflow ui --backend-store-uri {shown.tracking_uri}")
    there = shlex.quote(str(folder))
    click.echo(f"ask why:\n  gate explain {candidate.name}/{candidate.version} --workspace {there}")
    return Exit.YES
