"""`gate policy diff`: what a policy demands otherwise than another."""

from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import find_policy, json_option, open_workspace, workspace_options
from gates.cli.output import say_json, say_table
from gates.cli.policy_replay import replaying, since_option
from gates.reports.table import Table
from gates.reports.value_words import value_words
from policies.diff import Change, diff
from policies.errors import WrongUsage

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gates.replay.telling import Tally
    from gates.workspace import Workspace
    from policies.policy import Policy


@click.command("diff")
@click.argument("old")
@click.argument("new")
@click.option("--markdown", is_flag=True, help="As the comment on a pull request.")
@click.option(
    "--replay", is_flag=True, help="Also decide recorded decisions again (with --markdown)."
)
@since_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    old: str,
    new: str,
    markdown: bool,
    replay: bool,
    since: timedelta | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """List what NEW demands otherwise than OLD, and whether that tightens or loosens.

    Exit code 0 when they demand the same, 1 when they differ, whatever a replay finds.
    """
    _refuse_mixed(markdown=markdown, replay=replay, since=since, as_json=as_json)
    opened = open_workspace(workspace, tracking_uri, state)
    before, after = find_policy(old, opened).policy, find_policy(new, opened).policy
    changes = diff(before, after)
    if markdown:
        from gates.replay.comment import comment

        tally = _replayed(after, opened, before.policy, since=since) if replay else None
        click.echo(comment(before, after, changes, tally), nl=False)
    elif as_json:
        say_json({"schema": "gate.policy-diff/1", "changes": [asdict(c) for c in changes]})
    elif changes:
        _say(changes)
    else:
        click.echo("no difference")
    return Exit.NO if changes else Exit.YES


def _refuse_mixed(*, markdown: bool, replay: bool, since: timedelta | None, as_json: bool) -> None:
    if markdown and as_json:
        raise WrongUsage("--markdown and --json are two forms", fix="name one of them")
    if replay and not markdown:
        raise WrongUsage(
            "--replay stands in the comment of --markdown only",
            fix="add --markdown, or call gate policy replay",
        )
    if since is not None and not replay:
        raise WrongUsage("--since says how far --replay looks back", fix="add --replay")


def _replayed(
    policy: "Policy", workspace: "Workspace", instead_of: str, *, since: timedelta | None
) -> "Tally":
    with replaying(policy, workspace, instead_of=instead_of, since=since) as (_, tally, found):
        for _one in found:
            pass  # counted as it passes
    return tally


def _say(changes: "Sequence[Change]") -> None:
    say_table(
        Table(
            title="",
            headings=("effect", "field", "old", "new"),
            rows=tuple((c.effect, c.path, value_words(c.old), value_words(c.new)) for c in changes),
        )
    )
