"""`gate workshop`: instruments made."""

import click

from gates.cli.lazy import Entry, LazyGroup

COMMANDS: dict[str, Entry] = {}


@click.group("workshop", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Make instruments: benches from traffic, judges without labels, grades of generators."""
