"""The outermost frame of the command line: every error becomes a message and an exit code."""

import json
import sys
from collections.abc import Sequence
from enum import IntEnum

import click

from policies.errors import GateError


class Exit(IntEnum):
    """Exit codes; public API."""

    YES = 0
    NO = 1
    WRONG_USAGE = 2
    CANNOT_TELL = 3
    BROKEN = 4


def framed(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Runs a command; no exception leaves it.

    Returns:
        The exit code: what the command returned, or what its error means.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        result = command.main(args=given, prog_name="gate", standalone_mode=False)
    except GateError as error:
        return _say(error, given)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        error.show()
        return Exit.WRONG_USAGE
    except (click.Abort, KeyboardInterrupt):
        click.echo("stopped; run the same command again to go on", err=True)
        return Exit.BROKEN
    except Exception as error:  # noqa: BLE001 - the outermost frame
        return _say(_unforeseen(error), given)
    return int(result) if isinstance(result, int) else Exit.YES


def _say(error: GateError, arguments: Sequence[str]) -> int:
    if "--json" in arguments:
        click.echo(json.dumps(error_json(error)))
    click.echo(f"error: {error}", err=True)
    return error.exit_code


def error_json(error: GateError) -> dict[str, object]:
    """An error as the one JSON document of a command called with `--json`."""
    return {
        "schema": "gate.error/1",
        "error": {"message": error.message, "why": error.why, "fix": error.fix},
        "exit_code": error.exit_code,
    }


def _unforeseen(error: Exception) -> GateError:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "unknown place"
    return GateError(
        "something broke that should not",
        why=f"{type(error).__name__}: {error} ({where})",
        fix="nothing was promoted; report this message, and run the command again",
    )
