"""Rows as TRL takes them: the question apart from the answer, so that only answers count."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from policies.errors import InputError
from stages.models.local_folder import LocalModel
from stages.workshop.training.data import Messages, Preferred, Taught

if TYPE_CHECKING:
    from datasets import Dataset

Rows = Sequence[Taught] | Sequence[Preferred]


def fitting(rows: Rows, local: LocalModel, *, longest: int) -> "Dataset":
    """The rows that are not longer than a row may be, in order, as prompt and completions.

    Nothing is cut: an answer without its end would teach to ramble.

    Raises:
        InputError: When every row is too long, or the model's template refuses one.
    """
    from datasets import Dataset  # noqa: PLC0415 - seconds, only for training

    kept = [_record(row) for row in rows if _length(row, local) <= longest]
    if not kept:
        raise InputError(
            "cannot train on these rows",
            why=f"each of the {len(rows)} is longer than `max_length`, {longest}",
            fix="raise `max_length`, or teach shorter ones",
        )
    return Dataset.from_list(kept)


def _record(row: Taught | Preferred) -> Mapping[str, Sequence[Mapping[str, str]]]:
    prompt = _turns(row.messages)
    if isinstance(row, Taught):
        return {"prompt": prompt, "completion": [_said(row.answer)]}
    return {"prompt": prompt, "chosen": [_said(row.chosen)], "rejected": [_said(row.rejected)]}


def _length(row: Taught | Preferred, local: LocalModel) -> int:
    """Tokens of question and longest answer."""
    answers = (row.answer,) if isinstance(row, Taught) else (row.chosen, row.rejected)
    return max(len(_tokens(row.messages, answer, local)) for answer in answers)


def _tokens(messages: Messages, answer: str, local: LocalModel) -> Sequence[int]:
    import jinja2  # noqa: PLC0415 - comes with transformers, imported with it

    try:
        shown = local.tokenizer.apply_chat_template(
            [*_turns(messages), _said(answer)], tokenize=False
        )
    except (jinja2.TemplateError, TypeError, ValueError) as error:
        raise InputError(
            "cannot train on these rows",
            why=f"the model's chat template refuses a conversation: {error}",
            fix="put questions in turns of user and assistant, or name another template",
        ) from None
    ids: Sequence[int] = local.tokenizer(str(shown), add_special_tokens=False)["input_ids"]
    return ids


def _turns(messages: Messages) -> list[dict[str, str]]:
    return [{"role": str(one["role"]), "content": str(one["content"])} for one in messages]


def _said(answer: str) -> dict[str, str]:
    return {"role": "assistant", "content": answer}
