"""`gate workshop assess-bench`: whether a bench tells models apart, and as people do."""

from pathlib import Path

import click

from gates.cli.frame import Exit
from gates.cli.options import json_option, open_services, open_workspace, workspace_options
from gates.cli.output import say_json


@click.command("assess-bench")
@click.argument("recipe", type=click.Path(dir_okay=False, path_type=Path))
@workspace_options
@json_option
def command(
    *,
    recipe: Path,
    workspace: Path,
    tracking_uri: str | None,
    state: str | None,
    as_json: bool,
) -> int:
    """Judge a bench as RECIPE says: by its scores or its judges' votes, people, and experiments.

    Separability, agreement with people or A/B outcomes, Brier score, judges compared, what a judge
    gives its own family, and what length is worth to it: each with its interval. What was found is
    frozen beside the recipe and logged. Exit code 0 when at least one ranking could be judged, 3
    when none could.
    """
    from gates.workshop.bench_quality import assess_bench, assessed_json, words
    from gates.workshop.recipe_file import read_recipe
    from stages.evidence.estimate import Unmeasured
    from stages.workshop.bench_quality.recipe import AssessmentRecipe

    file = read_recipe(recipe, AssessmentRecipe)
    with open_services(open_workspace(workspace, tracking_uri, state)) as services:
        found = assess_bench(file, services)
    if as_json:
        say_json(
            {
                **assessed_json(found.assessed, found.bench),
                "schema": "gate.workshop-assess-bench/1",
                "folder": str(found.product.folder),
                "sha256": found.product.sha256,
                "page": found.page,
            }
        )
    else:
        for line in words(found.assessed, found.bench):
            click.echo(line)
        click.echo(f"frozen in {found.product.folder} ({found.product.sha256[:12]})")
    none = all(isinstance(each.separation, Unmeasured) for each in found.assessed.rankings)
    return Exit.CANNOT_TELL if none else Exit.YES
