"""A connection to an OpenAI-compatible endpoint: posts, repeats, and says what went wrong."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal, TypeVar

from policies.canonical import Json
from policies.errors import WrongUsage
from stages.models.client import EmptyAnswer, EndpointError, ModelError, RequestRefused
from stages.models.completion import Unusable
from stages.models.rate_limit import RateLimit
from stages.models.settings import EndpointSettings

if TYPE_CHECKING:
    import ssl

    import openai

ValueT = TypeVar("ValueT")

_NO_KEY = "none"
"""Sent as bearer token where no key is set, as servers without keys expect some token."""

_SAID_AT_MOST = 300
"""Characters of a server's own words that an error repeats."""

_SERVER_ERRORS = 500
"""HTTP's first status of an error that is the server's own."""

_CHANCE_IDS = re.compile(
    r"\b(?:[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{16,}|(?:req|request|chatcmpl|trace)[-_]\w{6,})\b",
    re.IGNORECASE,
)
"""Identifiers that differ from call to call; a reason must not."""


@dataclass(frozen=True, slots=True)
class Lack:
    """What an endpoint that replies did not give, and what to do about it, for an error."""

    what: str
    fix: str


class Connection:
    """Posts over HTTP, from as many threads as there are slots.

    What failed on the way (no connection, timeout, 408, 409, 429, 5xx) is repeated by the `openai`
    library: exponential backoff with jitter, or what `retry-after` says.

    Args:
        settings: With `base_url` and `model`, without placeholders.

    Raises:
        WrongUsage: When the address or the model is missing.
    """

    def __init__(self, settings: EndpointSettings) -> None:
        if settings.folder is not None:
            raise WrongUsage(
                f"cannot ask the model in {settings.folder} over HTTP",
                why="what is wanted is a service, and a model that is run here only chats",
                fix=f"serve it (vllm serve {settings.folder}); write its `base_url` and `model`",
            )
        if settings.base_url is None or settings.model is None:
            missing = "address" if settings.base_url is None else "model name"
            raise WrongUsage(
                f"cannot ask an endpoint without {missing}",
                why="neither the version's tags nor the workspace say it",
                fix="gate register MODEL --endpoint URL --model-name NAME",
            )
        self.settings = settings
        self.base_url = settings.base_url
        self.model = settings.model
        self._client = _connect(settings, self.base_url)

    def post(self, path: str, body: Mapping[str, Json], *, about: str) -> bytes:
        """The body of a reply with a status of success, whatever it is.

        Args:
            path: After the base URL, e.g. `/chat/completions`.
            body: Without `model`, which is added.
            about: What is asked about, for errors: `item 7`.

        Raises:
            EndpointError: When the endpoint cannot be reached, refuses the key or does not know
                the model, or fails on after every retry.
            RequestRefused: When it does not take what was sent.
        """
        import httpx2  # noqa: PLC0415 - with openai, half a second

        sent = {"model": self.model, **body}
        return self.using(
            lambda client: client.post(path, cast_to=httpx2.Response, body=sent), about=about
        ).content

    def using(self, call: Callable[["openai.OpenAI"], ValueT], *, about: str) -> ValueT:
        """What a call of OpenAI's library returns, its errors being ours.

        Args:
            call: What to do with the library's client.
            about: What is asked about, for errors: `item 7`.

        Raises:
            EndpointError: As `post` says.
            RequestRefused: As `post` says.
        """
        import openai

        try:
            return call(self._client)
        except openai.APITimeoutError:
            raise self._down(
                f"no reply within {self.settings.timeout_seconds:g} s",
                "see whether the server is overloaded, or raise `timeout_seconds`",
            ) from None
        except openai.APIStatusError as error:
            raise self._refused(error, about) from None
        except openai.OpenAIError as error:
            cause = error.__cause__ or error
            raise self._down(
                f"{type(cause).__name__}: {cause}", "start the server, or correct its address"
            ) from None

    def ask(
        self,
        path: str,
        body: Mapping[str, Json],
        *,
        about: str,
        read: Callable[[bytes], ValueT | Unusable],
        lack: Lack,
    ) -> ValueT:
        """What a reply says, asking anew where it says nothing that can be used.

        Args:
            path: As `post` takes it.
            body: As `post` takes it.
            about: As `post` takes it.
            read: What the body of a reply says, or why it says nothing.
            lack: What to tell when every reply said nothing.

        Raises:
            EndpointError: As `post` says.
            RequestRefused: As `post` says.
            EmptyAnswer: When all that it ever replies is nothing.
            ModelError: When the endpoint replies, but never with what is read.
        """
        unusable = []
        for _ in range(self.settings.attempts):
            match read(self.post(path, body, about=about)):
                case Unusable() as lacking:
                    unusable.append(lacking)
                case said:
                    return said
        raise (EmptyAnswer if all(each.empty for each in unusable) else ModelError)(
            f"model {self.model} {lack.what}",
            why=f"{self.clean(unusable[-1].reason)} (asked {self.settings.attempts} times)",
            fix=lack.fix,
            calls=len(unusable),
        )

    def upload(
        self,
        lines: bytes,
        *,
        name: str,
        purpose: Literal["batch", "fine-tune"],
        strange: Callable[[str], ModelError],
    ) -> str:
        """Id of a file that the provider now holds.

        Args:
            lines: What is in it.
            name: What the provider is to call it.
            purpose: What it is for, as OpenAI names it.
            strange: What to raise when the reply is not OpenAI's, by what is wrong with it.

        Raises:
            ModelError: As `post` says, and `strange`.
        """
        file = self.using(
            lambda client: client.files.create(file=(name, lines), purpose=purpose),
            about=f"file {name}",
        )
        if not isinstance(getattr(file, "id", None), str):
            raise strange("a file that it took has no id")
        return file.id

    def clean(self, words: str) -> str:
        """A server's words on one line, without the key and without ids that differ each time."""
        if self.settings.api_key:
            words = words.replace(self.settings.api_key, "[key]")
        printable = "".join(c if c.isprintable() else " " for c in words)
        short = " ".join(_CHANCE_IDS.sub("[id]", printable).split())
        return short if len(short) <= _SAID_AT_MOST else f"{short[:_SAID_AT_MOST]}..."

    def close(self) -> None:
        """Lets go of connections."""
        self._client.close()

    def _refused(self, error: "openai.APIStatusError", about: str) -> ModelError:
        said = f"status {error.status_code}: {_words(error)}"
        match error.status_code:
            case 401 | 403:
                return self._down(
                    said, "set the key in the variable that `gate_api_key_env` (or gate.toml) names"
                )
            case 404:
                return self._down(
                    said, "correct the address (it ends in /v1) or the model name, then register it"
                )
            case 408 | 409 | 429:
                return self._down(said, "lower `slots` or set `requests_per_minute` in gate.toml")
            case code if code >= _SERVER_ERRORS:
                return self._down(said, "look at the server's log, then run the same command again")
            case _:
                return RequestRefused(
                    f"model {self.model} refused {about}",
                    why=self.clean(said),
                    fix="correct the item, or the plan's sampling",
                )

    def _down(self, why: str, fix: str) -> EndpointError:
        return EndpointError(
            f"model {self.model} at {self.base_url} does not answer",
            why=f"{self.clean(why)} (after {self.settings.retries} retries, where they help)",
            fix=fix,
        )


def _connect(settings: EndpointSettings, base_url: str) -> "openai.OpenAI":
    import openai

    hooks = {}
    if settings.requests_per_minute is not None:
        limit = RateLimit(settings.requests_per_minute)
        hooks["request"] = [lambda _: limit.wait()]  # counts the library's own retries too
    return openai.OpenAI(
        base_url=base_url,
        api_key=settings.api_key or _NO_KEY,
        timeout=settings.timeout_seconds,
        max_retries=settings.retries,
        http_client=openai.DefaultHttpx2Client(event_hooks=hooks, verify=_authorities()),
    )


@cache
def _authorities() -> "ssl.SSLContext":
    """Whose certificates are believed; read once, since that takes longer than many an answer."""
    import httpx2  # noqa: PLC0415 - with openai, half a second

    return httpx2.create_ssl_context()


def _words(error: "openai.APIStatusError") -> str:
    """What the server says went wrong."""
    match error.body:
        case {"message": str(message)}:
            return message
        case str(text) if text:
            return text
        case _:
            return error.response.reason_phrase or "no reason given"
