"""OpenAI's Batch API: files of requests that are answered within a day, at half the price."""

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from stages.models.client import EndpointError
from stages.models.connection import Connection
from stages.models.settings import EndpointSettings

if TYPE_CHECKING:
    import openai
    from openai.types import Batch as _Batch

CHAT: Final = "/v1/chat/completions"
"""The address that every line of a batch is for, whatever the base URL."""

_MARK = "gate_digest"
"""The key of a batch's metadata by which it is found again."""


class BatchStatus(StrEnum):
    """What becomes of a batch, as OpenAI names it."""

    VALIDATING = "validating"
    IN_PROGRESS = "in_progress"
    FINALIZING = "finalizing"
    CANCELLING = "cancelling"
    COMPLETED = "completed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    FAILED = "failed"

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self in _ENDED


_ENDED = frozenset(
    {BatchStatus.COMPLETED, BatchStatus.EXPIRED, BatchStatus.CANCELLED, BatchStatus.FAILED}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as its provider tells of it.

    Attributes:
        id: The provider's.
        status: How far it is.
        answered: Requests that it has dealt with, well or not.
        files: Ids of its files of replies: what was answered, and what went wrong.
        why: The provider's words on what is wrong with the batch itself; empty when nothing is.
    """

    id: str
    status: BatchStatus
    answered: int = 0
    files: tuple[str, ...] = ()
    why: str = ""


class BatchEndpoint:
    """Batches at an OpenAI-compatible endpoint, by OpenAI's own library.

    Args:
        settings: With `base_url` and `model`.

    Raises:
        WrongUsage: When the address or the model is missing.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self._connection = Connection(settings)

    def upload(self, lines: bytes, *, name: str) -> str:
        """Id of a file of requests that the provider now holds.

        Raises:
            ModelError: As `Connection.upload` says.
        """
        return self._connection.upload(lines, name=name, purpose="batch", strange=_strange)

    def create(self, file: str, *, digest: str) -> Batch:
        """A batch that answers a file's requests within a day.

        Asked once and never repeated: whoever did not hear the reply looks for the batch before
        another is made, see `find`.

        Args:
            file: Id of the file.
            digest: What the batch is found by; at most 512 characters.

        Raises:
            ModelError: As `Connection.post` says; the batch may have been made all the same.
        """
        return _told(
            self._connection.using(
                lambda client: client.with_options(max_retries=0).batches.create(
                    input_file_id=file,
                    endpoint=CHAT,
                    completion_window="24h",
                    metadata={_MARK: digest},
                ),
                about="a batch",
            )
        )

    def find(self, digest: str) -> Batch | None:
        """The batch that was made with this digest; None when there is none.

        Raises:
            ModelError: As `Connection.post` says.
        """

        def search(client: "openai.OpenAI") -> "_Batch | None":
            for batch in client.batches.list(limit=100):
                if (batch.metadata or {}).get(_MARK) == digest:
                    return batch
            return None

        found = self._connection.using(search, about="a list of batches")
        return None if found is None else _told(found)

    def get(self, name: str) -> Batch:
        """How far a batch is.

        Raises:
            ModelError: As `Connection.post` says.
        """
        return _told(
            self._connection.using(
                lambda client: client.batches.retrieve(name), about=f"batch {name}"
            )
        )

    def content(self, file: str) -> bytes:
        """What a file holds.

        Raises:
            ModelError: As `Connection.post` says.
        """
        return self._connection.using(
            lambda client: client.files.content(file).content, about=f"file {file}"
        )

    def close(self) -> None:
        """Lets go of connections."""
        self._connection.close()


def _told(batch: "_Batch") -> Batch:
    if not isinstance(getattr(batch, "id", None), str):
        raise _strange("what it calls a batch has no id")
    counts, errors = batch.request_counts, batch.errors
    said = [error.message or error.code or "" for error in (errors and errors.data) or ()]
    return Batch(
        id=batch.id,
        status=_status(batch),
        answered=counts.completed + counts.failed if counts else 0,
        files=tuple(filter(None, (batch.output_file_id, batch.error_file_id))),
        why="; ".join(filter(None, said)),
    )


def _status(batch: "_Batch") -> BatchStatus:
    try:
        return BatchStatus(batch.status)
    except ValueError:
        raise _strange(f"batch {batch.id} has status {batch.status!r}") from None


def _strange(why: str) -> EndpointError:
    return EndpointError(
        "the endpoint does not speak OpenAI's Batch API",
        why=why,
        fix="set `batch: false` under `judging`, or ask an endpoint that has the API",
    )
