"""What commands print: one JSON document, or tables and sentences for people."""

import errno
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from gates.cli.environment import environment

if TYPE_CHECKING:
    from gates.reports.table import Table
    from policies.errors import Broken

STYLES = {"PASS": "green", "FAIL": "red", "HOLD": "yellow", "UNMEASURED": "yellow"}
"""Colour of a cell that begins with a verdict."""

WIDTH = 160
"""Columns of a table that is not written to a terminal, unless the variable COLUMNS says."""


def say_json(document: object) -> None:
    """The one JSON document of a command called with `--json`."""
    click.echo(json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False))


def check_writable(path: Path | None) -> None:
    """Returns when a file can probably be written: told before long work, not after it.

    Raises:
        Broken: When it cannot.
    """
    if path is None:
        return
    folder = path.absolute().parent
    if not folder.is_dir():
        raise _unwritable(path, f"there is no folder {folder}")
    if not os.access(path if path.exists() else folder, os.W_OK):
        raise _unwritable(path, os.strerror(errno.EACCES))


def write_file(path: Path, data: bytes) -> None:
    """Writes what a command was asked to write beside its words.

    Raises:
        Broken: When it cannot be written.
    """
    try:
        path.write_bytes(data)
    except OSError as error:
        raise _unwritable(path, error.strerror or str(error)) from None


def make_folder(folder: Path) -> None:
    """A folder for what a command was asked to write.

    Raises:
        Broken: When it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unwritable(folder, error.strerror or str(error)) from None


def wrote_beside(path: Path, data: bytes) -> bool:
    """Whether a file could be written after its command has printed what it found.

    If not, stderr says why: what was found stands on stdout, as one document.
    """
    from policies.errors import Broken

    try:
        write_file(path, data)
    except Broken as error:
        click.echo(f"error: {error}", err=True)
        return False
    return True


def _unwritable(path: Path, why: str) -> "Broken":
    from policies.errors import Broken

    return Broken(f"cannot write {path}", why=why, fix="name a file that can be")


def say_table(table: "Table") -> None:
    """A table on stdout; foreign text is shown as it is, never as markup."""
    from rich.console import Console
    from rich.table import Table as Drawn
    from rich.text import Text

    drawn = Drawn(box=None, pad_edge=False, header_style="bold", title_justify="left")
    for heading in table.headings:
        drawn.add_column(heading, overflow="fold")
    for row in table.rows:
        drawn.add_row(*(Text(cell, style=STYLES.get(cell.split(" ")[0], "")) for cell in row))
    console = Console()
    if not console.is_terminal and "COLUMNS" not in environment():
        console = Console(width=WIDTH)
    with console.capture() as held:
        if table.title:
            console.print(Text(table.title, style="bold"))
        console.print(drawn)
    lines = (line.rstrip() for line in held.get().splitlines())
    click.echo("\n".join(lines), color=True)  # rich knows whether this is a terminal
