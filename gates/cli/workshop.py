"""`gate workshop`: instruments made."""

import click

from gates.cli.lazy import Entry, LazyGroup

COMMANDS: dict[str, Entry] = {
    "build-bench": Entry("gates.cli.workshop_build_bench", "A bench out of live traffic."),
    "assess-bench": Entry("gates.cli.workshop_assess_bench", "Whether a bench tells models apart."),
    "grade-generator": Entry("gates.cli.workshop_grade_generator", "How well checkpoints teach."),
    "train-judge": Entry("gates.cli.workshop_train_judge", "A judge that learns without labels."),
}


@click.group("workshop", cls=LazyGroup, table=COMMANDS)
def command() -> None:
    """Make instruments: benches from traffic, judges without labels, grades of generators."""
