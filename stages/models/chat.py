"""Chat models that a workspace names: behind an endpoint, or in a folder and run here."""

from collections.abc import Mapping

from policies.canonical import Json
from policies.errors import InputError
from stages.models.folder_model import FolderModel
from stages.models.local_files import look_at
from stages.models.openai_compatible import OpenAICompatible
from stages.models.settings import EndpointSettings

Chat = OpenAICompatible | FolderModel
"""Answers, in part where that is enough, and knows who it is without being asked."""


def chat_client(settings: EndpointSettings, *, extra: Mapping[str, Json] | None = None) -> Chat:
    """A client for a chat model; the caller closes it. Nothing is asked or loaded yet.

    Args:
        settings: With `base_url` and `model`, or with `folder`.
        extra: Fields of every request beside OpenAI's (vLLM's `chat_template_kwargs`).

    Raises:
        WrongUsage: When address or model is missing, or a folder holds no model that can be run.
    """
    if settings.folder is None:
        return OpenAICompatible(settings, extra=extra)
    template = _template(settings)
    return FolderModel(
        look_at(settings.folder, has_template=template is not None),
        slots=settings.slots,
        chat_template=template,
        extra=extra,
    )


def check_chat(settings: EndpointSettings) -> None:
    """Returns unless a folder holds no model that can be run; an endpoint is not asked.

    Raises:
        InputError: When it does not.
    """
    if settings.folder is not None:
        look_at(settings.folder, has_template=_template(settings) is not None)


def told(settings: EndpointSettings) -> Mapping[str, Json]:
    """What tells one chat model from another, without what it is asked with.

    Raises:
        WrongUsage: When a folder holds no model that can be run.
    """
    if settings.folder is None:
        return {"base_url": settings.base_url, "model": settings.model}
    return chat_client(settings).identity


def described(settings: EndpointSettings) -> str:
    """A chat model as records name it.

    Raises:
        WrongUsage: When a folder holds no model that can be run.
    """
    if settings.folder is None:
        return f"{settings.model} at {settings.base_url}"
    return f"{settings.folder.name} in a folder, sha256 {told(settings)['sha256']}"


def _template(settings: EndpointSettings) -> str | None:
    if settings.chat_template is None:
        return None
    try:
        return settings.chat_template.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            f"cannot read the chat template {settings.chat_template}",
            why=getattr(error, "strerror", None) or "it is not UTF-8",
            fix="correct `chat_template` of the endpoint in gate.toml",
        ) from None
