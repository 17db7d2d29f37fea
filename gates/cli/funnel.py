"""`gate funnel`: how the stages relate."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.hindsight import past_of, report_option, since_option
from gates.cli.options import json_option, open_workspace, workspace_options
from gates.cli.output import check_writable, say_json, say_table, write_file

if TYPE_CHECKING:
    from gates.hindsight.funnel import Funnel


@click.command("funnel")
@click.argument("policy")
@since_option
@report_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    policy: str,
    since: timedelta | None,
    report: Path | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Tell who came into and out of each stage of POLICY, what it cost, and what it foretells.

    POLICY may be a model that one policy alone decided about. Each checkpoint counts once, by its
    newest decision. Each measure of a stage is held against the primary measures of the next one:
    benchmarks, people and users need not agree. Nothing is measured or decided.
    """
    from gates.hindsight.funnel import funnel_of
    from gates.hindsight.funnel_json import funnel_json
    from gates.hindsight.pages import funnel_page

    check_writable(report)
    funnel = funnel_of(past_of(open_workspace(workspace, tracking_uri, state), policy, since=since))
    if report is not None:
        write_file(report, funnel_page(funnel))
    if as_json:
        say_json(funnel_json(funnel))
    else:
        _say(funnel)
    return Exit.YES


def _say(funnel: "Funnel") -> None:
    from gates.hindsight import funnel_words, past_words

    click.echo(past_words.title(funnel.past))
    for remark in past_words.remarks(funnel.past):
        click.echo(remark)
    for table in (funnel_words.flow_table(funnel), funnel_words.cost_table(funnel)):
        click.echo()
        say_table(table)
    click.echo(f"\n{funnel_words.saved_words(funnel)}\n")
    click.echo(funnel_words.looked_at(funnel))
    if funnel.foretold:
        for meaning in funnel_words.MEANINGS:
            click.echo(meaning)
    for one in funnel.foretold:
        click.echo()
        for line in funnel_words.foretold_lines(one):
            click.echo(line)
