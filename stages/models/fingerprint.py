"""What a checkpoint serves, told by its answers to pinned texts."""

from typing import Protocol, runtime_checkable

from policies.canonical import sha256_of
from policies.task import Sampling
from stages.evidence.items import Item, Response
from stages.models.client import ModelClient, Request

CANARIES = (
    "Count from one to ten in English words, separated by single spaces. Nothing else.",
    "Repeat exactly, and write nothing else: the quick brown fox jumps over the lazy dog",
    "Translate into French, and write only the translation: Good morning, my friend.",
    "Who made you? Answer with one short sentence.",
)
"""Changing one changes every fingerprint. Short, and with one likely answer each: a batched server
is not deterministic to the last bit even at temperature 0."""

BY_FILES = ("recorded", "local")
"""Kinds of identity that say all: recorded outputs, and models in folders."""

_SAMPLING = Sampling(temperature=0.0, max_tokens=24, seed=0)


@runtime_checkable
class AnswersInPart(Protocol):
    """A client that can hand over an answer that was cut at `max_tokens`."""

    def answer_in_part(self, request: Request) -> Response:
        """The answer, complete or cut.

        Raises:
            ModelError: When there is none.
        """
        ...


def served_identity(client: ModelClient) -> str:
    """Digest of a checkpoint's identity and of its answers to the pinned texts.

    Recorded outputs and models in folders are not asked: their identity is that of their files.

    Returns:
        64 hexadecimal digits.

    Raises:
        ModelError: When a pinned text is not answered.
    """
    identity = dict(client.identity)
    if identity.get("kind") == "recorded":
        return str(identity["sha256"])
    if known_by_files(client):
        return sha256_of(identity)
    answers = [answered_in_part(client, request) for request in canaries()]
    return sha256_of(
        {"identity": identity, "answers": [[answer.model, answer.text] for answer in answers]}
    )


def known_by_files(client: ModelClient) -> bool:
    """Whether its identity says what it serves, so that no pinned text is put to it."""
    return client.identity.get("kind") in BY_FILES


def canaries() -> tuple[Request, ...]:
    """The pinned texts as they are put."""
    return tuple(
        Request(
            item=Item(id="pinned text", messages=({"role": "user", "content": text},), cluster=""),
            sampling=_SAMPLING,
        )
        for text in CANARIES
    )


def answered_in_part(client: ModelClient, request: Request) -> Response:
    """The answer, which may be cut at `max_tokens` where the client can hand such over.

    Raises:
        ModelError: When there is none.
    """
    if isinstance(client, AnswersInPart):
        return client.answer_in_part(request)
    return client.answer(request)
