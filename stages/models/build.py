"""From a version's tags to a client that asks it."""

from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import assert_never

from policies.errors import InputError, WrongUsage
from stages.models.client import ModelClient
from stages.models.folder_model import FolderModel
from stages.models.local_files import look_at
from stages.models.openai_compatible import OpenAICompatible
from stages.models.recorded import RecordedFormat, open_recorded
from stages.models.settings import EndpointSettings


class Source(StrEnum):
    """How a version answers: its tag `gate_source`."""

    ENDPOINT = "endpoint"
    RECORDED = "recorded"
    PYFUNC = "pyfunc"
    LOCAL = "local"
    """A folder of transformers on this machine."""
    EXTERNAL = "external"
    """Known by votes and traffic only."""


class Unclear(InputError):  # noqa: N818 - what the tags are
    """The tags of a version do not say how it answers: never said, or written over since."""


def client_for(
    tags: Mapping[str, str],
    *,
    version: str,
    endpoint: EndpointSettings | None = None,
    file: Path | None = None,
    api_keys: Mapping[str, str] | None = None,
) -> ModelClient | None:
    """A client for the checkpoint behind a version; None for one that cannot be asked.

    Args:
        tags: `gate_source` (without it a version answers at the workspace's endpoint), then
            `gate_base_url`, `gate_model_name` and `gate_api_key_env`; or `gate_format` and
            `gate_sha256`; or `gate_folder` and `gate_sha256`.
        version: The version's number, put in for `{version}` in address and model name.
        endpoint: The workspace's settings; its address and model serve where the tags say none.
        file: The recorded outputs, or the folder of a pyfunc or local model, on this machine.
        api_keys: Keys that versions may use, by the name of their environment variable. The
            workspace's own key never goes to an address that only a tag names.

    Raises:
        Unclear: When tags are missing, unknown or name no address.
        InputError: When tags do not fit the file, or a key is not there.
        WrongUsage: When the endpoint's address or settings cannot be used.
        Broken: When a pyfunc model cannot be loaded.
    """
    match _source(tags, version, endpoint):
        case Source.ENDPOINT:
            settings = endpoint or EndpointSettings()
            return _endpoint(tags, version, settings, api_keys or {})
        case Source.RECORDED:
            return _recorded(tags, version, file)
        case Source.PYFUNC:
            from stages.models.pyfunc import Pyfunc  # noqa: PLC0415 - draws MLflow in

            return Pyfunc(_demanded(file, version, "the folder of its pyfunc model"))
        case Source.LOCAL:
            return _local(tags, version, file, endpoint or EndpointSettings())
        case Source.EXTERNAL:
            return None
        case never:
            assert_never(never)


def _source(tags: Mapping[str, str], version: str, endpoint: EndpointSettings | None) -> Source:
    said = tags.get("gate_source")
    if said is None:
        if endpoint is not None and endpoint.base_url is not None:
            return Source.ENDPOINT
        raise _unclear(version, "it has no tag `gate_source`, and the workspace no endpoint for it")
    try:
        return Source(said)
    except ValueError:
        known = ", ".join(Source)
        raise _unclear(version, f"tag `gate_source` is `{said}`, not one of {known}") from None


def _resolved(
    tags: Mapping[str, str], version: str, settings: EndpointSettings, keys: Mapping[str, str]
) -> EndpointSettings:
    base_url = tags.get("gate_base_url", settings.base_url)
    model = tags.get("gate_model_name", settings.model)
    if base_url is None or model is None:
        missing = "gate_base_url" if base_url is None else "gate_model_name"
        raise _unclear(version, f"neither tag `{missing}` nor the workspace says it")
    return replace(
        settings,
        base_url=_filled(base_url, version),
        model=_filled(model, version),
        api_key=_api_key(tags, version, settings, keys),
    )


def _endpoint(
    tags: Mapping[str, str], version: str, settings: EndpointSettings, keys: Mapping[str, str]
) -> OpenAICompatible:
    try:
        return OpenAICompatible(_resolved(tags, version, settings, keys))
    except InputError:
        raise
    except WrongUsage as error:
        if "gate_base_url" not in tags:
            raise
        raise _unclear(version, f"tag `gate_base_url` names no address: {error.why}") from None


def _filled(template: str, version: str) -> str:
    filled = template.replace("{version}", version)
    if "{" in filled or "}" in filled:
        raise _unclear(version, f"`{template}` holds a placeholder other than {{version}}")
    return filled


def _api_key(
    tags: Mapping[str, str], version: str, settings: EndpointSettings, keys: Mapping[str, str]
) -> str | None:
    name = tags.get("gate_api_key_env")
    if name is None:
        own = tags.get("gate_base_url", settings.base_url) == settings.base_url
        return settings.api_key if own else None
    if not keys.get(name):
        raise InputError(
            f"cannot ask version {version}",
            why=f"its key is to come from the variable {name}, which is not set for it",
            fix=f"export {name}=..., and name it as `api_key_env` of an endpoint in gate.toml",
        )
    return keys[name]


def _recorded(tags: Mapping[str, str], version: str, file: Path | None) -> ModelClient:
    said = tags.get("gate_format", RecordedFormat.JSONL)
    if said not in tuple(RecordedFormat):
        known = ", ".join(RecordedFormat)
        raise _unclear(version, f"tag `gate_format` is `{said}`, not one of {known}")
    path = _demanded(file, version, "its file of recorded outputs")
    client = open_recorded(path, form=RecordedFormat(said))
    frozen, found = tags.get("gate_sha256"), client.identity["sha256"]
    if frozen is not None and frozen != found:
        raise InputError(
            f"cannot use the recorded outputs of version {version}",
            why=f"{path} has sha256 {str(found)[:12]}, tag `gate_sha256` says {frozen[:12]}",
            fix="restore the file, or register it as a new version",
        )
    return client


def _local(
    tags: Mapping[str, str], version: str, folder: Path | None, settings: EndpointSettings
) -> ModelClient:
    path = _demanded(folder, version, "its tag `gate_folder`")
    client = FolderModel(look_at(path), slots=settings.slots)
    frozen, found = tags.get("gate_sha256"), client.identity["sha256"]
    if frozen != found:
        raise InputError(
            f"cannot use the model of version {version}",
            why=f"the files in {path} have sha256 {str(found)[:12]}, tag `gate_sha256` says "
            f"{'nothing' if frozen is None else frozen[:12]}",
            fix="restore the folder, or register it as a new version",
        )
    return client


def _demanded(file: Path | None, version: str, what: str) -> Path:
    if file is None:
        raise _unclear(version, f"{what} is not there")
    return file


def _unclear(version: str, why: str) -> Unclear:
    return Unclear(
        f"cannot tell how version {version} answers",
        why=why,
        fix="gate register MODEL --endpoint URL --model-name NAME, --outputs FILE or --folder DIR",
    )
