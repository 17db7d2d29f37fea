"""`gate workshop build-bench`: a bench out of live traffic."""

from pathlib import Path
from typing import TYPE_CHECKING, Unpack

import click

from gates.cli.frame import Exit
from gates.cli.recipe_work import (
    Flags,
    folder_for,
    open_work,
    recipe_argument,
    to_option,
    work_options,
)

if TYPE_CHECKING:
    from gates.workshop.benches import Bench


@click.command("build-bench")
@recipe_argument
@to_option("the bench", beside="benches")
@click.option(
    "--after",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of an earlier bench: overlap with it, and what has changed since, are told.",
)
@work_options
def command(*, to: Path | None, after: Path | None, **given: Unpack[Flags]) -> int:
    """Build a bench as RECIPE says: clean, group, grade, draw and freeze prompts of live traffic.

    Whatever is asked is journaled: run the same command again after an interruption, a budget that
    was too small or an endpoint that was down, and nothing is asked twice. The bench is frozen
    whole at the end. Exit code 0 when it stands, 3 when the budget does not pay for it, 4 when
    something broke.
    """
    from gates.workshop.benches import build_bench
    from stages.workshop.bench.recipe import BenchRecipe

    work = open_work(given)
    file = work.read(BenchRecipe)
    folder = folder_for(file, to, beside="benches")
    with work.services() as services:
        bench = build_bench(file, services, to=folder, after=after)
    work.tell(lambda: _json(bench), lambda: _say(bench), pages=[bench.page])
    return Exit.YES


def _json(bench: "Bench") -> dict[str, object]:
    from stages.evidence.codec import cost_json, measured_json
    from stages.workshop.bench.freezing import drift_json, topic_json

    built = bench.built
    return {
        "schema": "gate.workshop-build-bench/1",
        "folder": str(bench.product.folder),
        "sha256": bench.product.sha256,
        "items": len(built.entries),
        "records": built.gathered.records,
        "steps": [
            {"step": step.name, "left": step.left, "left_out": dict(step.out)}
            for step in built.steps
        ],
        "masked": {kind.value: n for kind, n in built.gathered.masked.items()},
        "languages": dict(built.gathered.languages),
        "topics_by": built.method,
        "topics": [topic_json(topic) for topic in built.topics],
        "criteria_met": {name: measured_json(s) for name, s in built.criteria.items()},
        "graders_alpha": None if built.graders is None else measured_json(built.graders),
        "drift": None if built.drift is None else drift_json(built.drift),
        "cost": cost_json(built.cost),
        "page": bench.page or None,
    }


def _say(bench: "Bench") -> None:
    from gates.reports.wording import cost_words
    from gates.workshop.benches import drift_words, sentence

    built = bench.built
    click.echo(sentence(built))
    for step in built.steps:
        out = "; ".join(f"{n:,} {why}" for why, n in step.out.items())
        click.echo(f"  {step.name}: {step.left:,} left" + (f" (left out: {out})" if out else ""))
    masked = ", ".join(f"{n:,} {kind.value}" for kind, n in built.gathered.masked.items())
    click.echo(f"masked: {masked or 'nothing'}")
    click.echo(f"topics: {built.method}")
    for line in drift_words(built):
        click.echo(line)
    click.echo(f"cost: {cost_words(built.cost)}")
    folder = bench.product.folder
    click.echo(f"frozen in {folder} ({bench.product.sha256[:12]})")
    click.echo(
        "next, before it is used: gate workshop assess-bench RECIPE, whose recipe says "
        f"bench: {folder}"
    )
