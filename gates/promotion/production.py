"""What production serves: it is asked texts whose answers are known."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass

from gates.gate_toml import ModelSection
from gates.ledger.ledger import Version
from gates.promotion.recognition import (
    NotAsked,
    NotYetServing,
    PinnedText,
    Served,
    Serving,
    recognise,
    telling,
)
from gates.services import Services
from gates.subjects import opened
from policies.errors import GateError
from policies.policy import PolicyFile
from stages.engine.checkpoints import Checkpoints, Questions
from stages.engine.data import read_items
from stages.engine.progress import Silent
from stages.engine.subject import Subject
from stages.evidence.items import Response
from stages.models.client import ModelClient, Request
from stages.models.fingerprint import answered_in_part, canaries
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings

PAUSE_SECONDS = 2.0
"""Between two times that production is asked."""

_RETRIES, _TIMEOUT_SECONDS = 1, 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Recognition:
    """How a version will be known in production.

    Attributes:
        version: The one that is to serve.
        before: The one that serves until then; None when none does.
        texts: Texts that tell them apart; empty when there are none.
        lack: Why there are none; empty otherwise.
    """

    version: Version
    before: Version | None
    texts: tuple[PinnedText, ...]
    lack: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long production is asked before the answer counts as not yet.

    Attributes:
        seconds: From the first time it is asked; 0 asks once.
        pause: Waits so many seconds.
    """

    seconds: float
    pause: Callable[[float], None]


def recognition_of(
    version: Version, before: Version | None, *, file: PolicyFile | None, services: Services
) -> Recognition | None:
    """Texts that tell a version from the one before it; None when nobody will be asked.

    To be called before anything is deployed, while both may still answer. Texts of the policy whose
    answers are known come first: both have answered them when they were measured. Without such
    texts both are asked the pinned ones of every checkpoint now.

    Args:
        version: The one that is to serve.
        before: The one that serves now; None when none does, or when it is the same.
        file: The policy whose items they answered; None when there is none.
        services: The outside world.
    """
    section = services.workspace.models.get(version.name)
    if section is None or section.production is None:
        return None
    with ExitStack() as clients:
        try:
            subjects = _Two(
                now=opened(version, services, clients),
                before=None if before is None else opened(before, services, clients),
            )
            texts = telling(tuple(_answered_before(subjects, file, services)))
            texts = texts or telling(tuple(_asked_now(subjects)))
        except GateError as error:
            return Recognition(version=version, before=before, texts=(), lack=error.in_short)
    alike = f"{_number(before)} and {version.version} answer every pinned text alike"
    return Recognition(
        version=version, before=before, texts=texts, lack="" if texts else f"{alike}, or not at all"
    )


def what_serves(
    recognition: Recognition | None, *, services: Services, patience: Patience
) -> Served:
    """Whether production serves the version, asked until it does or patience ends."""
    if recognition is None:
        return NotAsked("gate.toml names no `production` to ask")
    if not recognition.texts:
        return NotYetServing(f"what serves cannot be told: {recognition.lack}")
    section = services.workspace.models[recognition.version.name]
    waited = 0.0
    while True:
        found = _once(recognition, section, services)
        if isinstance(found, Serving) or waited >= patience.seconds:
            return found
        patience.pause(PAUSE_SECONDS)
        waited += PAUSE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class _Two:
    now: Subject
    before: Subject | None


def _once(
    recognition: Recognition, section: ModelSection, services: Services
) -> Serving | NotYetServing:
    with ExitStack() as clients:
        try:
            client = _production(recognition.version, section, services)
            clients.callback(client.close)
            answers = [answered_in_part(client, text.request).text for text in recognition.texts]
        except GateError as error:
            return NotYetServing(f"production does not answer: {error.in_short}")
    return recognise(
        recognition.texts,
        answers,
        version=recognition.version.version,
        before=_number(recognition.before),
    )


def _production(version: Version, section: ModelSection, services: Services) -> OpenAICompatible:
    model = section.production_as or version.tags.get("gate_model_name") or section.served_as
    variable = section.api_key_env
    return OpenAICompatible(
        EndpointSettings(
            base_url=section.production,
            model=None if model is None else model.replace("{version}", version.version),
            api_key=None if variable is None else services.workspace.secret(variable),
            retries=_RETRIES,
            timeout_seconds=min(section.timeout_seconds, _TIMEOUT_SECONDS),
        )
    )


def _answered_before(
    subjects: _Two, file: PolicyFile | None, services: Services
) -> Iterator[PinnedText]:
    """Texts of the policy's tasks that both have answered, drawn without chance."""
    if file is None:
        return
    checkpoints = Checkpoints(state=services.state, progress=Silent())
    for task in file.policy.plan.asked().values():
        if task.sampling.temperature > 0:
            continue
        try:
            items = read_items(
                task.data, base=file.folder, cluster=task.cluster, sha256=task.sha256
            ).items
            questions = Questions(items=items, sampling=task.sampling)
            now = _known(checkpoints, subjects.now, questions)
            before = _known(checkpoints, subjects.before, questions)
        except GateError:
            continue  # what is gone or changed since tells nothing
        for item in items:
            if item.id in now and (subjects.before is None or item.id in before):
                yield PinnedText(
                    request=Request(item=item, sampling=task.sampling),
                    now=now[item.id],
                    before=before.get(item.id),
                )


def _known(
    checkpoints: Checkpoints, subject: Subject | None, questions: Questions
) -> dict[str, str]:
    if subject is None or subject.client is None:
        return {}
    found = checkpoints.known(subject, questions).responses
    return {name: said.text for name, said in found.items() if isinstance(said, Response)}


def _asked_now(subjects: _Two) -> Iterator[PinnedText]:
    """The texts that every checkpoint is known by, answered by both where they are.

    Raises:
        ModelError: When one does not answer.
    """
    if subjects.now.client is None or (
        subjects.before is not None and subjects.before.client is None
    ):
        return
    for request in canaries():
        yield PinnedText(
            request=request,
            now=answered_in_part(subjects.now.client, request).text,
            before=_said(subjects.before, request),
        )


def _said(subject: Subject | None, request: Request) -> str | None:
    client: ModelClient | None = None if subject is None else subject.client
    return None if client is None else answered_in_part(client, request).text


def _number(version: Version | None) -> str | None:
    return None if version is None else version.version
