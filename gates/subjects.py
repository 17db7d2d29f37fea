"""From registered versions to the checkpoints behind them: little is imported for it."""

from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from gates.gate_toml import Asking, EndpointSection
from gates.ledger.ledger import Version
from gates.masking import mask_secrets
from gates.services import Services
from policies.canonical import Json, sha256_of
from policies.errors import Broken
from policies.policy import Policy
from stages.engine.subject import Subject
from stages.evidence.records import StageName
from stages.models.build import Source, client_for
from stages.models.client import ModelClient
from stages.models.folder_digest import digest_of_folder
from stages.models.settings import EndpointSettings


def subject_of(version: Version, services: Services) -> Subject:
    """The checkpoint behind a registered version.

    Raises:
        Broken: When its recorded file is gone or is not the one that was registered.
        InputError: When its tags do not say how it answers.
    """
    client = client_for(
        version.tags,
        version=version.version,
        endpoint=_endpoint(version, services),
        file=_file(version, services),
        api_keys=_keys(services),
    )
    return Subject(
        uri=version.uri,
        known_as=version.known_as,
        digest=sha256_of(identity_of(version, client)),
        client=client,
    )


def opened(version: Version, services: Services, clients: ExitStack) -> Subject:
    """The same checkpoint, whose connections are let go of with `clients`.

    Raises:
        Broken: As `subject_of` says.
        InputError: As `subject_of` says.
    """
    subject = subject_of(version, services)
    if subject.client is not None:
        clients.callback(subject.client.close)
    return subject


def digest_now(version: Version, services: Services, *, afresh: bool) -> str:
    """Digest of the checkpoint behind a version; nothing that came with it is run.

    Args:
        version: The version.
        services: The ledger, and the folder of fetched copies.
        afresh: Whether a packed model, which may be large, is fetched though a copy is at hand.

    Raises:
        Broken: When its recorded file is gone or cannot be read.
        InputError: When its tags do not say how it answers.
    """
    with TemporaryDirectory() as folder:
        anew = replace(services, cache=Path(folder))
        if version.tags.get("gate_source") == Source.PYFUNC:
            return _digest_of_packed(version, anew if afresh else services)
        subject = subject_of(version, anew)
        if subject.client is not None:
            subject.client.close()
        return subject.digest


def _digest_of_packed(version: Version, services: Services) -> str:
    """As `Pyfunc.identity` has it, without loading the model."""
    folder = _file(version, services)
    assert folder is not None
    try:
        return sha256_of({"kind": "pyfunc", "sha256": digest_of_folder(folder)})
    except OSError as error:
        raise Broken(
            f"cannot read the files of {version.uri}",
            why=mask_secrets(str(error)),
            fix="make the folder readable: gate config show says which",
        ) from None


def identity_of(version: Version, client: ModelClient | None) -> dict[str, Json]:
    """What tells one checkpoint from another.

    Files do so themselves. An address does not: what is served there today, under a version of its
    own, is not what was served there under another version, whose answers are in the journal.
    """
    if client is None:
        return {"external": version.known_as}
    identity = dict(client.identity)
    return {**identity, "version": version.uri} if identity.get("kind") == "endpoint" else identity


def plan_digest(policy: Policy, stage: StageName) -> str:
    """Digest of a stage's plan, as evidence carries it."""
    return sha256_of(policy.plan.said().get(stage))


def pressed(section: Asking, api_key: str | None) -> EndpointSettings:
    """How hard an endpoint may be pressed, and its key; where it is, its own section says."""
    return EndpointSettings(
        api_key=api_key,
        timeout_seconds=section.timeout_seconds,
        retries=section.retries,
        slots=section.slots,
        requests_per_minute=section.requests_per_minute,
    )


def reached(section: EndpointSection, settings: EndpointSettings, root: Path) -> EndpointSettings:
    """The settings with where a judge or service is: an address, or a folder of the workspace."""
    return replace(
        settings,
        base_url=section.base_url,
        model=section.model,
        folder=root / section.folder if section.folder else None,
        chat_template=root / section.chat_template if section.chat_template else None,
    )


def key_in(variable: str | None, services: Services) -> str | None:
    """The key in a variable, where one is named and set."""
    return services.workspace.secret(variable) if variable else None


def _endpoint(version: Version, services: Services) -> EndpointSettings | None:
    """What the workspace says of the model's endpoint; a version's own tags come before it."""
    section = services.workspace.models.get(version.name)
    if section is None:
        return None
    return replace(
        pressed(section, key_in(section.api_key_env, services)),
        base_url=section.endpoint,
        model=section.served_as,
    )


def _keys(services: Services) -> dict[str, str]:
    """The keys that the workspace names; a version's tags can ask for no other variable."""
    workspace = services.workspace
    said = [section.api_key_env for section in workspace.models.values()]
    said += [section.api_key_env for section in workspace.endpoints.values()]
    names = {name for name in said if name is not None}
    found = {name: workspace.secret(name) for name in names}
    return {name: value for name, value in found.items() if value is not None}


def _file(version: Version, services: Services) -> Path | None:
    """What is asked where no endpoint is; a recorded file or packed model is fetched once.

    A folder of transformers is read where it lies. Digests are the client's work.
    """
    if version.tags.get("gate_source") == Source.LOCAL and "gate_folder" in version.tags:
        return services.workspace.root / version.tags["gate_folder"]
    if version.tags.get("gate_source") not in (Source.RECORDED, Source.PYFUNC):
        return None
    said = [version.uri, version.source, version.tags.get("gate_sha256", "")]
    folder = services.cache / sha256_of(said)
    found = next(folder.iterdir(), None) if folder.is_dir() else None
    try:
        return found or services.ledger.fetch_file(version, folder)
    except OSError as error:
        raise Broken(
            f"cannot keep a copy of what {version.uri} answers",
            why=mask_secrets(str(error)),
            fix="make the folder writable, or name another one: gate config show says which",
        ) from None
