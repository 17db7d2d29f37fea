"""`gate sxs export`: a batch's tasks, votes or answers for tools of others."""

from pathlib import Path

import click

from gates.cli.ballot_box import batch_argument, box_options, open_box
from gates.cli.choices import Spelled
from gates.cli.frame import Exit
from gates.cli.options import json_option, open_workspace
from gates.cli.output import make_folder, say_json, write_file
from gates.side_by_side.exporting import To


@click.command("export")
@batch_argument
@click.option(
    "--to",
    type=Spelled([to.value for to in To]),
    required=True,
    help="Tasks for people, the votes that stand, or the answers: who is to read them.",
)
@click.option("--annotators", help="Names of people, with commas; default: all who work in it.")
@click.option(
    "--each",
    is_flag=True,
    help="A file of tasks for each of them: a Label Studio project, or a sheet, of their own.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    show_default="this folder",
    help="Folder to write into; made when it is not there.",
)
@box_options
@json_option
def command(  # noqa: PLR0913 - one parameter per option
    *,
    batch: str,
    to: str,
    annotators: str | None,
    each: bool,
    out: Path,
    workspace: Path,
    state: str | None,
    as_json: bool,
) -> int:
    """Write BATCH for somebody else.

    `label-studio` and `csv` are tasks for people, with sides already exchanged and gold mixed in;
    `arena-hard-answers` and `model-outputs` are the answers, a file for every model; the other
    formats are the votes that stand.
    """
    from gates.cli.clock import now
    from gates.side_by_side.exporting import Tasks, export

    names = [name.strip() for name in (annotators or "").split(",")]
    tasks = Tasks(annotators=tuple(filter(None, names)), each=each)
    with open_box(open_workspace(workspace, None, state)) as box:
        sheets = export(box, batch, To(to), tasks=tasks, now=now())
    make_folder(out)
    for sheet in sheets:
        write_file(out / sheet.name, sheet.content)
    files = [str(out / sheet.name) for sheet in sheets]
    if as_json:
        say_json({"schema": "gate.sxs-export/1", "batch": batch, "to": to, "files": files})
    else:
        click.echo("\n".join(f"wrote {file}" for file in files))
    return Exit.YES
