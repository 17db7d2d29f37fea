"""Checkpoints packed as MLflow pyfunc models, run in this process."""

import threading
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Protocol, cast

from policies.canonical import Json
from policies.errors import Broken
from stages.evidence.items import Item, Response
from stages.models.client import ModelError, Request
from stages.models.folder_digest import digest_of_folder
from stages.models.visible import says_nothing


class Calling(StrEnum):
    """What a pyfunc model is given."""

    CHAT = "chat"
    """`{"messages": [...]}`: ChatModel, ChatAgent, models without signature or with `messages`."""
    RESPONSES = "responses"
    """`{"input": [...]}`: ResponsesAgent."""
    COLUMN = "column"
    """A frame of one row with the only text column of the signature."""


class _Schema(Protocol):
    def input_names(self) -> list[str]: ...


class _Metadata(Protocol):
    metadata: Mapping[str, Json] | None

    def get_input_schema(self) -> _Schema | None: ...


class _Model(Protocol):
    metadata: _Metadata

    def predict(self, data: object) -> object: ...


class Pyfunc:
    """Runs a pyfunc model, one question at a time.

    Loading and running it executes code that came with the model.

    What it may be: a ChatModel, ChatAgent or ResponsesAgent; a model without signature or with a
    `messages` input, which gets `{"messages": [...]}`; or a model with one text column, which gets
    the single user turn of an item. What it may return: a text; a completion (`choices`); chat
    `messages`, of which the last counts; Responses `output`; or any of these as the only entry of a
    list, series or frame. Only a ChatModel is told temperature and `max_tokens`; every other model
    draws as it is packed.

    Args:
        folder: The model on this machine, holding its `MLmodel` file.

    Raises:
        Broken: When it cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        self._model = _load(folder)
        self._sha256 = digest_of_folder(folder)
        self._task = str((self._model.metadata.metadata or {}).get("task", ""))
        schema = self._model.metadata.get_input_schema()
        self._columns = tuple(schema.input_names()) if schema is not None else ()
        self._calling = calling(self._task, self._columns)
        self._lock = threading.Lock()

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of the model's files."""
        return {"kind": "pyfunc", "sha256": self._sha256}

    @property
    def slots(self) -> int:
        """One: models seldom are safe to call from several threads."""
        return 1

    def answer(self, request: Request) -> Response:
        """What the model returns.

        Raises:
            ModelError: When it raises, when that holds no text, or the item does not fit the model.
        """
        question = self._question(request)
        text = text_of(self._predict(question, request.item))
        if text is None or says_nothing(text):
            raise ModelError(
                f"the pyfunc model gave no answer to item {request.item.id}",
                why="what it returned holds no text",
                fix="have it return a text, a chat completion or Responses output",
            )
        return Response(text=text)

    def close(self) -> None:
        """Holds nothing."""

    def _predict(self, question: object, item: Item) -> object:
        with self._lock:
            try:
                return self._model.predict(question)
            except (Exception, SystemExit) as error:  # the model's own code runs in here
                column = self._calling is Calling.COLUMN
                given = "a frame with its text column" if column else "a dict of `messages`"
                raise ModelError(
                    f"the pyfunc model gave no answer to item {item.id}",
                    why=f"it raised {type(error).__name__}: {error}",
                    fix=f"mend its predict, which is given {given}, or log it another way",
                ) from error

    def _question(self, request: Request) -> object:
        messages = [dict(message) for message in request.item.messages]
        match self._calling:
            case Calling.RESPONSES:
                return {"input": messages}
            case Calling.COLUMN:
                import pandas as pd

                return pd.DataFrame({self._columns[0]: [_single_turn(request.item)]})
            case Calling.CHAT if self._task == "agent/v1/chat":
                sampling = request.sampling
                return {
                    "messages": messages,
                    "temperature": sampling.temperature,
                    "max_tokens": sampling.max_tokens,
                }
            case Calling.CHAT:
                return {"messages": messages}


def calling(task: str, columns: Sequence[str]) -> Calling:
    """How a model is called, from the task in its metadata and the inputs of its signature."""
    if task == "agent/v1/responses":
        return Calling.RESPONSES
    if task.startswith("agent/") or "messages" in columns:
        return Calling.CHAT
    return Calling.COLUMN if len(columns) == 1 else Calling.CHAT


def text_of(result: object) -> str | None:
    """The text in what a model returned; None when there is none."""
    match _plain(result):
        case str(text):
            return text
        case (
            [inner]
            | {"choices": [{"message": {"content": inner}}, *_]}
            | {"messages": [*_, {"content": inner}]}
            | {"output": [*_, {"content": inner}]}
            | {"type": "output_text", "text": inner}
        ):
            return text_of(inner)
        case Mapping() as row if len(row) == 1:
            return text_of(next(iter(row.values())))
        case _:
            return None


def _plain(result: object) -> object:
    """Frames, series and arrays as lists."""
    if hasattr(result, "columns") and hasattr(result, "to_dict"):
        return result.to_dict("records")
    if hasattr(result, "tolist"):
        return result.tolist()
    return result


def _single_turn(item: Item) -> str:
    match item.messages:
        case ({"role": "user", "content": str(text)},) if not item.tools:
            return text
        case _:
            raise ModelError(
                f"the pyfunc model cannot be asked item {item.id}",
                why="it takes one text; the item has several turns, a system prompt or tools",
                fix="pack the model as a ChatModel, or ask it other items",
            )


def _load(folder: Path) -> _Model:
    import mlflow.pyfunc
    from mlflow.exceptions import MlflowException

    try:
        return cast("_Model", mlflow.pyfunc.load_model(str(folder)))
    except (MlflowException, OSError, ImportError, ValueError, TypeError) as error:
        raise Broken(
            f"cannot load the pyfunc model in {folder}",
            why=f"{type(error).__name__}: {error}",
            fix="install what the model needs (its requirements.txt), or log it again",
        ) from error
