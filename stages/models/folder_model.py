"""A model in a folder that is run here, and is loaded only when it is asked."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING

from policies.canonical import Json, sha256_of
from policies.errors import GateError, InputError
from stages.evidence.items import Response
from stages.models.client import EndpointError, Request
from stages.models.loaded_models import LOADED
from stages.models.local_files import ModelFolder

if TYPE_CHECKING:
    from stages.models.local_transformers import LocalTransformers


class FolderModel:
    """Asks the model in a folder by transformers, as `LocalTransformers` does.

    Its identity is that of `LocalTransformers`, told without loading anything. All clients of one
    model share it in memory, and it goes with the last of them. It is loaded only as it was when
    the client was made: files that changed since are another model.

    Args:
        folder: Its files, which are whole.
        slots: Questions at once.
        chat_template: How conversations are shown to it, in Jinja; None: as its tokenizer says.
        extra: Fields of every request beside OpenAI's, part of the identity:
            `chat_template_kwargs` are given to the template, there are no others.

    Raises:
        InputError: When its files cannot be read.
    """

    def __init__(
        self,
        folder: ModelFolder,
        *,
        slots: int = 16,
        chat_template: str | None = None,
        extra: Mapping[str, Json] | None = None,
    ) -> None:
        given = dict(extra or {})
        template = given.get("chat_template_kwargs", {})
        if set(given) - {"chat_template_kwargs"} or not isinstance(template, Mapping):
            raise ValueError(f"a model in a folder has no use for {sorted(given)}")
        self._folder = folder
        self._slots = slots
        self._chat_template = chat_template
        self._extra = given
        self._template = template
        said: dict[str, Json] = {"sha256": folder.digest(), "dtype": folder.dtype}
        if chat_template is not None:
            said["chat_template"] = chat_template
        self._said: Mapping[str, Json] = {"kind": "local", **said}
        self._key = sha256_of(dict(self._said))
        self._owning = threading.Lock()
        self._owns = False
        self._failure: EndpointError | None = None

    @property
    def identity(self) -> Mapping[str, Json]:
        """Digest of the files when this was made, and what more is said to the model."""
        return {**self._said, "extra": self._extra} if self._extra else {**self._said}

    @property
    def slots(self) -> int:
        """As set."""
        return self._slots

    def answer(self, request: Request) -> Response:
        """As `LocalTransformers.answer`.

        Raises:
            EndpointError: When it cannot be loaded or run.
            ModelError: When there is no answer.
        """
        with self._model() as model:
            return model.answer(request, template=self._template)

    def answer_in_part(self, request: Request) -> Response:
        """As `answer`, taking an answer that was cut at `max_tokens`."""
        with self._model() as model:
            return model.answer_in_part(request, template=self._template)

    def close(self) -> None:
        """Lets go of the model; whoever asks it again loads it again."""
        with self._owning:
            if self._owns:
                self._owns = False
                LOADED.left(self._key)

    @contextmanager
    def _model(self) -> "Iterator[LocalTransformers]":
        with self._owning:
            if not self._owns:
                self._owns = True
                LOADED.own(self._key)
        with LOADED.lent(self._key, self._load, size=self._folder.size) as model:
            yield model

    def _load(self) -> "LocalTransformers":
        """The model; what could not be loaded once is not tried again.

        Raises:
            EndpointError: When it cannot be loaded.
        """
        if self._failure is not None:
            raise self._failure
        try:
            return self._unchanged()
        except GateError as error:
            # evidence keeps the reason alone, so that what mends it stands there too
            self._failure = EndpointError(error.message, why=f"{error.why}; {error.fix}")
            raise self._failure from None

    def _unchanged(self) -> "LocalTransformers":
        from stages.models.local_transformers import (  # noqa: PLC0415 - draws NumPy in
            LocalTransformers,
        )

        model = LocalTransformers(
            self._folder.folder, slots=self._slots, chat_template=self._chat_template
        )
        if model.identity["sha256"] != self._said["sha256"]:
            raise InputError(
                f"the model in {self._folder.folder} is not asked",
                why="its files changed since this began",
                fix="leave it alone while it is measured, and register what it is now",
            )
        return model
