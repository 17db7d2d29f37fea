"""Whether a file of answers was written to win, outside of any policy."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from policies.errors import InputError, WrongUsage
from stages.engine.data import read_bytes, read_items, without_credentials
from stages.side_by_side.attacks import Attacks, find_attacks
from stages.side_by_side.formats.answers import (
    Answer,
    parse_arena_hard_answers,
    parse_model_outputs,
)
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows
from stages.side_by_side.pairs import asked_in

_FIX = 'give JSON lines of {"id": ..., "output": ...}, or name another --format'


class Written(StrEnum):
    """Who wrote a file of answers."""

    OUTPUTS = "outputs"
    """Recorded outputs, as `gate register --outputs` takes them: `{"id", "output"}`."""
    ALPACA_EVAL = "alpaca-eval"
    """`model_outputs.json`."""
    ARENA_HARD = "arena-hard"
    """`model_answer/MODEL.jsonl`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Suspect:
    """One model of a file.

    Attributes:
        model: Its name; empty where the file names none.
        attacks: What was found.
    """

    model: str
    attacks: Attacks


def look(
    file: str, written_by: Written, *, beside: str | None = None, prompts: str | None = None
) -> tuple[Suspect, ...]:
    """What is found of every model of a file, by name.

    What was asked is told by the file, where its format holds it, and by `prompts`.

    Args:
        file: Path or URL.
        written_by: Its format.
        beside: A file of the baseline's answers, of the same format; None where there is none.
        prompts: A JSONL file of items with what was asked, by id; None where there is none.

    Raises:
        InputError: When a file cannot be read, or holds nothing.
        WrongUsage: When the baseline's file holds several models, or no prompt was answered.
    """
    baseline = {} if beside is None else _texts(_one(_answers(beside, written_by), beside))
    found = sorted(_answers(file, written_by).items())
    asked = {
        name: asked_in(each.messages) for _, answers in found for name, each in answers.items()
    }
    if prompts is not None:
        asked |= _asked(prompts, answered=asked)
    return tuple(
        Suspect(model=model, attacks=find_attacks(_texts(answers), beside=baseline, asked=asked))
        for model, answers in found
    )


def _asked(prompts: str, *, answered: Collection[str]) -> Mapping[str, str]:
    """What items ask, by their ids."""
    items = read_items(prompts, base=Path(), cluster=None, sha256=None).items
    found = {item.id: asked_in(item.messages) for item in items if item.id in answered}
    if not found:
        raise WrongUsage(
            f"cannot tell from {without_credentials(prompts)} what was asked",
            why="none of its ids is that of an answer",
            fix="name the prompts that the file answers",
        )
    return found


def _texts(answers: Mapping[str, Answer]) -> Mapping[str, str]:
    return {prompt: answer.text for prompt, answer in answers.items()}


def _one(found: Mapping[str, Mapping[str, Answer]], file: str) -> Mapping[str, Answer]:
    if len(found) > 1:
        raise WrongUsage(
            f"cannot take {file} for the baseline",
            why=f"it holds answers of {', '.join(sorted(found))}",
            fix="name a file with the answers of one model",
        )
    return next(iter(found.values()))


def _answers(file: str, written_by: Written) -> Mapping[str, Mapping[str, Answer]]:
    """Answers by prompt, by model."""
    data, where = read_bytes(file, base=Path()), without_credentials(file)
    found: dict[str, dict[str, Answer]] = {}
    for answer in _read(data, written_by, where):
        if answer.prompt in found.setdefault(answer.model, {}):
            raise InputError(
                f"cannot read {where}",
                why=f"prompt `{answer.prompt}` is answered twice",
                fix="keep one answer to every prompt",
            )
        found[answer.model][answer.prompt] = answer
    if not found:
        raise InputError(f"cannot read {where}", why="it holds no answers", fix=_FIX)
    return found


def _read(data: bytes, written_by: Written, where: str) -> tuple[Answer, ...]:
    match written_by:
        case Written.OUTPUTS:
            return all_or_none(json_rows(data, where=where, fix=_FIX), lambda row: [_output(row)])
        case Written.ALPACA_EVAL:
            return parse_model_outputs(data, where=where)
        case Written.ARENA_HARD:
            return parse_arena_hard_answers(data, where=where)
        case _:
            assert_never(written_by)


def _output(row: Row) -> Answer:
    """An answer to a prompt whose words the file does not hold."""
    text = row.maybe_text("output")
    if text is None:
        raise row.refused("`output` is missing: it is no line of answers")
    return Answer(prompt=row.name("id"), messages=(), model="", text=text)
