"""OpenAI's fine-tuning API: files of rows, and jobs that make a model of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, cast

from policies.canonical import Json
from stages.models.client import EndpointError
from stages.models.connection import Connection
from stages.models.settings import EndpointSettings

if TYPE_CHECKING:
    import openai
    from openai.types.fine_tuning import FineTuningJob
    from openai.types.fine_tuning.job_create_params import Method

_MARK = "gate_digest"
"""The key of a job's metadata by which it is found again."""

_SUFFIX_DIGITS = 12
"""Of the digest, in the name of what is made; people tell models apart by it."""


class JobStatus(StrEnum):
    """What becomes of a job, as OpenAI names it."""

    VALIDATING = "validating_files"
    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def in_vain(self) -> bool:
        """Whether nothing comes of it any more."""
        return self in (JobStatus.FAILED, JobStatus.CANCELLED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as its provider tells of it.

    Attributes:
        id: The provider's.
        status: How far it is.
        model: Name of what it made; empty until it succeeded.
        seconds: From its start to its end; 0 until it ended, or where nobody says.
        why: The provider's words on what went wrong; empty when nothing did.
    """

    id: str
    status: JobStatus
    model: str = ""
    seconds: float = 0.0
    why: str = ""


class TuningEndpoint:
    """Fine-tuning jobs at an OpenAI-compatible endpoint, by OpenAI's own library.

    Args:
        settings: With `base_url` and `model`.

    Raises:
        WrongUsage: When the address or the model is missing.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        self._connection = Connection(settings)

    @property
    def base_url(self) -> str:
        """Where it is."""
        return self._connection.base_url

    def upload(self, lines: bytes, *, name: str) -> str:
        """Id of a file of rows that the provider now holds.

        Raises:
            ModelError: As `Connection.upload` says.
        """
        return self._connection.upload(lines, name=name, purpose="fine-tune", strange=_strange)

    def create(
        self,
        file: str,
        *,
        model: str,
        method: Literal["supervised", "dpo"],
        hyperparameters: Mapping[str, Json],
        seed: int,
        digest: str,
    ) -> Job:
        """A job that trains a model on a file's rows.

        Asked once and never repeated: whoever did not hear the reply looks for the job before
        another is made, see `find`.

        Args:
            file: Id of the file.
            model: What is trained.
            method: How.
            hyperparameters: Of the method, as OpenAI names them.
            seed: Of the job.
            digest: What the job is found by; at most 512 characters.

        Raises:
            ModelError: As `Connection.post` says; the job may have been made all the same.
        """
        said = cast("Method", {"type": method, method: {"hyperparameters": dict(hyperparameters)}})
        return _told(
            self._connection.using(
                lambda client: client.with_options(max_retries=0).fine_tuning.jobs.create(
                    training_file=file,
                    model=model,
                    method=said,
                    seed=seed,
                    suffix=f"gate-{digest[:_SUFFIX_DIGITS]}",
                    metadata={_MARK: digest},
                ),
                about="a fine-tuning job",
            )
        )

    def find(self, digest: str) -> Job | None:
        """The newest job of this digest of which something may come; None when there is none.

        Raises:
            ModelError: As `Connection.post` says.
        """

        def search(client: "openai.OpenAI") -> Job | None:
            for job in client.fine_tuning.jobs.list(limit=100):
                if (job.metadata or {}).get(_MARK) == digest:
                    told = _told(job)
                    if not told.status.in_vain:
                        return told
            return None

        return self._connection.using(search, about="a list of fine-tuning jobs")

    def get(self, name: str) -> Job:
        """How far a job is.

        Raises:
            ModelError: As `Connection.post` says.
        """
        return _told(
            self._connection.using(
                lambda client: client.fine_tuning.jobs.retrieve(name), about=f"job {name}"
            )
        )

    def close(self) -> None:
        """Lets go of connections."""
        self._connection.close()


def _told(job: "FineTuningJob") -> Job:
    if not isinstance(getattr(job, "id", None), str):
        raise _strange("what it calls a job has no id")
    try:
        status = JobStatus(job.status)
    except ValueError:
        raise _strange(f"job {job.id} has status {job.status!r}") from None
    if status is JobStatus.SUCCEEDED and not job.fine_tuned_model:
        raise _strange(f"job {job.id} succeeded, and names no model")
    error = job.error
    return Job(
        id=job.id,
        status=status,
        model=job.fine_tuned_model or "",
        seconds=float(max(0, (job.finished_at or job.created_at) - job.created_at)),
        why=" ".join((error.message or error.code or "").split()) if error else "",
    )


def _strange(why: str) -> EndpointError:
    return EndpointError(
        "the endpoint does not speak OpenAI's fine-tuning API",
        why=why,
        fix="train a model in a folder (`model:`), or at an endpoint that has the API",
    )
