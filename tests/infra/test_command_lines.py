"""Every `gate` command line that infra/ and the workflow hold is one that `gate` takes."""

from collections.abc import Sequence
from pathlib import Path

import click
import pytest

from gates.cli.main import gate
from tests.infra.deployed import command_lines, starter_workflow


def parse(words: Sequence[str]) -> str:
    """Parses a command line as `gate` does, without running it; the command's name."""
    group: click.Group = gate
    context = group.make_context("gate", list(words))
    rest = [*context._protected_args, *context.args]
    while isinstance(group, click.Group):
        name, command, rest = group.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, rest, parent=context)
        if not isinstance(command, click.Group):
            return context.command_path
        group, rest = command, [*context._protected_args, *context.args]
    raise AssertionError


def test_every_command_line_is_one_that_gate_takes(tmp_path: Path) -> None:
    found = list(command_lines(starter_workflow(tmp_path)))
    for line in found:
        if line.words == ("--help",):
            continue
        try:
            parse(line.words)
        except click.UsageError as error:
            pytest.fail(f"{line.where}: gate {' '.join(line.words)}: {error.format_message()}")
    told = {(line.where.split()[0], *line.words[:1]) for line in found}
    assert told >= {
        ("compose", "sxs"),
        ("triage.yaml", "triage"),
        ("annotators.yaml", "sxs"),
        ("workflow", "promote"),
        ("workflow", "policy"),
        ("night.sh", "triage"),
        ("operations.md", "verify"),
        ("operations.md", "rollback"),
    }


@pytest.mark.parametrize(
    "words",
    [
        ("triage", "release", "--unknown"),
        ("sxs", "serve", "--port", "many"),
        ("promote",),
        ("promte", "assistant/12"),
    ],
)
def test_a_command_line_that_gate_does_not_take_is_seen(words: tuple[str, ...]) -> None:
    with pytest.raises(click.UsageError):
        parse(words)
