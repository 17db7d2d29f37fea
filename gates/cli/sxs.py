"""`gate sxs`: people and judges compare answers side by side."""

import click

from gates.cli.lazy import Entry, LazyGroup

COMMANDS = {
    "assign": Entry("gates.cli.sxs_assign", "Blind pairs for people, from a policy's prompts."),
    "people": Entry("gates.cli.sxs_people", "Add, pause, remove annotators; their links."),
    "serve": Entry("gates.cli.sxs_serve", "The page on which annotators vote."),
    "show": Entry("gates.cli.sxs_show", "How far a batch is, by topic and by person."),
    "export": Entry("gates.cli.sxs_export", "Tasks, votes or answers for other tools."),
    "import": Entry("gates.cli.sxs_import", "Votes that were given elsewhere, all or none."),
    "size": Entry("gates.cli.sxs_size", "How many votes a wanted effect takes."),
    "rank": Entry("gates.cli.sxs_rank", "Models in order of strength, from files of votes."),
    "agreement": Entry("gates.cli.sxs_agreement", "How far annotators and judges agree."),
    "attacks": Entry("gates.cli.sxs_attacks", "Answers that were written to win."),
}


@click.group("sxs", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Side by side: batches of blind pairs, the annotators' page, votes from and to files."""
