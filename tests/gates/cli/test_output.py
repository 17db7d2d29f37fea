"""What is printed: foreign text is shown as it is, and a JSON document is JSON."""

from pathlib import Path

import pytest

from gates.cli.output import check_writable, say_json, say_table
from gates.reports.table import Table
from policies.errors import Broken


def test_foreign_text_is_never_markup(capsys: pytest.CaptureFixture[str]) -> None:
    say_table(Table(title="[bold]t[/]", headings=("a",), rows=(("[red]x[/red] \\[",),)))
    out = capsys.readouterr().out
    assert "[bold]t[/]" in out
    assert "[red]x[/red] \\[" in out
    assert "\x1b" not in out


def test_no_line_of_a_table_ends_in_blanks(capsys: pytest.CaptureFixture[str]) -> None:
    rows = (("x", ""), ("longer", "y"), ("", ""))
    say_table(Table(title="t", headings=("a", "a longer heading"), rows=rows))
    lines = capsys.readouterr().out.splitlines()
    assert [line.rstrip() for line in lines] == lines
    assert len(lines) == 5
    assert lines[2:4] == ["x", "longer  y"]


def test_a_cell_as_long_as_a_reason_is_folded_and_not_cut(
    capsys: pytest.CaptureFixture[str],
) -> None:
    words = [f"word{n}" for n in range(80)]
    say_table(Table(title="", headings=("a", "b"), rows=(("x", " ".join(words)),)))
    out = capsys.readouterr().out
    assert all(word in out.split() for word in words)
    assert max(map(len, out.splitlines())) <= 160


def test_a_terminal_gets_colours(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    say_table(Table(title="", headings=("verdict",), rows=(("PASS (SHIP)",), ("FAIL",))))
    assert "\x1b[32mPASS (SHIP)" in capsys.readouterr().out


def test_json_has_no_nan() -> None:
    with pytest.raises(ValueError, match="not JSON compliant"):
        say_json({"x": float("nan")})


def test_what_cannot_be_written_is_known_beforehand(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    check_writable(None)
    check_writable(tmp_path / "new.html")
    with pytest.raises(Broken, match="there is no folder"):
        check_writable(tmp_path / "nonex" / "x.html")
    monkeypatch.setattr("os.access", lambda *_: False)
    with pytest.raises(Broken, match="Permission denied"):
        check_writable(tmp_path / "new.html")
