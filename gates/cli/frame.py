"""The outermost frame of the command line: every error becomes a message and an exit code."""

import json
import sys
from collections.abc import Sequence
from enum import IntEnum

import click

from gates.masking import mask_secrets
from policies.errors import Broken, GateError, WrongUsage


class Exit(IntEnum):
    """Exit codes; public API."""

    YES = 0
    NO = 1
    WRONG_USAGE = 2
    CANNOT_TELL = 3
    BROKEN = 4


STOPPED = Broken("stopped", why="it was interrupted", fix="run the same command again to go on")


def framed(command: click.Command, arguments: Sequence[str] | None) -> int:
    """Runs a command; no exception leaves it.

    Returns:
        The exit code: what the command returned, or what its error means.
    """
    given = list(sys.argv[1:] if arguments is None else arguments)
    stdout = sys.stdout
    try:
        result = command.main(args=given, prog_name="gate", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        _say_json(_misused(error), given)
        error.show()
        return Exit.WRONG_USAGE
    except SystemExit:
        if sys.stdout is stdout:
            raise
        return Exit.BROKEN  # click put another there: nobody reads; its own 1 would mean no
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the outermost frame
        return _say(_as_told(error), given)
    return int(result) if isinstance(result, int) else Exit.YES


def _say(error: GateError, arguments: Sequence[str]) -> int:
    _say_json(error, arguments)
    click.echo(f"error: {error}", err=True)
    return error.exit_code


def _say_json(error: GateError, arguments: Sequence[str]) -> None:
    if "--json" in arguments:
        click.echo(json.dumps(error_json(error), ensure_ascii=False))


def error_json(error: GateError) -> dict[str, object]:
    """An error as the one JSON document of a command called with `--json`."""
    return {
        "schema": "gate.error/1",
        "error": {"message": error.message, "why": error.why, "fix": error.fix},
        "exit_code": error.exit_code,
    }


def _as_told(error: BaseException) -> GateError:
    if isinstance(error, GateError):
        return error
    if isinstance(error, click.Abort | KeyboardInterrupt):  # click makes one of the other
        return STOPPED
    return _unforeseen(error)


def _misused(error: click.ClickException) -> GateError:
    context = error.ctx if isinstance(error, click.UsageError) else None
    command = context.command_path if context else "gate"
    return WrongUsage(error.format_message(), fix=f"{command} --help")


def _unforeseen(error: BaseException) -> GateError:
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    where = f"{place.tb_frame.f_code.co_filename}:{place.tb_lineno}" if place else "unknown place"
    return GateError(
        "something broke that should not",
        why=mask_secrets(f"{type(error).__name__}: {error} ({where})"),
        fix="look at gate status before you rely on what this command was to do; it may be run "
        "again; please report this message",
    )
