"""Checkpoints known by their recorded outputs."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from policies.canonical import Json, sha256_of_bytes
from policies.errors import InputError
from stages.evidence.items import Item, Response, parse_messages, question_digest
from stages.evidence.json_lines import json_lines, strict_json, utf8_text
from stages.models.client import EmptyAnswer, ModelError, Request
from stages.models.visible import says_nothing


class RecordedFormat(StrEnum):
    """Who wrote a file of recorded outputs."""

    JSONL = "jsonl"
    """A line each: `{"prompt" or "messages" (and "tools") or "id", "output"}`."""
    ALPACA_EVAL = "alpaca_eval"
    """AlpacaEval's `model_outputs.json`: a list of `{"instruction", "output", "generator"}`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The outputs of a file.

    Attributes:
        by_question: Output by digest of the question.
        by_item: Output by item id, for records that give an id only.
        generator: Who answered, where the file says it; else empty.
    """

    by_question: Mapping[str, str]
    by_item: Mapping[str, str]
    generator: str = ""

    def of(self, item: Item) -> str | None:
        """The output to an item: by its question, else by its id; None when there is none."""
        return self.by_question.get(item.digest, self.by_item.get(item.id))


class Recorded:
    """Answers from a file, whatever the sampling asked for.

    Args:
        data: The file's bytes.
        where: Its name, for errors.
        form: Who wrote it.

    Raises:
        InputError: When it cannot be read, or answers a question twice and differently.
    """

    def __init__(self, data: bytes, *, where: str, form: RecordedFormat) -> None:
        self._sha256 = sha256_of_bytes(data)
        self._where = where
        self._outputs = read_outputs(data, where=where, form=form)

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of the file."""
        return {"kind": "recorded", "sha256": self._sha256}

    @property
    def slots(self) -> int:
        """One: nothing is waited for."""
        return 1

    def answer(self, request: Request) -> Response:
        """The recorded output.

        Raises:
            ModelError: When there is none, or it is empty.
        """
        output = self._outputs.of(request.item)
        if output is None:
            raise ModelError(
                f"there is no recorded answer to item {request.item.id}",
                why=f"{self._where} has neither its question nor its id",
                fix="record its answer, and register the file as a new version",
            )
        if says_nothing(output):
            raise EmptyAnswer(
                f"the recorded answer to item {request.item.id} is empty",
                why=f"{self._where} holds its question with an empty output",
                fix="record its answer, and register the file as a new version",
            )
        return Response(text=output, model=self._outputs.generator)

    def close(self) -> None:
        """Holds nothing."""


def open_recorded(path: Path, *, form: RecordedFormat) -> Recorded:
    """Recorded outputs in a file.

    Raises:
        InputError: As `Recorded`, and when the file cannot be opened.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(
            f"cannot read recorded outputs {path}",
            why=error.strerror or str(error),
            fix="correct the path",
        ) from None
    return Recorded(data, where=path.name, form=form)


def read_outputs(data: bytes, *, where: str, form: RecordedFormat) -> Outputs:
    """The outputs of a file's bytes.

    A `null` output is read as an empty one, which is no answer.

    Raises:
        InputError: Naming file and line (or entry), when it cannot be read, holds no output, or
            answers a question twice and differently.
    """
    by_question: dict[str, str] = {}
    by_item: dict[str, str] = {}
    generators: dict[str, str] = {}
    for at, record in _entries(data, where, form):
        if not isinstance(record, Mapping):
            raise _refused(at, "not a JSON object")
        if form is RecordedFormat.ALPACA_EVAL:
            _note_generator(record, generators, at)
        output = _output(record, at)
        kept, key = _place(record, form, at, (by_question, by_item))
        if kept.setdefault(key, output) != output:
            raise _refused(at, "its question stands already further up, with another output")
    if not by_question and not by_item:
        raise _refused(where, "the file holds no output")
    return Outputs(by_question=by_question, by_item=by_item, generator=next(iter(generators), ""))


def _entries(data: bytes, where: str, form: RecordedFormat) -> Iterator[tuple[str, Json]]:
    if form is RecordedFormat.JSONL:
        yield from ((f"{where}:{n}", record) for n, record in json_lines(data, where=where))
        return
    try:
        entries = strict_json(utf8_text(data, where=where))
    except ValueError as error:
        raise _refused(where, str(error)) from None
    if not isinstance(entries, list):
        raise _refused(where, "not a JSON list, as AlpacaEval writes it")
    for number, entry in enumerate(entries, start=1):
        yield f"{where}, entry {number}", entry


def _note_generator(record: Mapping[str, Json], seen: dict[str, str], at: str) -> None:
    generator = record.get("generator")
    if not isinstance(generator, str):
        raise _refused(at, "`generator` is missing or not a text")
    seen.setdefault(generator, at)
    if len(seen) > 1:
        raise _refused(at, f"the file holds answers of several models: {', '.join(seen)}")


def _output(record: Mapping[str, Json], at: str) -> str:
    match record.get("output", 0):
        case str(output):
            return output
        case None:
            return ""
        case _:
            raise _refused(at, "`output` is missing or not a text")


def _place(
    record: Mapping[str, Json],
    form: RecordedFormat,
    at: str,
    places: tuple[dict[str, str], dict[str, str]],
) -> tuple[dict[str, str], str]:
    """Where an output is kept, and under which key."""
    by_question, by_item = places
    if form is RecordedFormat.ALPACA_EVAL:
        record = {"prompt": record.get("instruction")}
    elif "prompt" not in record and "messages" not in record:
        name = record.get("id")
        if isinstance(name, bool) or not isinstance(name, str | int) or str(name) == "":
            raise _refused(at, "it has none of `prompt`, `messages` and `id`")
        return by_item, str(name)
    messages = parse_messages(record, where=at)
    match record.get("tools", []):
        case list() as tools if all(isinstance(tool, Mapping) for tool in tools):
            return by_question, question_digest(messages, tools)
        case _:
            raise _refused(at, "`tools` must be a list of objects")


def _refused(at: str, why: str) -> InputError:
    return InputError(
        f"cannot read recorded outputs {at}",
        why=why,
        fix='write a line per answer, {"prompt": "...", "output": "..."}, or set the format',
    )
