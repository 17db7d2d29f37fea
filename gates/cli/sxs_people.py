"""`gate sxs people`: who votes in a batch, and their links."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import batch_argument, box_options, open_box
from gates.cli.frame import Exit
from gates.cli.options import json_option, open_workspace
from gates.cli.output import say_json, say_table
from gates.side_by_side.people import Action, Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gates.side_by_side.links import Addresses
    from gates.workspace import Workspace
    from stages.side_by_side.ballots.person import Person

HERE = "http://127.0.0.1:8080"
"""Where `gate sxs serve` serves when nothing else is said."""


@click.command("people")
@batch_argument
@click.argument("action", type=click.Choice([action.value for action in Action]))
@click.argument("names", nargs=-1)
@click.option("--lead", is_flag=True, help="The lead's link, with link or relink; no NAMES.")
@click.option("--segment", help="What kind of user they are, as the policy's `user_mix` says it.")
@click.option("--opt-out", multiple=True, help="A category of harm they are not shown; repeat.")
@click.option("--why", default="by the lead", show_default=True, help="Of a pause or a removal.")
@click.option(
    "--days", type=click.IntRange(1, 365), default=14, show_default=True, help="Of links."
)
@click.option("--public-url", default=HERE, show_default=True, help="Where annotators reach it.")
@box_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    batch: str,
    action: str,
    names: tuple[str, ...],
    lead: bool,
    segment: str | None,
    opt_out: tuple[str, ...],
    why: str,
    days: int,
    public_url: str,
    workspace: Path,
    state: str | None,
    as_json: bool,
) -> int:
    """Add, pause, resume or remove NAMES in BATCH; `link` prints their links, `relink` new ones.

    Everybody's link is theirs alone, and says what they may do: send it to nobody else. After
    `relink` the links of before open nothing, the lead's (`relink --lead`) like everybody's.
    """
    from gates.cli.clock import now
    from gates.side_by_side.links import LEAD
    from gates.side_by_side.people import change, lead_link

    if lead == bool(names):
        raise click.UsageError("name people, or say --lead and nobody")
    opened = open_workspace(workspace, None, state)
    valid_for = timedelta(days=days)
    if lead:
        addresses = addresses_of(opened, public_url, valid_for=valid_for)
        with open_box(opened) as box:
            version = lead_link(box, batch, Action(action), now=now())
        link = addresses.of_lead(batch, version=version)
        if as_json:
            say_json(_document(batch, [], lead=link))
        else:
            _say_links({LEAD: link}, days)
        return Exit.YES
    wanted = Change(
        action=Action(action),
        names=names,
        segment=segment,
        opted_out=opt_out or None,
        why=why,
    )
    with open_box(opened) as box:
        people = change(box, batch, wanted, now=now())
    links: dict[str, str] = {}
    if wanted.gives_links:
        addresses = addresses_of(opened, public_url, valid_for=valid_for)
        links = {person.name: addresses.of_person(batch, person) for person in people}
    if as_json:
        said = [person_json(person, links.get(person.name)) for person in people]
        say_json(_document(batch, said, lead=None))
    else:
        _say(people, links, days)
    return Exit.YES


def _document(
    batch: str, people: list[dict[str, object]], *, lead: str | None
) -> dict[str, object]:
    return {"schema": "gate.sxs-people/1", "batch": batch, "people": people, "lead": lead}


def addresses_of(opened: "Workspace", origin: str, *, valid_for: timedelta) -> "Addresses":
    """Where people enter, signed with the workspace's secret; see `origin_of`."""
    from gates.cli.clock import now
    from gates.side_by_side.links import Addresses, origin_of
    from gates.side_by_side.signing import VARIABLE, link_key

    key = link_key(opened.state_url, opened.secret(VARIABLE))
    return Addresses(origin=origin_of(origin), key=key, clock=now, valid_for=valid_for)


def person_json(person: "Person", link: str | None) -> dict[str, object]:
    """A person, as documents show them."""
    return {
        "name": person.name,
        "segment": person.segment,
        "status": person.status.value,
        "reason": person.reason,
        "changed_by": person.changed_by,
        "qualified": person.qualified,
        "opted_out": list(person.opted_out),
        "link": link,
    }


def _say(people: "Sequence[Person]", links: dict[str, str], days: int) -> None:
    from gates.reports.table import Table

    headings = ("name", "status", "segment", "opted out of", "reason")
    rows = tuple(
        (p.name, p.status.value, p.segment, ", ".join(p.opted_out), p.reason) for p in people
    )
    say_table(Table(title="", headings=headings, rows=rows))
    if links:
        _say_links(links, days)


def _say_links(links: dict[str, str], days: int) -> None:
    for name, link in links.items():
        click.echo(f"\n{name}: {link}")
    click.echo(f"\nA link works for {days} days, once gate sxs serve runs.")
