"""`gate workshop assess-bench`: whether a bench tells models apart, and as people do."""

from typing import TYPE_CHECKING, Unpack

import click

from gates.cli.frame import Exit
from gates.cli.recipe_work import Flags, open_work, recipe_argument, work_options

if TYPE_CHECKING:
    from gates.workshop.bench_quality import Assessment


@click.command("assess-bench")
@recipe_argument
@work_options
def command(**given: Unpack[Flags]) -> int:
    """Judge a bench as RECIPE says: by scores, by votes, by models and judges that are asked now.

    Separability, agreement with people or A/B outcomes, Brier score, judges compared, what a judge
    gives its own family, and what length and instructions such as "be detailed" are worth to it:
    each with its interval. Replies are journaled and paid for once. What was found is frozen beside
    the recipe and logged. Exit code 0 when at least one ranking could be judged, 3 when none could
    or the budget does not pay for it, 4 when something broke.
    """
    from gates.workshop.bench_quality import assess_bench
    from stages.workshop.bench_quality.recipe import AssessmentRecipe

    work = open_work(given)
    file = work.read(AssessmentRecipe)
    with work.services() as services:
        found = assess_bench(file, services)
    work.tell(lambda: _json(found), lambda: _say(found), pages=[found.page])
    return _exit(found)


def _exit(found: "Assessment") -> Exit:
    from stages.evidence.estimate import Unmeasured

    none = all(isinstance(each.separation, Unmeasured) for each in found.assessed.rankings)
    return Exit.CANNOT_TELL if none else Exit.YES


def _json(found: "Assessment") -> dict[str, object]:
    from gates.workshop.bench_quality import assessed_json

    return {
        **assessed_json(found.assessed, found.bench),
        "schema": "gate.workshop-assess-bench/1",
        "folder": str(found.product.folder),
        "sha256": found.product.sha256,
        "page": found.page or None,
    }


def _say(found: "Assessment") -> None:
    from gates.workshop.bench_quality import words

    for line in words(found.assessed, found.bench):
        click.echo(line)
    click.echo(f"frozen in {found.product.folder} ({found.product.sha256[:12]})")
