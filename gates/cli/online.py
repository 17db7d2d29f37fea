"""`gate online`: candidates before real users, looked at as planned."""

import click

from gates.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "start": Entry("gates.cli.online_start", "Plan and criteria written down, before exposures."),
    "size": Entry("gates.cli.online_size", "Power, days and the least effect that is found."),
    "check": Entry("gates.cli.online_check", "Access, columns and freshness; no statistics."),
    "assignment": Entry("gates.cli.online_assignment", "Who sees what, as files for your flags."),
    "look": Entry("gates.cli.online_look", "The looks that are due, each taken once."),
    "report": Entry("gates.cli.online_report", "An A/B in pictures and tables."),
}


@click.group("online", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Online A/B: registered before its first exposure, looked at on planned days."""
