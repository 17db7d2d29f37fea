"""`gate sxs attacks`: answers that were written to win a comparison."""

from typing import TYPE_CHECKING

import click

from gates.cli.choices import Spelled
from gates.cli.frame import Exit
from gates.cli.measured import share_words
from gates.cli.options import json_option
from gates.cli.output import say_json, say_table
from gates.side_by_side.attacking import Written

if TYPE_CHECKING:
    from gates.side_by_side.attacking import Suspect

WORST = 20
"""Flagged answers in the table for people; JSON has all."""

LEVEL = 0.95


@click.command("attacks")
@click.argument("file")
@click.option(
    "--format",
    "written_by",
    type=Spelled([one.value for one in Written]),
    default=Written.OUTPUTS.value,
    show_default=True,
    help="Who wrote the file.",
)
@click.option(
    "--baseline",
    metavar="FILE",
    help="Answers of the baseline: what both do is the prompt's doing.",
)
@click.option(
    "--prompts",
    metavar="FILE",
    help="The items that were answered, where FILE does not hold what was asked: to repeat the "
    "prompt is no answer.",
)
@json_option
def command(
    *, file: str, written_by: str, baseline: str | None, prompts: str | None, as_json: bool
) -> int:
    """Look for answers of FILE that speak to the judge, are one constant, empty or enormous.

    In a comparison such an answer wins nothing, whatever was voted on it.

    Exit codes: 0 none was found, 1 some were.
    """
    from gates.side_by_side.attacking import look

    found = look(file, Written(written_by), beside=baseline, prompts=prompts)
    if as_json:
        say_json({"schema": "gate.sxs-attacks/1", "models": [_json(one) for one in found]})
    else:
        for one in found:
            _say(one)
    return Exit.NO if any(one.attacks.reasons for one in found) else Exit.YES


def _json(one: "Suspect") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "model": one.model or None,
        "answers": one.attacks.answers,
        "share": measured_json(one.attacks.share(level=LEVEL)),
        "flagged": [{"prompt": prompt, "why": why} for prompt, why in one.attacks.reasons.items()],
    }


def _say(one: "Suspect") -> None:
    from gates.reports.table import Table

    reasons, name = one.attacks.reasons, f"{one.model}: " if one.model else ""
    share = share_words(one.attacks.share(level=LEVEL))
    click.echo(f"{name}{len(reasons):,} of {one.attacks.answers:,} answers are flagged: {share}")
    if reasons:
        rows = tuple(list(reasons.items())[:WORST])
        title = f"{len(rows)} of {len(reasons):,} flagged answers"
        say_table(Table(title=title, headings=("prompt", "why"), rows=rows))
