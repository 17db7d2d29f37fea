"""`--junit FILE`: a test case per criterion, for the CI's own page of results."""

from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec, TypeVar

import click

P = ParamSpec("P")
T = TypeVar("T")


def _in_a_folder(context: click.Context, option: click.Parameter, path: Path | None) -> Path | None:
    """Refuses a path that cannot be written to, before anything is measured or moved."""
    if path is not None and not path.resolve().parent.is_dir():
        raise click.BadParameter(
            f"there is no folder {path.resolve().parent}", ctx=context, param=option
        )
    return path


def junit_option(function: Callable[P, T]) -> Callable[P, T]:
    """`--junit`, as `run` and `promote` take it."""
    return click.option(
        "--junit",
        type=click.Path(dir_okay=False, path_type=Path),
        callback=_in_a_folder,
        help="Write a JUnit file with a test case per criterion.",
    )(function)


def write_junit(path: Path | None, xml: str) -> None:
    """Writes the file, where one was asked for.

    What was decided or moved stands whatever happens here, so a disk that refuses is only told.
    """
    if path is None:
        return
    try:
        path.write_text(xml, encoding="utf-8")
    except OSError as error:
        click.echo(f"warning: cannot write {path}: {error.strerror}", err=True)
