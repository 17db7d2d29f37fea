"""A completion script for each shell, which asks `gate` itself."""

import shutil
import subprocess
import sys

import pytest

from gates.cli.main import COMMANDS
from tests.fakes.shell import said


@pytest.mark.parametrize(
    ("shell", "begins"),
    [("bash", "_gate_completion"), ("zsh", "#compdef gate"), ("fish", "function")],
)
def test_each_shell_has_its_script(shell: str, begins: str) -> None:
    found = said("completion", shell)
    assert (found.code, found.err) == (0, "")
    assert found.out.lstrip().startswith(begins)
    assert f"_GATE_COMPLETE={shell}_complete" in found.out


def test_another_shell_is_wrong_usage() -> None:
    assert said("completion", "tcsh").code == 2


def test_the_help_says_where_each_script_goes() -> None:
    help_ = said("completion", "--help").out
    for line in ("~/.bashrc", "~/.zshrc", "~/.config/fish/completions/gate.fish"):
        assert line in help_


def test_bash_takes_the_script() -> None:
    bash = shutil.which("bash")
    assert bash is not None
    subprocess.run([bash, "-n"], input=said("completion", "bash").out, text=True, check=True)


def test_what_the_shell_asks_is_answered() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "from gates.cli.main import main; main()"],
        env={"_GATE_COMPLETE": "bash_complete", "COMP_WORDS": "gate ", "COMP_CWORD": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert {line.partition(",")[2] for line in found.stdout.split()} == set(COMMANDS)
