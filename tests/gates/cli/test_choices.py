"""A format is called as policies or as commands call it."""

import click
import pytest

from gates.cli.choices import Spelled
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
