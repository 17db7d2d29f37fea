"""The table of commands: each has help, and help draws nothing heavy in."""

import subprocess
import sys

import click
import pytest

from gates.cli.lazy import LazyGroup
from gates.cli.main import COMMANDS, gate, main
from tests.fakes.shell import said

LIGHT = {"click", "gates", "policies"}
SEVERAL = {
    "policy": ("check", "explain", "diff", "schema"),
    "config": ("show",),
    "sxs": ("show",),
    "online": ("start", "size", "check", "assignment", "look", "report"),
    "bench": ("list", "show", "freeze", "run"),
    "keys": ("new", "list", "rotate", "revoke"),
    "trust": ("init", "allow", "sign", "show", "check"),
    "audit": ("export", "check", "prune", "people"),
    "workshop": ("build-bench", "assess-bench", "train-judge", "grade-generator"),
}
PATHS = [
    *((name,) for name in COMMANDS),
    *((name, inner) for name, inners in SEVERAL.items() for inner in inners),
]


def test_help_lists_every_command_in_the_order_of_the_work() -> None:
    help_ = said("--help")
    assert help_.code == 0
    listed = [line.split()[0] for line in help_.out.partition("Commands:")[2].split("\n") if line]
    assert [name for name in listed if name in COMMANDS] == list(COMMANDS)
    assert "0 yes, 1 no, 2 wrong usage, 3 cannot tell yet, 4 broken" in help_.out


@pytest.mark.parametrize("arguments", ["--help", "--version", "-h"])
def test_the_overview_imports_nothing_heavy(arguments: str) -> None:
    """Beside the standard library it imports click and a few small files of ours."""
    program = (
        "import sys; before = set(sys.modules)\n"
        "from gates.cli.main import main\n"
        f"try: main([{arguments!r}])\n"
        "except SystemExit: pass\n"
        "new = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "sys.stderr.write(' '.join(sorted(new - set(sys.stdlib_module_names))))"
    )
    found = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert set(found.stderr.split()) <= LIGHT


@pytest.mark.parametrize("path", PATHS, ids=" ".join)
def test_every_command_has_help_that_begins_with_what_it_does(path: tuple[str, ...]) -> None:
    for option in ("--help", "-h"):
        help_ = said(*path, option)
        assert help_.code == 0
        assert help_.err == ""
        assert help_.out.startswith(f"Usage: gate {' '.join(path)}")
        assert len(help_.out.split("\n\n")[1].strip()) > 10


@pytest.mark.parametrize("path", [p for p in PATHS if p[0] != "completion" and len(p) == 1])
def test_every_command_that_answers_can_answer_in_json(path: tuple[str, ...]) -> None:
    inner = SEVERAL.get(path[0], ("",))[0]
    assert "--json" in said(*path, *filter(None, (inner,)), "--help").out


def test_every_summary_fits_a_line_of_the_overview() -> None:
    for entry in COMMANDS.values():
        assert entry.summary.endswith(".")
        assert len(entry.summary) <= 66


@pytest.mark.parametrize(
    "arguments",
    [["statsu"], ["run"], ["status"], ["--nope"], ["run", "p", "--nope"], ["policy", "x"]],
)
def test_a_command_called_wrongly_is_wrong_usage(arguments: list[str]) -> None:
    found = said(*arguments)
    assert (found.code, found.out) == (2, "")
    assert "Usage: gate" in found.err
    in_json = said(*arguments, "--json")
    assert (in_json.code, in_json.schema) == (2, "gate.error/1")
    error = in_json.json["error"]
    assert isinstance(error, dict)
    assert error["fix"].endswith("--help")


def test_no_command_at_all_shows_the_overview() -> None:
    found = said()
    assert found.code == 2
    assert "Commands:" in found.out + found.err


def test_the_version_is_told() -> None:
    assert said("--version").out.startswith("gate, version ")


def test_a_name_that_is_no_command_has_none() -> None:
    context = click.Context(gate)
    assert isinstance(gate, LazyGroup)
    assert gate.get_command(context, "nope") is None
    assert gate.list_commands(context) == list(COMMANDS)


def test_the_program_leaves_with_the_exit_code(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["nope", "--json"])
    assert left.value.code == 2
    assert "gate.error/1" in capsys.readouterr().out
