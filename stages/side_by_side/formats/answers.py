"""Files of answers: Arena-Hard's `model_answer` and AlpacaEval's `model_outputs.json`."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from policies.canonical import Json, sha256_of
from policies.errors import InputError
from stages.side_by_side.formats.alpaca_eval import prompt_id
from stages.side_by_side.formats.rows import Row, all_or_none, json_rows
from stages.side_by_side.formats.writing import json_lines_of, json_list_of

_ARENA_FIX = (
    "give answers as Arena-Hard writes them: uid, model, messages (the last one the answer, whose "
    'content is a text or {"answer": TEXT})'
)
_ALPACA_FIX = "give `model_outputs.json` as AlpacaEval does: instruction, output, generator"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a model said to a prompt.

    Attributes:
        prompt: Id of the prompt.
        messages: The conversation that it answered, as OpenAI chat messages.
        model: Who answered.
        text: The answer; empty when it gave none.
        where: File and line it was read from.
        record: Fields of the source beside these.
    """

    prompt: str
    messages: tuple[Mapping[str, Json], ...]
    model: str
    text: str
    where: str = field(default="", compare=False)
    record: Mapping[str, Json] = field(default_factory=dict, compare=False)


def parse_arena_hard_answers(data: bytes, *, where: str) -> tuple[Answer, ...]:
    """Answers from JSON lines of `{"uid", "ans_id", "model", "messages", "metadata"}`.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong or answers a prompt anew.
    """
    return _once(all_or_none(json_rows(data, where=where, fix=_ARENA_FIX), _arena_hard))


def write_arena_hard_answers(answers: Iterable[Answer]) -> bytes:
    """Answers as JSON lines; `ans_id` is a digest of the answer where it has none."""
    return json_lines_of(map(_arena_hard_json, answers))


def parse_model_outputs(data: bytes, *, where: str) -> tuple[Answer, ...]:
    """Answers from a JSON list of `{"instruction", "output", "generator", "dataset"?}`.

    A prompt's id is the digest of its instruction, as in `parse_alpaca_eval`.

    Args:
        data: The file's bytes.
        where: Its name, for errors.

    Raises:
        InputError: Naming file and line, when one is wrong or answers a prompt anew.
    """
    return _once(all_or_none(json_rows(data, where=where, fix=_ALPACA_FIX), _output))


def write_model_outputs(answers: Iterable[Answer]) -> bytes:
    """Answers as a JSON list.

    Raises:
        InputError: When a conversation is more than one turn of a user: the format has no more.
    """
    return json_list_of(map(_output_json, answers))


def _arena_hard(row: Row) -> Iterator[Answer]:
    turns = row.fields.get("messages")
    if not isinstance(turns, list) or len(turns) < 2:  # noqa: PLR2004 - a question and an answer
        raise row.refused("`messages` must be a list of a question and an answer, or longer")
    *asked, answer = (row.inside("messages", turn) for turn in turns)
    for turn in asked:
        turn.text("role")
    if answer.text("role") != "assistant":
        raise row.refused("the last message must be the assistant's")
    record = {
        name: value
        for name, value in row.fields.items()
        if name not in ("uid", "model", "messages")
    }
    yield Answer(
        prompt=row.name("uid"),
        messages=tuple(turn.fields for turn in asked),
        model=row.text("model"),
        text=_said(answer),
        where=row.where,
        record=record,
    )


def _said(answer: Row) -> str:
    content = answer.fields.get("content")
    if isinstance(content, Mapping):
        return answer.inside("content", content).maybe_text("answer") or ""
    return answer.maybe_text("content") or ""


def _output(row: Row) -> Iterator[Answer]:
    instruction = row.text("instruction")
    known = ("instruction", "output", "generator")
    yield Answer(
        prompt=prompt_id(instruction),
        messages=({"role": "user", "content": instruction},),
        model=row.text("generator"),
        text=row.maybe_text("output") or "",
        where=row.where,
        record={name: value for name, value in row.fields.items() if name not in known},
    )


def _once(answers: tuple[Answer, ...]) -> tuple[Answer, ...]:
    """The answers, when no model answers a prompt twice and differently; repeats are left out."""
    found: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        known = found.setdefault((answer.prompt, answer.model), answer)
        if known.text != answer.text:
            raise InputError(
                f"cannot read the record at {answer.where}",
                why=f"`{answer.model}` answers the same prompt differently at {known.where}",
                fix="keep one of the two answers",
            )
    return tuple(found.values())


def _arena_hard_json(answer: Answer) -> Mapping[str, Json]:
    turns: list[Json] = [dict(turn) for turn in answer.messages]
    named: dict[str, Json] = {
        "uid": answer.prompt,
        "ans_id": sha256_of([answer.prompt, answer.model, answer.text])[:22],
        "model": answer.model,
        "messages": [*turns, {"role": "assistant", "content": {"answer": answer.text}}],
        "metadata": {},
    }
    return named | dict(answer.record)


def _output_json(answer: Answer) -> Mapping[str, Json]:
    turn = answer.messages[0] if len(answer.messages) == 1 else {}
    if turn.get("role") == "user":
        named: dict[str, Json] = {
            "instruction": turn.get("content"),
            "output": answer.text,
            "generator": answer.model,
        }
        return named | dict(answer.record)
    raise InputError(
        f"cannot write the answer to prompt `{answer.prompt}`",
        why="AlpacaEval has instructions of one turn only",
        fix="write Arena-Hard's answers, which hold whole conversations",
    )
