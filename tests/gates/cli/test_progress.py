"""Bars on stderr when it is a terminal; silence elsewhere."""

import io

import pytest

from gates.cli.progress import TerminalProgress, terminal_progress
from stages.engine.progress import Silent


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_nothing_is_shown_where_nobody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    stderr = io.StringIO()
    monkeypatch.setattr("sys.stderr", stderr)
    with terminal_progress() as progress:
        assert isinstance(progress, Silent)
    assert stderr.getvalue() == ""


def test_a_terminal_shows_how_far_a_task_is_and_nothing_on_stdout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stderr = Terminal()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.setenv("TERM", "xterm")
    with terminal_progress() as progress:
        assert isinstance(progress, TerminalProgress)
        with progress.task("asking", 4) as advance:
            advance()
            advance(2)
            (task,) = progress._bars.tasks
            assert (task.completed, task.total) == (3, 4)
        assert progress._bars.tasks == []
    assert "asking" in stderr.getvalue()
    assert capsys.readouterr().out == ""
