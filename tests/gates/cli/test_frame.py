"""No exception leaves the command line: each becomes a message and an exit code, or JSON."""

import io
import json
from collections.abc import Callable

import click
import pytest

from gates.cli.frame import Exit, framed
from policies.errors import Broken, InputError, PolicyError, WrongUsage


def failing(error: BaseException) -> click.Command:
    @click.command("try")
    @click.option("--json", "as_json", is_flag=True)
    def command(*, as_json: bool) -> None:
        del as_json
        raise error

    return command


def returning(value: object) -> click.Command:
    @click.command("try")
    def command() -> object:
        return value

    return command


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (WrongUsage("no", why="w", fix="f"), 2),
        (PolicyError("no", why="w", fix="f"), 2),
        (InputError("no", why="w", fix="f"), 2),
        (Broken("no", why="w", fix="f"), 4),
    ],
)
def test_an_error_says_what_why_and_how_to_mend_it_on_stderr(
    error: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert framed(failing(error), []) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "error: no\n  why: w\n  fix: f\n"


ERRORS: list[tuple[Callable[[], BaseException], int, str]] = [
    (lambda: Broken("no", why="w", fix="f"), 4, "no"),
    (lambda: RuntimeError("unthought of"), 4, "something broke that should not"),
    (KeyboardInterrupt, 4, "stopped"),
    (click.Abort, 4, "stopped"),
    (lambda: click.UsageError("odd"), 2, "odd"),
    (lambda: click.BadParameter("odd"), 2, "Invalid value: odd"),
    (lambda: click.FileError("f.txt", "gone"), 2, "Could not open file 'f.txt': gone"),
]


@pytest.mark.parametrize(("error", "code", "message"), ERRORS)
def test_with_json_every_error_is_one_document_on_stdout(
    error: Callable[[], BaseException],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert framed(failing(error()), ["--json"]) == code
    said = capsys.readouterr()
    document = json.loads(said.out)
    assert document["schema"] == "gate.error/1"
    assert document["exit_code"] == code
    assert document["error"]["message"] == message
    assert set(document["error"]) == {"message", "why", "fix"}
    assert said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize(("error", "code", "message"), ERRORS)
def test_without_json_nothing_is_on_stdout(
    error: Callable[[], BaseException],
    code: int,
    message: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert framed(failing(error()), []) == code
    said = capsys.readouterr()
    assert said.out == ""
    assert message in said.err


def test_the_unforeseen_names_its_place_and_shows_no_secret(
    capsys: pytest.CaptureFixture[str],
) -> None:
    error = ValueError("cannot reach postgresql://me:hunter2@db/x?token=abc")
    assert framed(failing(error), ["--json"]) == Exit.BROKEN
    said = capsys.readouterr()
    assert "ValueError: cannot reach postgresql://***@db" in said.err
    assert "test_frame.py:" in said.err
    for secret in ("hunter2", "abc"):
        assert secret not in said.out + said.err


def test_an_unforeseen_error_promises_nothing_about_what_was_done(
    capsys: pytest.CaptureFixture[str],
) -> None:
    framed(failing(OSError("disk")), [])
    assert "gate status" in capsys.readouterr().err


def test_an_interrupt_says_how_to_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert framed(failing(KeyboardInterrupt()), []) == Exit.BROKEN
    assert "run the same command again to go on" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("value", "code"), [(Exit.CANNOT_TELL, 3), (1, 1), (0, 0), (None, 0), ("text", 0)]
)
def test_a_command_returns_its_exit_code(value: object, code: int) -> None:
    assert framed(returning(value), []) == code


def test_an_exit_of_click_is_kept() -> None:
    @click.command("try")
    @click.pass_context
    def command(context: click.Context) -> None:
        context.exit(3)

    assert framed(command, []) == 3


def test_arguments_are_those_of_the_process_when_none_are_given(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["gate", "--json"])
    assert framed(failing(Broken("no")), None) == Exit.BROKEN
    assert json.loads(capsys.readouterr().out)["error"]["message"] == "no"


def test_a_reader_that_went_away_is_no_no(monkeypatch: pytest.MonkeyPatch) -> None:
    """`gate promote ... | head` must not say 1, which means that a candidate failed."""
    monkeypatch.setattr("sys.stdout", io.StringIO())  # click wraps what it could not write to
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert framed(failing(BrokenPipeError(32, "gone")), []) == Exit.BROKEN


def test_an_exit_that_is_asked_for_is_let_through() -> None:
    with pytest.raises(SystemExit):
        framed(failing(SystemExit(7)), [])
