"""Checkpoints behind an OpenAI-compatible endpoint (vLLM, TGI, llama.cpp, hosted services)."""

from collections.abc import Mapping
from dataclasses import replace

from policies.canonical import Json
from stages.evidence.items import Response
from stages.models.client import Request
from stages.models.completion import Unusable, read_completion
from stages.models.connection import Connection, Lack
from stages.models.settings import EndpointSettings


class OpenAICompatible:
    """Asks over HTTP, from as many threads as there are slots.

    What failed on the way is repeated (see `Connection`). A reply that is no answer (see
    `read_completion`) is asked for again `attempts` times.

    Args:
        settings: With `base_url` and `model`, without placeholders.
        extra: Fields of every request beside OpenAI's (vLLM's `chat_template_kwargs`); part of
            the identity.

    Raises:
        WrongUsage: When the address or the model is missing.
    """

    def __init__(
        self, settings: EndpointSettings, *, extra: Mapping[str, Json] | None = None
    ) -> None:
        self._settings = settings
        self._extra = extra or {}
        self._connection = Connection(settings)

    @property
    def identity(self) -> Mapping[str, Json]:
        """Address and model name, and what every request holds beside the question."""
        where = {
            "kind": "endpoint",
            "base_url": self._connection.base_url,
            "model": self._connection.model,
        }
        return {**where, "extra": dict(self._extra)} if self._extra else {**where}

    @property
    def settings(self) -> EndpointSettings:
        """How the endpoint is reached, for programs that ask it themselves; holds the key."""
        return self._settings

    @property
    def slots(self) -> int:
        """As set."""
        return self._settings.slots

    def answer(self, request: Request) -> Response:
        """The first usable reply.

        Raises:
            EndpointError: When the endpoint cannot be reached, refuses the key or does not know
                the model, or fails on after every retry.
            RequestRefused: When it refuses this request.
            ModelError: When it replies, but not with an answer.
        """
        return self._ask(request, cut_is_fine=False)

    def answer_in_part(self, request: Request) -> Response:
        """As `answer`, taking an answer that was cut at `max_tokens`."""
        return self._ask(request, cut_is_fine=True)

    def body(self, request: Request) -> Mapping[str, Json]:
        """What is sent for a request, model and all, by whichever way it is sent."""
        return {"model": self._connection.model, **self._fields(request)}

    def close(self) -> None:
        """Lets go of connections."""
        self._connection.close()

    def _fields(self, request: Request) -> Mapping[str, Json]:
        return {**_body(request), **self._extra}

    def _ask(self, request: Request, *, cut_is_fine: bool) -> Response:
        put = 0

        def read(data: bytes) -> Response | Unusable:
            nonlocal put
            put += 1
            return read_completion(data, cut_is_fine=cut_is_fine)

        said = self._connection.ask(
            "/chat/completions",
            self._fields(request),
            about=f"item {request.item.id}",
            read=read,
            lack=Lack(
                f"gave no answer to item {request.item.id}",
                "raise `max_tokens` in the plan's sampling, or look at the server's log",
            ),
        )
        return replace(said, calls=put)


def _body(request: Request) -> dict[str, Json]:
    body: dict[str, Json] = {
        "messages": list(request.item.messages),
        "temperature": request.sampling.temperature,
        "max_tokens": request.sampling.max_tokens,
    }
    if request.sampling.seed is not None:
        body["seed"] = request.sampling.seed
    if request.sampling.top_p is not None:
        body["top_p"] = request.sampling.top_p
    if request.item.tools:
        body["tools"] = list(request.item.tools)
    if request.response_format is not None:
        body["response_format"] = request.response_format
    return body
