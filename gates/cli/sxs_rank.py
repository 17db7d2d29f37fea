"""`gate sxs rank`: models in order of strength, from votes on any pairs of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Spelled
from gates.cli.frame import Exit
from gates.cli.measured import share_words
from gates.cli.options import json_option
from gates.cli.output import check_writable, say_json, say_table, wrote_beside
from gates.side_by_side.reading import FORMATS

if TYPE_CHECKING:
    from gates.side_by_side.ranking import How, Ranked, Ranking
    from stages.evidence.estimate import Unmeasured

TIES = {"half": "half wins", "davidson": "Davidson", "rao-kupper": "Rao-Kupper"}
"""What a tie says, as the command line has it and as statisticians do."""


@click.command("rank")
@click.argument("files", nargs=-1, required=True)
@click.option("--format", "written_by", type=Spelled(FORMATS), default=FORMATS[0])
@click.option("--ties", type=click.Choice(list(TIES)), default="half", show_default=True)
@click.option(
    "--errors",
    type=click.Choice(["sandwich", "two-way", "bootstrap"]),
    default="sandwich",
    show_default=True,
    help="Votes depend on each other by prompt; two-way: by annotator too.",
)
@click.option("--resamples", type=click.IntRange(100, 100_000), default=1_000, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--level",
    type=click.FloatRange(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
)
@click.option(
    "--ridge",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="Penalty, such as 0.01, with which a model that never lost has a strength.",
)
@click.option("--baseline", help="The model that others are held against.")
@click.option("--style", is_flag=True, help="Also with length and Markdown held equal.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="A PNG of the ratings."
)
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    files: tuple[str, ...],
    written_by: str,
    ties: str,
    errors: str,
    resamples: int,
    seed: int,
    level: float,
    ridge: float,
    baseline: str | None,
    style: bool,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Rank the models of FILES of votes by Bradley and Terry's model, with intervals.

    Exit codes: 0 there is a ranking, 3 the votes do not say one, and why.
    """
    from gates.side_by_side.ranking import Errors, How, Ranking, rank
    from gates.side_by_side.reading import read_votes
    from stages.stats.tie_models import Ties

    check_writable(plot)
    how = How(
        ties=Ties(TIES[ties]),
        errors=Errors(errors),
        resamples=resamples,
        seed=seed,
        level=level,
        ridge=ridge,
        baseline=baseline,
        style=style,
    )
    found = rank(read_votes(files, written_by), how)
    if not isinstance(found, Ranking):
        return _say_none(found, as_json=as_json)
    if as_json:
        say_json(_json(found))
    else:
        _say(found)
    if plot is not None and not wrote_beside(plot, _png(found)):
        return Exit.BROKEN
    return Exit.YES


def _say_none(why: "Unmeasured", *, as_json: bool) -> Exit:
    if as_json:
        say_json({"schema": "gate.sxs-rank/1", "models": [], "unmeasured": why.reason})
    else:
        click.echo(f"there is no ranking: {why.reason}")
    return Exit.CANNOT_TELL


def _png(found: "Ranking") -> bytes:
    from gates.reports.side_by_side.forest import Line, forest_png

    lines = [Line(label=one.model, measured=one.rating) for one in found.models]
    held = f"against {found.how.baseline}" if found.how.baseline else "mean 0"
    return forest_png(lines, title="strength", unit=f"log-odds, {held}", at=0.0)


def _json(found: "Ranking") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    effects = () if isinstance(found.effects, Unmeasured) else found.effects
    return {
        "schema": "gate.sxs-rank/1",
        "unmeasured": None,
        "how": _how_json(found.how),
        "votes": found.votes,
        "prompts": found.prompts,
        "left_out": found.unresolved,
        "rounded": found.rounded,
        "tie_parameter": None if found.tie is None else measured_json(found.tie),
        "models": [_model_json(one) for one in found.models],
        "style": [{"feature": e.feature, "effect": measured_json(e.found)} for e in effects],
    }


def _how_json(how: "How") -> dict[str, object]:
    return {
        "ties": how.ties.value,
        "errors": how.errors.value,
        "resamples": how.resamples,
        "seed": how.seed,
        "level": how.level,
        "ridge": how.ridge,
        "baseline": how.baseline,
    }


def _model_json(one: "Ranked") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "model": one.model,
        "games": one.games,
        "rating": measured_json(one.rating),
        "win_rate": None if one.win_rate is None else measured_json(one.win_rate),
        "controlled": None if one.controlled is None else measured_json(one.controlled),
    }


def _say(found: "Ranking") -> None:
    from gates.reports.table import Table
    from stages.evidence.estimate import Unmeasured

    click.echo(
        f"{found.votes:,} votes on {found.prompts:,} prompts; {found.unresolved:,} without a "
        f"verdict are left out; {found.rounded:,} scores in between count for the side they lean to"
    )
    if found.tie is not None:
        click.echo(f"tie parameter: {share_words(found.tie, digits=5)}")
    headings = ["model", "votes", "rating (log-odds)", "Elo"]
    headings += ["win rate"] if found.how.baseline else []
    headings += ["rating, style held equal"] if found.how.style else []
    rows = tuple(_row(found, one) for one in found.models)
    say_table(Table(title="", headings=tuple(headings), rows=rows))
    if isinstance(found.effects, Unmeasured):
        click.echo(f"style: not measured: {found.effects.reason}")
        return
    for effect in found.effects:
        click.echo(
            f"style, a standard deviation more {effect.feature}: {share_words(effect.found)}"
        )


def _row(found: "Ranking", one: "Ranked") -> tuple[str, ...]:
    from gates.side_by_side.ranking import ELO
    from stages.evidence.estimate import Estimate

    elo = f"{one.rating.value * ELO:+.0f}" if isinstance(one.rating, Estimate) else ""
    cells = [one.model, f"{one.games:,}", share_words(one.rating), elo]
    if found.how.baseline:
        cells.append("" if one.win_rate is None else share_words(one.win_rate))
    if found.how.style:
        cells.append("" if one.controlled is None else share_words(one.controlled))
    return tuple(cells)
