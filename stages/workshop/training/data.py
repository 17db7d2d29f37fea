"""What a model is taught: answers to give, and answers to prefer."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from policies.canonical import Json, sha256_of

Messages = tuple[Mapping[str, Json], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Taught:
    """An answer to give.

    Attributes:
        id: Unique within its set.
        messages: The question, as OpenAI chat messages of text.
        answer: What to answer; not empty.
    """

    id: str
    messages: Messages
    answer: str

    def __post_init__(self) -> None:
        _refuse_silence(self.id, self.messages, self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferred:
    """An answer to prefer to another.

    Attributes:
        id: Unique within its set.
        messages: The question, as OpenAI chat messages of text.
        chosen: The better answer; not empty.
        rejected: The worse one; not empty, and another.
    """

    id: str
    messages: Messages
    chosen: str
    rejected: str

    def __post_init__(self) -> None:
        _refuse_silence(self.id, self.messages, self.chosen, self.rejected)
        if self.chosen == self.rejected:
            raise ValueError(f"row {self.id} prefers an answer to itself")


def digest_of_rows(rows: Sequence[Taught] | Sequence[Preferred]) -> str:
    """Digest of what is taught, in its order; ids are no part of it."""
    return sha256_of([_shown(row) for row in rows])


def write_taught(path: Path, rows: Iterable[Taught]) -> None:
    """Writes JSONL in the format of the Self-Taught Evaluator's data: `{id, src, tgt}`.

    `src` is the list of chat messages, as JSON text.
    """
    _write(path, ({"id": row.id, "src": _source(row.messages), "tgt": row.answer} for row in rows))


def write_preferred(path: Path, rows: Iterable[Preferred]) -> None:
    """Writes JSONL in the same data's other format: `{id, src, tgt_chosen, tgt_rejected}`."""
    _write(
        path,
        (
            {
                "id": row.id,
                "src": _source(row.messages),
                "tgt_chosen": row.chosen,
                "tgt_rejected": row.rejected,
            }
            for row in rows
        ),
    )


def _shown(row: Taught | Preferred) -> Json:
    messages = list(row.messages)
    if isinstance(row, Taught):
        return {"messages": messages, "answer": row.answer}
    return {"messages": messages, "chosen": row.chosen, "rejected": row.rejected}


def _source(messages: Messages) -> str:
    return json.dumps([dict(message) for message in messages], ensure_ascii=False)


def _write(path: Path, records: Iterable[Mapping[str, str]]) -> None:
    with path.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps(record, ensure_ascii=False) + "\n" for record in records)


def _refuse_silence(name: str, messages: Messages, *answers: str) -> None:
    if not messages:
        raise ValueError(f"row {name} holds no question")
    if not all(isinstance(message.get("content"), str) for message in messages):
        raise ValueError(f"row {name} holds a turn that is no text")
    if not all(answer.strip() for answer in answers):
        raise ValueError(f"row {name} holds an answer that says nothing")
