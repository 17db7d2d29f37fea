"""`gate trend`: every benchmark over checkpoints."""

from datetime import timedelta
from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.hindsight import past_of, report_option, since_option
from gates.cli.options import json_option, open_workspace, workspace_options
from gates.cli.output import check_writable, say_json, write_file


@click.command("trend")
@click.argument("policy")
@click.option("--metric", "metrics", multiple=True, help="Only this one; may be named repeatedly.")
@since_option
@report_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    metrics: tuple[str, ...],
    since: timedelta | None,
    report: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Tell where the level of each benchmark of POLICY changed from one checkpoint to the next.

    POLICY may be a model that one policy alone decided about. Checkpoints stand in the order of
    their versions; those measured by another plan than the newest, or on other data, are left out.
    Nothing is measured or decided.
    """
    from gates.hindsight import past_words, trend_words
    from gates.hindsight.pages import trend_page
    from gates.hindsight.trend import trend_of
    from gates.hindsight.trend_json import trend_json

    check_writable(report)
    past = past_of(open_workspace(workspace, tracking_uri, state), policy, since=since)
    trend = trend_of(past, metrics)
    if report is not None:
        write_file(report, trend_page(trend))
    if as_json:
        say_json(trend_json(trend))
        return Exit.YES
    click.echo(past_words.title(past))
    for remark in past_words.remarks(past):
        click.echo(remark)
    click.echo(trend_words.looked_at(trend))
    for one in trend.metrics:
        click.echo()
        for line in trend_words.trend_lines(one):
            click.echo(line)
    return Exit.YES
