"""A format is called as policies or as commands call it; a number is one."""

import importlib
from collections.abc import Iterator

import click
import pytest

from gates.cli.choices import Holder, Number, Spelled
from gates.cli.main import COMMANDS
from tests.fakes.shell import said

WORDS = Spelled(["alpaca-eval", "gate"])


@pytest.mark.parametrize("word", ["alpaca-eval", "alpaca_eval"])
def test_both_spellings_are_one_word(word: str) -> None:
    assert WORDS.convert(word, None, None) == "alpaca-eval"


def test_another_word_is_wrong_usage() -> None:
    with pytest.raises(click.BadParameter):
        WORDS.convert("alpaca", None, None)


@pytest.mark.parametrize(
    "command",
    [
        ("rank", "no.json", "--format", "alpaca_eval"),
        ("agreement", "no.json", "--format", "mt_bench"),
        ("attacks", "no.json", "--format", "arena_hard"),
        ("export", "no", "--to", "alpaca_eval"),
        ("import", "no.json", "--batch", "no", "--from", "label_studio"),
    ],
)
def test_every_command_takes_both(command: tuple[str, ...]) -> None:
    found = said("sxs", *command)
    assert found.code == 2
    assert "is not one of" not in found.err


@pytest.mark.parametrize("value", ["nan", "-nan", "NaN", "inf", "-inf", "1e999", "", "much"])
def test_what_cannot_be_counted_with_is_no_number(value: str) -> None:
    for within in (Number(), Number(min=0), Number(0, 1, min_open=True)):
        with pytest.raises(click.BadParameter):
            within(value)


def test_a_number_keeps_its_range() -> None:
    assert Number(min=0)("0.5") == 0.5
    with pytest.raises(click.BadParameter):
        Number(min=0)("-1")


def options(command: click.Command, path: str) -> Iterator[tuple[str, click.Parameter]]:
    """Every option of a command and of those below it."""
    for parameter in command.params:
        yield f"{path} {parameter.name}", parameter
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            below = command.get_command(context, name)
            assert below is not None
            yield from options(below, f"{path} {name}")


def test_no_option_takes_nan_for_a_number() -> None:
    taken = 0
    for name, entry in COMMANDS.items():
        for where, parameter in options(importlib.import_module(entry.module).command, name):
            kind = parameter.type
            assert isinstance(kind, Number) or not isinstance(
                kind, click.FloatRange | type(click.FLOAT)
            ), f"{where} takes nan"
            taken += isinstance(kind, Number)
    assert taken > 10


@pytest.mark.parametrize("command", ["promote", "rollback", "override"])
def test_nobody_waits_for_nan_seconds(command: str) -> None:
    found = said(command, "assistant/1", "--wait", "nan")
    assert found.code == 2
    assert "nan is no number" in found.err


@pytest.mark.parametrize("value", ["", " ", "assistant/2", "-1", "\u0662"])
def test_what_an_alias_is_expected_at_is_a_number_or_none(value: str) -> None:
    with pytest.raises(click.BadParameter, match="is no version's number"):
        Holder().convert(value, None, None)
    assert [Holder().convert(said, None, None) for said in ("12", "none")] == ["12", "none"]
