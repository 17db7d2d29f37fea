"""`gate sxs import`: votes that were given elsewhere."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.ballot_box import box_options, complete_batch, open_box
from gates.cli.choices import Spelled
from gates.cli.frame import Exit
from gates.cli.options import json_option, open_workspace
from gates.cli.output import say_json
from gates.side_by_side.importing import From
from policies.errors import WrongUsage

if TYPE_CHECKING:
    from gates.side_by_side.importing import TakenIn


@click.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--batch", required=True, shell_complete=complete_batch, help="Whose tasks were handed out."
)
@click.option(
    "--from",
    "came_from",
    type=Spelled([one.value for one in From]),
    required=True,
    help="Who wrote the file.",
)
@click.option(
    "--map",
    "names",
    multiple=True,
    metavar="OURS=THEIRS",
    help="csv: a column of ours and its name in the file, such as annotator=worker. "
    "label-studio: an annotator and their id or e-mail address there; repeat.",
)
@click.option(
    "--corrections",
    is_flag=True,
    help="Verdicts that differ from those taken in before correct them; without it, only the lines "
    "of a table that say `yes` under `correction` do, and others are refused.",
)
@box_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    file: Path,
    batch: str,
    came_from: str,
    names: tuple[str, ...],
    corrections: bool,
    workspace: Path,
    state: str | None,
    as_json: bool,
) -> int:
    """Take the votes of FILE into a batch: all of them, or none when a line is wrong.

    The same file may be imported again, when more of it is filled in. A corrected vote keeps its
    place among the votes and counts as it now stands; what it said before is kept beside it.

    Exit codes: 0 taken in, 2 lines were refused, and nothing was kept.
    """
    from gates.cli.clock import now
    from gates.side_by_side.importing import Source, import_votes
    from stages.engine.data import read_bytes

    wanted = From(came_from)
    source = Source(
        data=read_bytes(str(file), base=Path()),
        where=str(file),
        written_by=wanted,
        names=_names(names, turned=wanted is From.LABEL_STUDIO),
        corrects=corrections,
    )
    with open_box(open_workspace(workspace, None, state)) as box:
        found = import_votes(box, batch, source, now=now())
    if as_json:
        say_json(_json(batch, found))
    else:
        _say(batch, found)
    return Exit.WRONG_USAGE if found.refused else Exit.YES


def _names(pairs: tuple[str, ...], *, turned: bool) -> dict[str, str]:
    """Names by ours; or by theirs, where it is they who are looked up."""
    found: dict[str, str] = {}
    for pair in pairs:
        ours, equals, theirs = pair.partition("=")
        key, value = (theirs, ours) if turned else (ours, theirs)
        if not (equals and ours and theirs) or key in found:
            raise WrongUsage(
                f"cannot read --map {pair}",
                why=f"`{key}` is named twice" if key in found else "it is no OURS=THEIRS",
                fix="write it like --map annotator=worker",
            )
        found[key] = value
    return found


def _json(batch: str, found: "TakenIn") -> dict[str, object]:
    return {
        "schema": "gate.sxs-import/1",
        "batch": batch,
        "votes": found.votes,
        "corrected": found.corrected,
        "unchanged": found.unchanged,
        "refused": [
            {"where": line.where, "why": line.why, "fix": line.fix} for line in found.refused
        ],
    }


def _say(batch: str, found: "TakenIn") -> None:
    if not found.refused:
        corrected = f"{found.corrected} corrected, " if found.corrected else ""
        click.echo(
            f"batch {batch}: {found.votes} taken in, {corrected}"
            f"{found.unchanged} were known already"
        )
        return
    click.echo("error: these are refused, and nothing was kept", err=True)
    for fix in dict.fromkeys(line.fix for line in found.refused):
        for line in found.refused:
            if line.fix == fix:
                click.echo(f"  {line.where}: {line.why}", err=True)
        click.echo(f"  fix: {fix}", err=True)
