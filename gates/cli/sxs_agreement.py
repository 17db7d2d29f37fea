"""`gate sxs agreement`: how far annotators and judges agree."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import box_options, complete_batch, open_box
from gates.cli.choices import Spelled
from gates.cli.frame import Exit
from gates.cli.measured import share_words
from gates.cli.options import json_option, open_workspace
from gates.cli.output import check_writable, say_json, say_table, wrote_beside
from gates.side_by_side.reading import FORMATS
from policies.errors import WrongUsage

if TYPE_CHECKING:
    from gates.side_by_side.agreeing import Agreed, Voter
    from stages.side_by_side.vote import Vote
    from stages.stats.agreement import Agreement

PAIRS_SHOWN = 20
"""Pairs of voters in the table for people; JSON has all."""


@click.command("agreement")
@click.argument("files", nargs=-1)
@click.option(
    "--format",
    "written_by",
    type=Spelled(FORMATS),
    default=FORMATS[0],
    show_default=True,
    help="Who wrote FILES.",
)
@click.option("--batch", shell_complete=complete_batch, help="A batch instead of files.")
@click.option(
    "--plot", type=click.Path(dir_okay=False, path_type=Path), help="A PNG of who agrees with whom."
)
@box_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    files: tuple[str, ...],
    written_by: str,
    batch: str | None,
    plot: Path | None,
    workspace: Path,
    state: str | None,
    as_json: bool,
) -> int:
    """Say how far those who voted in FILES, or in a batch, agree, and what each of them is like.

    Krippendorff's alpha; how often every two say the same; how often each prefers what they were
    shown first; and how often each is right, by Dawid and Skene's model of their errors.
    """
    from gates.side_by_side.agreeing import agreement_of

    check_writable(plot)
    found = agreement_of(_votes(files, written_by, batch, (workspace, state)))
    if as_json:
        say_json(_json(found))
    else:
        _say(found)
    if plot is not None and not wrote_beside(plot, _png(found)):
        return Exit.BROKEN
    return Exit.YES


def _votes(
    files: tuple[str, ...], written_by: str, batch: str | None, place: tuple[Path, str | None]
) -> "tuple[Vote, ...]":
    from gates.side_by_side.reading import read_votes

    if bool(files) == (batch is not None):
        raise WrongUsage(
            "there is nothing to look at" if not files else "there are two things to look at",
            why="name files of votes, or a batch",
            fix="gate sxs agreement votes.jsonl, or gate sxs agreement --batch NAME",
        )
    if batch is None:
        return read_votes(files, written_by)
    with open_box(open_workspace(place[0], None, place[1])) as box:
        return box.standing_votes(batch)


def _png(found: "Agreed") -> bytes:
    from gates.reports.side_by_side.heat import Heat, heat_png
    from stages.evidence.estimate import Unmeasured

    shares: dict[tuple[str, str], float] = {}
    for each in found.matrix:
        if not isinstance(each.share, Unmeasured):
            shares[each.first, each.second] = shares[each.second, each.first] = each.share.value
    heat = Heat(names=[voter.name for voter in found.voters], shares=shares)
    return heat_png(heat, title="how often two say the same", rows="voter", columns="voter")


def _json(found: "Agreed") -> dict[str, object]:
    from gates.side_by_side.agreeing import LABELS
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    labels = found.labels
    return {
        "schema": "gate.sxs-agreement/1",
        "votes": found.votes,
        "pairs": found.units,
        "alpha": measured_json(found.alpha),
        "labels": measured_json(labels)
        if isinstance(labels, Unmeasured)
        else dict(zip(LABELS, labels, strict=True)),
        "voters": [_voter_json(voter) for voter in found.voters],
        "matrix": [_pair_json(pair) for pair in found.matrix],
    }


def _voter_json(voter: "Voter") -> dict[str, object]:
    from stages.evidence.codec import measured_json

    return {
        "name": voter.name,
        "votes": voter.votes,
        "unresolved": voter.unresolved,
        "first_position": measured_json(voter.first_position),
        "accuracy": voter.accuracy,
    }


def _pair_json(pair: "Agreement") -> dict[str, object]:
    from stages.evidence.codec import measured_json
    from stages.evidence.estimate import Unmeasured

    return {
        "first": pair.first,
        "second": pair.second,
        "n": pair.n,
        "share": measured_json(pair.share),
        "kappa": None if isinstance(pair.kappa, Unmeasured) else pair.kappa,
    }


def _say(found: "Agreed") -> None:
    from gates.reports.table import Table

    click.echo(f"{found.votes:,} votes on {found.units:,} pairs of answers")
    click.echo(f"Krippendorff's alpha: {share_words(found.alpha)}\n")
    headings = ("voter", "votes", "unresolved", "prefers the first shown", "right (Dawid-Skene)")
    rows = tuple(map(_voter_row, found.voters))
    say_table(Table(title="By voter", headings=headings, rows=rows))
    pairs = sorted((pair for pair in found.matrix if pair.n), key=lambda pair: -pair.n)
    if pairs:
        title = f"{min(PAIRS_SHOWN, len(pairs))} of {len(pairs):,} pairs of voters"
        rows = tuple(map(_pair_row, pairs[:PAIRS_SHOWN]))
        headings = ("one", "other", "in common", "say the same", "Cohen's kappa")
        say_table(Table(title=title, headings=headings, rows=rows))


def _voter_row(voter: "Voter") -> tuple[str, str, str, str, str]:
    return (
        voter.name,
        f"{voter.votes:,}",
        str(voter.unresolved),
        share_words(voter.first_position),
        "" if voter.accuracy is None else f"{voter.accuracy:.2f}",
    )


def _pair_row(pair: "Agreement") -> tuple[str, str, str, str, str]:
    from stages.evidence.estimate import Unmeasured

    kappa = pair.kappa.reason if isinstance(pair.kappa, Unmeasured) else f"{pair.kappa:.2f}"
    return (pair.first, pair.second, str(pair.n), share_words(pair.share), kappa)
