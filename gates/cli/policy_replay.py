"""`gate policy replay`: what recorded decisions would be under a proposed policy."""

from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.frame import Exit
from gates.cli.options import (
    find_policy,
    json_option,
    open_services,
    open_workspace,
    workspace_options,
)
from gates.cli.output import say_json
from gates.cli.since import Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gates.replay.replaying import Proposal, Replayed
    from gates.replay.telling import Tally
    from gates.workspace import Workspace
    from policies.policy import Policy

since_option = click.option(
    "--since",
    type=Span(),
    help="Only decisions of so long ago at most: 24h, 180d, 26w; default: all.",
)


@click.command("replay")
@click.argument("new")
@click.option("--instead-of", help="Name of the policy it replaces; default: its own.")
@since_option
@workspace_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    new: str,
    instead_of: str | None,
    since: timedelta | None,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Decide every recorded decision again under NEW, from its recorded evidence.

    Lists the decisions that would flip and why, and those that lack evidence because NEW measures
    otherwise or lets a candidate further than it came. Of each round its last decision is taken.
    Nothing is measured, asked or written.

    Exit codes: 0 every decision stays, 1 some flip, 3 none flips but some lack evidence or
    nothing was replayed, 2 wrong usage, 4 broken.
    """
    from gates.replay.telling import lines_of, replay_json

    opened = open_workspace(workspace, tracking_uri, state)
    policy = find_policy(new, opened).policy
    with replaying(policy, opened, instead_of=instead_of, since=since) as (proposal, tally, found):
        for one in found:
            if not as_json:
                for line in lines_of(one):
                    click.echo(line)
    if as_json:
        say_json(replay_json(proposal, tally))
    else:
        click.echo(tally.words)
    return exit_code(tally)


@contextmanager
def replaying(
    policy: "Policy", workspace: "Workspace", *, instead_of: str | None, since: timedelta | None
) -> "Iterator[tuple[Proposal, Tally, Iterator[Replayed]]]":
    """A replay that goes on as it is read, and its tally."""
    from gates.replay.replaying import Proposal, replay
    from gates.replay.telling import Tally

    with open_services(workspace) as services:
        proposal = Proposal(
            policy=policy,
            instead_of=instead_of or policy.policy,
            since=None if since is None else services.clock() - since,
        )
        tally = Tally()
        yield proposal, tally, tally.count(replay(proposal, services))


def exit_code(tally: "Tally") -> Exit:
    """What a replay comes to."""
    from gates.replay.judging import Outcome

    if tally.of(Outcome.FLIPS):
        return Exit.NO
    return Exit.CANNOT_TELL if tally.of(Outcome.LACKS) or tally.nothing else Exit.YES
