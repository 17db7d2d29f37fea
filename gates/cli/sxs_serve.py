"""`gate sxs serve`: the page on which annotators vote."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import box_options, open_box
from gates.cli.frame import Exit
from gates.cli.options import open_workspace
from gates.cli.sxs_people import addresses_of

if TYPE_CHECKING:
    from gates.side_by_side.links import Addresses
    from stages.side_by_side.ballots.box import BallotBox

HOST, PORT = "127.0.0.1", 8080


@click.command("serve")
@click.option("--host", default=HOST, show_default=True, help="Address to listen at.")
@click.option(
    "--port",
    type=click.IntRange(1, 65535),
    default=PORT,
    show_default=True,
    help="Port to listen at.",
)
@click.option("--public-url", help="Where annotators reach it; give it behind a proxy.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=14, show_default=True, help="Of links."
)
@box_options
def command(
    *,
    host: str,
    port: int,
    public_url: str | None,
    days: int,
    workspace: Path,
    state: str | None,
) -> int:
    """Serve the annotators' page of every batch, until Ctrl-C; every vote is on disk before thanks.

    Prints the lead's link of each batch and the link of each annotator. They are signed with
    GATE_LINK_KEY, or with a secret that is kept beside a folder's state (readable by you alone).
    """
    from gates.cli.clock import now
    from gates.side_by_side.agreeing import agreement_of_votes
    from gates.side_by_side.serving import check_free
    from stages.side_by_side.web.app import make_app, serve

    opened = open_workspace(workspace, None, state)
    check_free(host, port)
    valid_for = timedelta(days=days)
    addresses = addresses_of(opened, public_url or _here(host, port), valid_for=valid_for)
    with open_box(opened) as box:
        _say(box, addresses)
        app = make_app(
            box,
            key=addresses.key,
            clock=now,
            valid_for=valid_for,
            agreement=agreement_of_votes,
            origin=addresses.origin if public_url else None,
        )
        serve(
            app,
            host,
            port,
            then=lambda: click.echo(f"serving {addresses.origin}; Ctrl-C ends it", err=True),
        )
    return Exit.YES


def _here(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _say(box: "BallotBox", addresses: "Addresses") -> None:
    names = box.batches.names()
    if not names:
        click.echo("there is no batch yet: gate sxs assign POLICY makes one", err=True)
    for name in names:
        progress = box.progress(name)
        done = f"{progress.votes:,} of {progress.needed:,} votes"
        stopped = f"; stopped: {progress.stopped.why}" if progress.stopped else ""
        click.echo(f"batch {name}: {done}{stopped}")
        click.echo(f"  lead: {addresses.of_lead(name, version=box.leads.link(name))}")
        for person in box.people.all(name):
            click.echo(f"  {person.name} ({person.status}): {addresses.of_person(name, person)}")
