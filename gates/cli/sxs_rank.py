"""`gate sxs rank`: models in order of strength, from votes on any pairs of them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.choices import Number, Spelled
from gates.cli.frame import Exit
from gates.cli.measured import share_words
from gates.cli.options import json_option
from gates.cli.output import check_writable, say_json, say_table, wrote_beside
from gates.side_by_side.reading import FORMATS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gates.side_by_side.ranking import How, Ranked, Ranking
    from gates.side_by_side.separating import Examined
    from stages.evidence.estimate import Unmeasured
    from stages.stats.separability import HumanAgreement, Separation

TIES = {"half": "half wins", "davidson": "Davidson", "rao-kupper": "Rao-Kupper"}
"""What a tie says, as the command line has it and as statisticians do."""


@click.command("rank")
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--format",
    "written_by",
    type=Spelled(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Who wrote FILES.",
)
@click.option(
    "--ties",
    type=click.Choice(list(TIES)),
    default="half",
    show_default=True,
    help="What a tie says: half a win, or by a parameter of its own.",
)
@click.option(
    "--errors",
    type=click.Choice(["sandwich", "two-way", "bootstrap"]),
    default="sandwich",
    show_default=True,
    help="Votes depend on each other by prompt; two-way: by annotator too.",
)
@click.option(
    "--resamples",
    type=click.IntRange(100, 100_000),
    default=1_000,
    show_default=True,
    help="Of a bootstrap.",
)
@click.option(
    "--seed",
    type=click.IntRange(min=0),
    default=0,
    show_default=True,
    help="Draws the resamples: the same ones again.",
)
@click.option(
    "--level",
    type=Number(0, 1, min_open=True, max_open=True),
    default=0.95,
    show_default=True,
    help="Confidence level of the intervals.",
)
@click.option(
    "--ridge",
    type=Number(min=0),
    default=0.0,
    show_default=True,
    help="Penalty, such as 0.01, with which a model that never lost has a strength.",
)
@click.option("--baseline", help="The model that others are held against.")
@click.option("--style", is_flag=True, help="Also with length and Markdown held equal.")
@click.option(
    "--length-controlled",
    "even",
    is_flag=True,
    help="Also the win rate were answers as long as the baseline's (AlpacaEval's model).",
)
@click.option(
    "--difficulty",
    metavar="FILE",
    help="AlpacaEval's instruction_difficulty.json, for --length-controlled.",
)
@click.option(
    "--separability",
    "apart",
    is_flag=True,
    help="Also how many pairs of models the votes tell apart.",
)
@click.option(
    "--people",
    multiple=True,
    metavar="FILE",
    help="People's votes on the same models: whether the order is theirs, and how surely. "
    "Repeatable.",
)
@click.option(
    "--people-format", type=Spelled(FORMATS), help="Format of --people; that of FILES if not said."
)
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
    even: bool,
    difficulty: str | None,
    apart: bool,
    people: tuple[str, ...],
    people_format: str | None,
    plot: Path | None,
    as_json: bool,
) -> int:
    """Rank the models of FILES of votes by Bradley and Terry's model, with intervals.

    Exit codes: 0 there is a ranking, 3 the votes do not say one, and why.
    """
    from gates.side_by_side.ranking import Errors, How, Ranking, rank
    from gates.side_by_side.reading import read_lengths, read_votes
    from gates.side_by_side.separating import Examined, agreed, separated
    from stages.stats.tie_models import Ties

    check_writable(plot)
    if difficulty is not None and not even:
        raise click.UsageError("--difficulty is for --length-controlled")
    how = How(
        ties=Ties(TIES[ties]),
        errors=Errors(errors),
        resamples=resamples,
        seed=seed,
        level=level,
        ridge=ridge,
        baseline=baseline,
        style=style,
        lengths=read_lengths(difficulty) if even else None,
    )
    found = rank(read_votes(files, written_by), how)
    if not isinstance(found, Ranking):
        return _say_none(found, as_json=as_json)
    theirs = read_votes(people, people_format or written_by)
    whole = Examined(
        separation=separated(found) if apart else None,
        people=agreed(found, theirs) if people else None,
    )
    if as_json:
        say_json(_json(found, whole))
    else:
        _say(found, whole)
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


def _json(found: "Ranking", whole: "Examined") -> dict[str, object]:
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
        "separability": None if whole.separation is None else _separation_json(whole.separation),
        "people": None if whole.people is None else _people_json(whole.people),
    }


def _separation_json(found: "Separation | Unmeasured") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    if isinstance(found, Unmeasured):
        return {"pairs": None, "overlaps": None, "share": measured_json(found)}
    return {
        "pairs": found.pairs,
        "overlaps": found.overlaps,
        "share": measured_json(found.share),
    }


def _people_json(found: "HumanAgreement") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "strict_agreement": measured_json(found.strict),
        "agreement": measured_json(found.agreement),
        "brier": measured_json(found.brier),
        "log_loss": measured_json(found.log_loss),
        "spearman": measured_json(found.spearman),
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
        "difficulty": how.lengths is not None and how.lengths.difficulty is not None,
    }


def _model_json(one: "Ranked") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "model": one.model,
        "games": one.games,
        "rating": measured_json(one.rating),
        "win_rate": None if one.win_rate is None else measured_json(one.win_rate),
        "controlled": None if one.controlled is None else measured_json(one.controlled),
        "length_controlled": None
        if one.at_even_lengths is None
        else measured_json(one.at_even_lengths),
    }


def _say(found: "Ranking", whole: "Examined") -> None:
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
    headings += ["win rate, length held equal"] if found.how.lengths else []
    rows = tuple(_row(found, one) for one in found.models)
    say_table(Table(title="", headings=tuple(headings), rows=rows))
    if isinstance(found.effects, Unmeasured):
        click.echo(f"style: not measured: {found.effects.reason}")
    else:
        for effect in found.effects:
            click.echo(
                f"style, a standard deviation more {effect.feature}: {share_words(effect.found)}"
            )
    if whole.separation is not None:
        click.echo(_separation_words(whole.separation))
    for words in () if whole.people is None else _people_words(whole.people):
        click.echo(words)


def _separation_words(found: "Separation | Unmeasured") -> str:
    from stages.evidence.estimate import Unmeasured

    if isinstance(found, Unmeasured):
        return f"separability: {share_words(found)}"
    return (
        f"separability: {share_words(found.share)}; the intervals of {found.overlaps:,} of "
        f"{found.pairs:,} pairs of models overlap"
    )


def _people_words(found: "HumanAgreement") -> "Iterator[str]":
    for words, measured in (
        ("strict agreement with people, share of pairs in their order", found.strict),
        ("agreement, of the pairs that people tell apart", found.agreement),
        ("Brier score, 0.25 says nothing", found.brier),
        ("log loss", found.log_loss),
        ("Spearman's correlation", found.spearman),
    ):
        yield f"{words}: {share_words(measured)}"


def _row(found: "Ranking", one: "Ranked") -> tuple[str, ...]:
    from gates.side_by_side.ranking import ELO
    from stages.evidence.estimate import Estimate

    elo = f"{one.rating.value * ELO:+.0f}" if isinstance(one.rating, Estimate) else ""
    cells = [one.model, f"{one.games:,}", share_words(one.rating), elo]
    if found.how.baseline:
        cells.append("" if one.win_rate is None else share_words(one.win_rate))
    if found.how.style:
        cells.append("" if one.controlled is None else share_words(one.controlled))
    if found.how.lengths:
        cells.append("" if one.at_even_lengths is None else share_words(one.at_even_lengths))
    return tuple(cells)
