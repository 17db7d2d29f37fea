"""What every way of asking a checkpoint has in common."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from policies.canonical import Json, sha256_of
from policies.errors import Broken
from policies.task import Sampling
from stages.evidence.items import Item, Response


class ModelError(Broken):
    """A checkpoint gave no usable answer, after every retry that the client allows.

    Args:
        message: What could not be done.
        why: The cause.
        fix: What mends it.
        calls: How often the question was put for it.
    """

    def __init__(self, message: str, *, why: str = "", fix: str = "", calls: int = 1) -> None:
        super().__init__(message, why=why, fix=fix)
        self.calls = calls


class EmptyAnswer(ModelError):  # noqa: N818 - what the checkpoint gave
    """The checkpoint answered, and said nothing."""


class RequestRefused(ModelError):  # noqa: N818 - what the endpoint did
    """The endpoint works, and does not take what it was sent: 400, 413, 422 and their like."""


class EndpointError(ModelError):
    """The endpoint itself does not work, whatever is asked: no connection, refused key, 5xx."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One question to a checkpoint.

    Attributes:
        item: What is asked.
        sampling: How the answer is drawn.
        response_format: The form an answer must have, as OpenAI's `response_format`; None leaves
            it open. Clients that cannot hold a checkpoint to a form do without.
    """

    item: Item
    sampling: Sampling
    response_format: Mapping[str, Json] | None = None

    @property
    def key(self) -> str:
        """Digest of all that is sent: under one identity, equal keys are asked once."""
        asked: dict[str, Json] = {
            "question": self.item.digest,
            "sampling": self.sampling.asked(),
        }
        if self.response_format is not None:
            asked["response_format"] = self.response_format
        return sha256_of(asked)


class ModelClient(Protocol):
    """A checkpoint that answers; safe to call from several threads."""

    @property
    def identity(self) -> Mapping[str, Json]:
        """What answers: kind, address and model name, or digest of the file; never a secret."""
        ...

    @property
    def slots(self) -> int:
        """How many requests it may be asked at once."""
        ...

    def answer(self, request: Request) -> Response:
        """The checkpoint's answer.

        Raises:
            ModelError: When there is none; the message says why.
        """
        ...

    def close(self) -> None:
        """Lets go of connections."""
        ...
